"""requested-by: stamps who asked. The API server knows; an annotation that the user could write would not."""

from playground.policies.write import REQUESTED_BY, REQUESTS, Object, Write, with_metadata


def mutate(write: Write) -> Object:
    """The Release as it is kept; by anybody but the controller."""
    new, old = write.annotations, write.old_annotations
    asks = any(key in new and new[key] != old.get(key) for key in REQUESTS)
    stamp = write.user if asks else old.get(REQUESTED_BY)
    unstamped = {key: value for key, value in new.items() if key != REQUESTED_BY}
    return with_metadata(write.object, "annotations", unstamped | ({REQUESTED_BY: stamp} if stamp is not None else {}))

"""ownership: what the controller writes to objects of others leaves no entry of its own in their managedFields."""

from playground.policies.write import Object, Write


def mutate(write: Write) -> Object:
    """The object as it is kept; by the controller, in the name of a field manager."""
    metadata, ours = write.object["metadata"], write.field_manager
    kept = [e for e in metadata.get("managedFields") or [] if e["manager"] != ours or e.get("subresource") == "status"]
    rest = {key: value for key, value in metadata.items() if key != "managedFields"}
    return {**write.object, "metadata": {**rest, **({"managedFields": kept} if kept else {})}}

"""pin: puts back the hash that pins a Service to one revision, as long as the owner's selector is otherwise the same.

It lets go when the selector is another one. It sees services/status too: that can change labels, and the pin stands in one.
"""

from collections.abc import Mapping

from playground.policies.write import HASH, PIN, Object, Write, spec, with_metadata, with_spec


def mutate(write: Write) -> Object:
    """The Service as it is kept; by anybody but the controller."""
    pinned, selector = write.old_labels.get(PIN), _selector(write.object)
    lets_go = write.breaks_glass and PIN not in write.labels
    if pinned is not None and _without_hash(selector) == _without_hash(_selector(write.old)) and not lets_go:
        kept = with_metadata(write.object, "labels", {**write.labels, PIN: pinned})
        return with_spec(kept, selector={**selector, HASH: pinned})
    free = with_metadata(write.object, "labels", {key: value for key, value in write.labels.items() if key != PIN})
    return with_spec(free, selector=_without_hash(selector) or None) if pinned is not None and HASH in selector else free


def _selector(service: Object | None) -> Mapping[str, str]:
    return spec(service).get("selector") or {}


def _without_hash(selector: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in selector.items() if key != HASH}

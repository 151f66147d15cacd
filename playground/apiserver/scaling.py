"""The scale subresource: the replicas of anything, as one small object of autoscaling/v1.

`Scale` is a view of its parent. Reading and writing it are pure here; keeping the parent is writing.py's.
"""

from typing import Any

from playground.apiserver import errors
from playground.apiserver.kinds import names
from playground.apiserver.objects import Object, copied
from playground.apiserver.resources import Resource, Scale


def scale_of(resource: Resource, parent: Object) -> Object:
    """The Scale of a Deployment, a ReplicaSet or a custom resource."""
    paths = resource.scale or Scale()
    meta, replicas = parent["metadata"], _at(parent, paths.replicas)
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Object = {"replicas": _at(parent, paths.observed) or 0}
    if selector := _text(_at(parent, paths.selector)):
        status["selector"] = selector
    return {
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in kept if key in meta},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }  # fmt: skip


def scaled(resource: Resource, parent: Object, scale: Object) -> Object:
    """A copy of the parent with the Scale's replicas, and its resourceVersion and uid if it has them. Raises ApiError (422)."""
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    name = parent["metadata"]["name"]
    if not isinstance(replicas, int) or replicas < 0:
        said = names.invalid("spec.replicas", replicas, "must be greater than or equal to 0")
        raise errors.invalid("Scale", "autoscaling", name, [said])
    new: Object = copied(parent)
    place: Any = new
    *way, last = (resource.scale or Scale()).replicas
    for part in way:
        place = place.setdefault(part, {})
    place[last] = replicas
    given = scale.get("metadata") or {}
    new["metadata"] |= {key: given.get(key, "") for key in ("resourceVersion", "uid")}
    return new


def _at(obj: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        obj = obj.get(part) if isinstance(obj, dict) else None
    return obj


def _text(selector: Any) -> str:
    """As labels.Selector writes itself: sorted by key."""
    if not isinstance(selector, dict):
        return selector or ""
    if not {"matchLabels", "matchExpressions"} & selector.keys():
        selector = {"matchLabels": selector}
    said = {key: f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()}
    for item in selector.get("matchExpressions") or ():
        key, values = item["key"], ",".join(sorted(item.get("values") or ()))
        said[key] = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}.get(
            item["operator"], f"!{key}"
        )
    return ",".join(said[key] for key in sorted(said))

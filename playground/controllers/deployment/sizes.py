"""How many pods each ReplicaSet of a Deployment may have. Pure arithmetic over objects; nothing is written here."""

from playground.apiserver.objects import Object
from playground.controllers.deployment import revisions
from playground.controllers.metadata import age


def size(found: Object) -> int:
    """`spec.replicas`, of a Deployment or a ReplicaSet."""
    return int(found["spec"].get("replicas", 1))


def counted(found: Object, field: str) -> int:
    """A count in the status: `replicas`, `availableReplicas`, …"""
    return int((found.get("status") or {}).get(field) or 0)


def total(sets: list[Object]) -> int:
    """The sum of `spec.replicas`."""
    return sum(size(found) for found in sets)


def is_rolling(deployment: Object) -> bool:
    """Its strategy is RollingUpdate."""
    return bool(deployment["spec"]["strategy"]["type"] == "RollingUpdate")


def resolved(value: int | str, whole: int, *, up: bool) -> int:
    """A number or a percentage of the whole, rounded up or down."""
    if isinstance(value, int):
        return value
    share = int(value.removesuffix("%")) * whole
    return -(-share // 100) if up else share // 100


def bounds(deployment: Object) -> tuple[int, int]:
    """(maxSurge, maxUnavailable) in pods. Both zero cannot move, so one pod may then be unavailable."""
    if not is_rolling(deployment):
        return 0, 0
    rolling, desired = deployment["spec"]["strategy"].get("rollingUpdate") or {}, size(deployment)
    surge = resolved(rolling.get("maxSurge", 0), desired, up=True)
    unavailable = resolved(rolling.get("maxUnavailable", 0), desired, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, desired)


def most(deployment: Object) -> int:
    """The most pods there may be at once: desired and surge."""
    return size(deployment) + bounds(deployment)[0]


def meant(deployment: Object) -> dict[str, str]:
    """The annotations of a ReplicaSet that was scaled: what the Deployment wanted, and the most it could have."""
    return {revisions.DESIRED: str(size(deployment)), revisions.MOST: str(most(deployment))}


def size_of_new(deployment: Object, others: int, present: int) -> int:
    """How many the new ReplicaSet should have next, when it has `present` and the others together `others`."""
    if not is_rolling(deployment):
        return size(deployment)
    room = most(deployment) - others - present
    return present if room <= 0 else present + min(room, size(deployment) - present)


def is_saturated(deployment: Object, new: Object | None) -> bool:
    """The new ReplicaSet has all pods, all are available, and its annotation says it was meant to have them all."""
    if new is None:
        return False
    intended = revisions.number(new, revisions.DESIRED)
    return size(new) == size(deployment) == intended == counted(new, "availableReplicas")


def proportional(deployment: Object, active: list[Object]) -> list[tuple[Object, int]]:
    """The sizes of the active ReplicaSets after `spec.replicas` changed in mid-rollout: what is added or taken is shared by
    size, largest first; of equal ones the newer gains first and the older loses first; the largest gets what is left over.
    """
    allowed = most(deployment) if size(deployment) > 0 else 0
    change = allowed - total(active)
    if change == 0:
        return [(found, size(found)) for found in active]
    ordered = _largest_first(active, newest=change > 0)
    parts: list[int] = []
    for found in ordered:
        rest = change - sum(parts)
        fraction = _fraction(deployment, found)
        parts.append(0 if rest == 0 else min(fraction, rest) if change > 0 else max(fraction, rest))
    sizes = [size(found) + part for found, part in zip(ordered, parts, strict=True)]
    sizes[0] = max(sizes[0] + change - sum(parts), 0)
    return list(zip(ordered, sizes, strict=True))


def _largest_first(active: list[Object], *, newest: bool) -> list[Object]:
    return sorted(sorted(active, key=age, reverse=newest), key=size, reverse=True)


def _fraction(deployment: Object, found: Object) -> int:
    """By how much this one would change if all changed in proportion to the Deployment."""
    if size(deployment) == 0:
        return -size(found)
    before = revisions.number(found, revisions.MOST) or counted(deployment, "replicas")
    if before == 0:
        return 0
    return int(size(found) * most(deployment) / before + 0.5) - size(found)

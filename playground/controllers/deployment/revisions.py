"""What the Deployment controller writes into annotations: revision numbers, their history, and the sizes it meant. Pure."""

import re

from playground.apiserver.objects import Object

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MOST = "deployment.kubernetes.io/max-replicas"
NOT_COPIED = frozenset({
    "kubectl.kubernetes.io/last-applied-configuration", REVISION, HISTORY, DESIRED, MOST, "deprecated.deployment.rollback.to",
})  # fmt: skip
LONGEST_HISTORY = 2000


def annotations(found: Object) -> dict[str, str]:
    """The annotations of an object, to read."""
    return found["metadata"].get("annotations") or {}


def number(found: Object, key: str) -> int | None:
    """A size kept in an annotation; None if it is not there or none."""
    text = annotations(found).get(key, "")
    return int(text) if re.fullmatch(r"[0-9]+", text) else None


def revision(found: Object) -> int:
    """The revision number, 0 without a readable one."""
    text = annotations(found).get(REVISION, "")
    return int(text) if re.fullmatch(r"[+-]?[0-9]+", text) else 0


def of_new(deployment: Object, new: Object, number: int) -> dict[str, str]:
    """The annotations the new ReplicaSet should have: the Deployment's copied, at least this revision number, and the numbers
    it had before. One whose number cannot be read is left as it is.
    """
    present = annotations(new)
    text = present.get(REVISION, "")
    if text and not re.fullmatch(r"[+-]?[0-9]+", text):
        return present
    wanted = present | {key: value for key, value in annotations(deployment).items() if key not in NOT_COPIED}
    if int(text or 0) < number:
        wanted[REVISION] = str(number)
        if REVISION in present:
            wanted[HISTORY] = _history(present.get(HISTORY, ""), text)
    return wanted


def _history(past: str, last: str) -> str:
    numbers = [*past.split(","), last] if past else [last]
    while len(",".join(numbers)) > LONGEST_HISTORY:
        numbers = numbers[1:]
    return ",".join(numbers)

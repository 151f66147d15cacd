"""hold-guard: refuses what would go past the hold, and names what to do instead.

Its first rule is what a person meets; the others speak only when hold is missing.
"""

from collections.abc import Iterator

from playground.policies import holding
from playground.policies.write import BREAK_GLASS, DRIVEN, HELD, PREFIX, RELEASE, Write, spec


def refusals(write: Write, hold: str) -> Iterator[str]:
    """Every reason to refuse; `hold` is the name of the policy that should have held."""
    bound = not write.ours and not holding.lets_go(write)
    subject, release = holding.subject(write), write.old_labels.get(RELEASE) or write.labels.get(RELEASE, "")
    annotate = f"kubectl annotate release {release} -n {write.namespace} {PREFIX}"
    because = write.annotations.get(BREAK_GLASS, "")
    if holding.lets_go(write) and (not because.strip() or because == write.old_annotations.get(BREAK_GLASS)):
        yield (
            f"To take {subject} out of the hands of Release {release} (break-glass), say why in the same request; it is kept "
            f"with your name: kubectl patch deployment {write.name} -n {write.namespace} -p "
            f'''\'{{"metadata":{{"labels":{{"{RELEASE}":null}},"annotations":{{"{BREAK_GLASS}":"<why>"}}}}}}\''''
        )
    # The hold has put paused back, so that `kubectl rollout resume` would do nothing, without a word.
    if bound and holding.held(write) and write.field_manager == "kubectl-rollout" and spec(write.object) == spec(write.old):
        yield (
            f"{subject} is held by Release {release}, which alone lets its new template out. "
            f"To see what it waits for: kubectl describe release {release} -n {write.namespace}"
            f". To go on: {annotate}promote=step (or promote=full). "
            f"To go back: {annotate}abort=true, or {annotate}revert=true for the old template."
        )
    if bound and holding.held(write) and not holding.paused(write):
        yield (
            f"{subject} is held by Release {release} and must stay paused. To go on: {annotate}promote=step (or promote=full)."
        )
    if not holding.lets_go(write) and holding.labelled(write) and holding.changed(write) and not holding.paused(write):
        yield (
            f"The new template of {subject} is not held, so it would go out ungated: the policy {hold}"
            " is missing or not yet loaded. Try again in a few seconds; "
            "if it stays so, see to it that the chart is installed in full."
        )
    if bound and not all(_may_be(write, key) for key in (RELEASE, HELD, DRIVEN)):
        yield (
            f"The labels {PREFIX}release, held and driven of {subject} belong to the release coordinator. "
            f"To take it out of its hands, delete the Release: kubectl delete release {release} -n {write.namespace}"
        )
    if bound and holding.driven(write) and write.changes("strategy"):
        yield (
            f"The strategy of {subject} cannot change while Release {release} is under way. "
            f"Change it when the release is over, or end it: {annotate}abort=true"
        )


def _may_be(write: Write, label: str) -> bool:
    if label in write.old_labels or label not in write.labels:
        return write.labels.get(label) == write.old_labels.get(label)
    return (holding.changed(write) and label == HELD) or (holding.hands_back(write) and label == RELEASE)

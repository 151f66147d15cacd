"""hold-notice: tells the user, as a warning, what became of a request that hold has changed. Refuses nothing."""

from collections.abc import Iterator

from playground.policies import holding
from playground.policies.write import KEPT_BACK, PREFIX, RELEASE, Write


def notices(write: Write) -> Iterator[str]:
    """What there is to tell."""
    if holding.lets_go(write):
        return
    release = write.labels.get(RELEASE, "")
    about = f"{holding.subject(write)} and Release {release}: "
    kept_back = _news(write).split("-")
    if holding.changed(write):
        yield (
            f"{about}the new template is held and goes out when the Release lets it. "
            f"To follow it: kubectl get release {release} -n {write.namespace} -w"
        )
    if "paused" in kept_back:
        yield (
            f"{about}spec.paused was kept true, because a new template is held. "
            f"To go on: kubectl annotate release {release} -n {write.namespace} {PREFIX}promote=step"
        )
    if "strategy" in kept_back:
        yield (
            f"{about}the change of spec.strategy was kept back, because a release is under way. "
            "Apply it again when the release is over."
        )


def _news(write: Write) -> str:
    """The notice of hold, if it is of this very write."""
    notice = write.labels.get(KEPT_BACK, "")
    return "" if notice == write.old_labels.get(KEPT_BACK) else notice

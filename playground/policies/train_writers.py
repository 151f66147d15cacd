"""train-writers: whoever writes a ReleaseTrain must himself be allowed to update what it acts on, and ask for what there is."""

from collections.abc import Iterator

from playground.policies.write import PREFIX, REQUESTED_BY, Write, asks

REQUESTS = tuple(PREFIX + key for key in ("rollback", "abort", "retry", "pause", "resume"))


def refusals(write: Write) -> Iterator[str]:
    """Requests that there are not, then every right that lacks."""
    for key in sorted(write.annotations.keys() - write.old_annotations.keys()):
        if key.startswith(PREFIX) and key not in (*REQUESTS, REQUESTED_BY):
            yield (
                f"Annotation {key} is no request of a train. There are rollback, abort, retry, pause and resume,"
                f" each behind {PREFIX}."
            )
    for lacking in ("releases.release-coordinator.io", "deployments.apps") if asks(write, REQUESTS) else ():
        if not write.may("update", lacking, ""):
            yield (
                f"User {write.user} may not write ReleaseTrain {write.namespace}/{write.name}: it acts on {lacking}"
                f" in namespace {write.namespace}, which needs the right to update. Ask for a role that has it, for example edit."
            )

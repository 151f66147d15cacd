"""pin-notice: tells the owner, as a warning, that a new selector has ended a pin. Refuses nothing."""

from collections.abc import Iterator

from playground.policies.write import PIN, Write


def notices(write: Write) -> Iterator[str]:
    """What there is to tell."""
    if PIN in write.old_labels and PIN not in write.labels:
        yield (
            f"Service {write.namespace}/{write.name} was pinned to revision {write.old_labels[PIN]}"
            " by a release under way. Its new selector is yours: the pin is gone, and the Service selects every revision."
        )

"""What the test kubelet is told at its start. Plain values only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Times are in seconds; back-offs double from the first to the longest (a real kubelet's: 10 and 300)."""

    server: str
    token: str
    certificate: Path
    key: Path
    folder: Path
    images: Mapping[str, Sequence[str]]
    keep_visible: Sequence[Path] = ()
    node: str = "node-1"
    node_address: str = "10.244.0.1"
    first_back_off: float = 1.0
    longest_back_off: float = 10.0

    def command(self, image: str) -> Sequence[str] | None:
        """What runs for this image; None if it cannot be pulled."""
        return self.images.get(image.rpartition("/")[2].partition("@")[0].partition(":")[0])

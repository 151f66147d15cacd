"""What lint says: a finding, with its place, its field and its remedy; and the resource that it is about.

Values only; how a verdict comes about stands elsewhere.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from controller.cli.manifests import Document, Path, Place, show

Object = dict[str, Any]


class Severity(StrEnum):
    """Error: it is refused, or never goes out. Warning: it does not do what its author may think. Hint: not looked at."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to tell. `path` is the field, `place` where it stands in the file."""

    file: str
    place: Place
    severity: Severity
    path: str
    message: str
    remedy: str = ""

    def as_json(self) -> Object:
        """For programs: line and column beside the rest."""
        return {"file": self.file, **asdict(self.place), "severity": str(self.severity), "path": self.path,
                "message": self.message, "remedy": self.remedy}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One object of a file; `root` is where it stands in its document (in the items of a List, or nowhere deeper)."""

    file: str
    document: Document
    root: Path
    value: Object

    @property
    def kind(self) -> str:
        """As the object says."""
        return str(self.value.get("kind"))

    @property
    def metadata(self) -> Object:
        """Empty where there is none that can be read."""
        found = self.value.get("metadata")
        return found if isinstance(found, dict) else {}

    @property
    def name(self) -> str:
        """Empty where there is none."""
        return str(self.metadata.get("name") or "")

    @property
    def namespace(self) -> str | None:
        """None where the manifest leaves it to `kubectl -n`."""
        found = self.metadata.get("namespace")
        return str(found) if found else None

    def finding(
        self, path: Path, message: str, remedy: str = "", severity: Severity = Severity.ERROR, place: Place | None = None
    ) -> Finding:
        """A finding about the value at this path of the object, told at another place if one is given."""
        full = (*self.root, *path)
        return Finding(file=self.file, place=place or self.document.place(full), severity=severity, path=show(full),
                       message=message, remedy=remedy)  # fmt: skip

"""What is judged: a change as far as it is known, and what was found out about it. Values only.

Whatever is None is not known; nobody may take it for good.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strategies.review.contracts import Compared
from strategies.review.difference import Difference
from strategies.review.versions import Bump, bump
from strategies.rollout.plan import PlannedStep
from strategies.spec.change import Change
from strategies.spec.release import ReleaseSpec, StrategyType
from strategies.spec.review import Risk
from strategies.spec.status import Past


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A change that is about to go out. `old` and `new` are pod templates, quantities normalised; `replicas` at least 1.

    `recreate`: the Deployment's own strategy is Recreate. `history`: the Release's former trials. `contracts`: each of those
    that are declared, compared. `unmirrored`: why users' requests cannot be mirrored; None also where that is not known.
    """

    name: str
    spec: ReleaseSpec
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    old_version: str | None
    new_version: str | None
    replicas: int
    recreate: bool
    services: tuple[str, ...] | None
    autoscaled: bool | None
    history: tuple[Past, ...] | None
    contracts: tuple[Compared, ...] | None = None
    unmirrored: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A subject with what was found out. `found` is None where the templates could not be compared; `breaking` is what those who
    use the old version would miss; `recommended` is what the table says, `strategy` what is taken.
    """

    subject: Subject
    found: tuple[Difference, ...] | None
    breaking: tuple[str, ...]
    risk: Risk
    recommended: StrategyType
    strategy: StrategyType
    steps: tuple[PlannedStep, ...]

    @property
    def change(self) -> Change | None:
        """What people declare."""
        return self.subject.spec.change

    @property
    def bump(self) -> Bump:
        """The step of the version."""
        return bump(self.subject.old_version, self.subject.new_version)

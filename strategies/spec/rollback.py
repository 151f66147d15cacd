"""The way back, as a Release's author wants it."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from strategies.spec.base import Duration, Model

AlertName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=500)]
NO_REHEARSAL = (
    "rollback.rehearse sends a small share of the users to the candidate and takes it back, which only a canary can: BlueGreen "
    "and Shadow give it none before all of them, and Rolling goes back only by starting pods; take rehearse out, or make "
    "strategy.type Canary or Auto"
)


class Warm(Model):
    """How long the old revision stays at capacity after promotion."""

    for_: Duration = Field(
        timedelta(minutes=5),
        alias="for",
        description="Length of the bake: the candidate has all traffic, the gates go on, and the way back is instant.",
    )


class Rollback(Model):
    """The way back."""

    plan: Sentence | None = Field(None, description="The rollback plan, in one sentence.")
    warm: Warm = Field(default_factory=Warm, description="The old revision after promotion.")
    rehearse: bool = Field(
        False,
        description="Before the first step, give the smallest share of the users to the candidate for as long as traffic.drain, "
        "and take it back. How long that took is recorded; a share that is not back within 5 minutes takes the release back. "
        "For Canary, and for Auto where it chooses Canary.",
    )
    on_alerts: tuple[AlertName, ...] = Field(
        (),
        max_length=20,
        description="Names of alerts that take the release back at once, when Alertmanager tells the receiver of one that began "
        "to fire in mid-release with the labels namespace and release of this Release.",
    )
    revert_template: bool = Field(
        False,
        description="After a rejection, write the stable template back into the Deployment instead of leaving it held.",
    )

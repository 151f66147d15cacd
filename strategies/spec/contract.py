"""The question whether the candidate still serves what stable promises: both are asked for their OpenAPI document.

Only pods of the Release's own Deployment are asked: a tenant chooses a port and a path, never an address.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from strategies.spec.base import Duration, Model, bounded, check_bounded, rules
from strategies.spec.change import Acceptance


class LiveContract(Model):
    """The OpenAPI 3 documents that a ready pod of stable and one of the candidate serve, compared by oasdiff."""

    path: Annotated[str, StringConstraints(max_length=1024, pattern=r"^/[^#\s]*$")] = Field(
        "/openapi.json", description="Where the pods serve it, by plain HTTP and without a password; JSON or YAML, at most 1 MiB."
    )
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        None, description="Port of the pods; by default the first one that their containers declare."
    )
    timeout: Duration = Field(timedelta(seconds=10), description="How long each pod's answer may take; between 1s and 1m.")
    accepted: tuple[Acceptance, ...] = Field(
        (),
        max_length=10,
        description="Breaks that somebody answers for; those of spec.change.contracts in OpenAPI are accepted here, too.",
    )

    model_config = ConfigDict(
        json_schema_extra=rules(
            bounded("timeout", "1m")
        )
    )  # fmt: skip

    @model_validator(mode="after")
    def _within_bounds(self) -> "LiveContract":
        check_bounded("timeout", self.timeout, "1m")
        return self

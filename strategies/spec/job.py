"""The question that a Job answers: a pod template of the user's, run once for each revision and step; its exit is the verdict.

What its end means is decided in strategies.rollout.jobs. Whether its pods may run is up to the namespace's Pod Security.
"""

import json
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, model_validator

from strategies.spec.base import Duration, Model, bounded, check_bounded, rules

LARGEST = 65536
"""Characters that a template may have as JSON."""


class OnTimeout(StrEnum):
    """What it means that the Job had not ended in time."""

    FAIL = "Fail"
    INCONCLUSIVE = "Inconclusive"


def _runnable(template: dict[str, Any]) -> dict[str, Any]:
    """What of a pod template must be so for our part in it; the rest is the API server's to judge."""
    spec = template.get("spec")
    containers = spec.get("containers") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(containers, list) or not containers:
        raise ValueError("template.spec.containers must name a container, as in a Job's spec.template")
    every = [*containers, *(spec.get("initContainers") or [])]
    if not all(isinstance(one, dict) and one.get("name") and one.get("image") for one in every):
        raise ValueError("each container of the template needs a name and an image")
    if not all(isinstance(one.get("env") or [], list) for one in every):
        raise ValueError("env of a container is a list")
    if spec.get("restartPolicy", "Never") not in ("Never", "OnFailure"):
        raise ValueError("template.spec.restartPolicy must be Never or OnFailure, or the Job would never end")
    if len(json.dumps(template)) > LARGEST:
        raise ValueError(f"the template is longer than {LARGEST} characters; put scripts into a ConfigMap or an image")
    return template


PodTemplate = Annotated[
    dict[str, Any],
    AfterValidator(_runnable),
    WithJsonSchema({"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
]


class MigrationJob(Model):
    """A Job in the Release's namespace that changes data. It is told by RELEASE_… variables for which release."""

    template: PodTemplate = Field(
        description="Pod template, as a Job's spec.template; restartPolicy is Never unless it says OnFailure. Its "
        "serviceAccountName is one of the Release's namespace. Every container gets RELEASE_NAMESPACE, RELEASE_NAME, "
        "RELEASE_VERSION, RELEASE_HASH (the value of the candidate's label pod-template-hash) and RELEASE_MIGRATION."
    )
    timeout: Duration = Field(timedelta(hours=1), description="How long it may take in all; between 1s and 24h.")
    retries: int = Field(0, ge=0, le=10, description="How many of its pods may fail before it has failed.")

    model_config = ConfigDict(json_schema_extra=rules(bounded("timeout", "24h")))

    @model_validator(mode="after")
    def _within_bounds(self) -> "MigrationJob":
        check_bounded("timeout", self.timeout, "24h")
        return self


class Job(Model):
    """A Job in the Release's namespace. It is told by RELEASE_… variables what is on trial."""

    template: PodTemplate = Field(
        description="Pod template, as a Job's spec.template; restartPolicy is Never unless it says OnFailure. Its "
        "serviceAccountName is one of the Release's namespace. Every container gets RELEASE_NAMESPACE, RELEASE_NAME, "
        "RELEASE_VERSION, RELEASE_HASH (the value of the candidate's label pod-template-hash), RELEASE_STEP (from 0), "
        "RELEASE_WEIGHT and, with a route, RELEASE_SERVICE, the Service of the candidate alone."
    )
    timeout: Duration = Field(timedelta(minutes=10), description="How long it may take in all; between 1s and 24h.")
    on_timeout: OnTimeout = Field(
        OnTimeout.INCONCLUSIVE, description="What it means that it took longer: Inconclusive waits for a person, Fail goes back."
    )
    retries: int = Field(0, ge=0, le=10, description="How many of its pods may fail before it has failed.")

    model_config = ConfigDict(json_schema_extra=rules(bounded("timeout", "24h")))

    @model_validator(mode="after")
    def _within_bounds(self) -> "Job":
        check_bounded("timeout", self.timeout, "24h")
        return self

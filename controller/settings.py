"""The controller's settings, from RELEASE_COORDINATOR_* variables: read and validated once, at the start."""

import json
import os
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from strategies.spec.receiver import Receiver
from strategies.spec.webhook import Allowed

PREFIX = "RELEASE_COORDINATOR_"
_NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"


class SettingsError(Exception):
    """A variable is wrong; the message names it and says what it may be."""


def _listed(text: object) -> object:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text


def _read(text: object) -> object:
    return json.loads(text or "[]") if isinstance(text, str) else text


class Settings(BaseModel):
    """What can be set. Every field is the variable of its name in capitals, with the prefix."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lease_namespace: str = Field(
        "", description="Namespace of the Lease and of MetricSources' Secrets; the pod's own by default."
    )
    lease_name: str = "release-coordinator"
    identity: str = ""
    watch_namespaces: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    hold_policy: str = "release-coordinator-hold"
    pin_policy: str = "release-coordinator-pin"
    policy_version: Literal["v1", "v1beta1"] = Field("v1", description="Version of MutatingAdmissionPolicy in this cluster.")
    log_format: Literal["json", "text"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    kubeconfig: str = ""
    webhooks: Annotated[tuple[Allowed, ...], BeforeValidator(_read)] = Field(
        (), description="Web servers that gates may be put to, as JSON: a list of url, secretName and namespaces."
    )
    notifications: Annotated[tuple[Receiver, ...], BeforeValidator(_read)] = Field(
        (), max_length=16, description="Who is told of releases, as JSON: a list of url, secretName and namespaces."
    )
    workers: int = Field(8, ge=1, le=64)
    bind: str = Field("0.0.0.0", description="Address of the ports that are served.")  # noqa: S104 (a pod's own address)
    health_port: int = Field(8081, ge=0, le=65535)
    alerts_port: int = Field(8082, ge=0, le=65535)
    alerts_token_file: str = Field("", description="File with the token that Alertmanager sends; none: nothing is received.")
    metrics_port: int = Field(8080, ge=0, le=65535)

    @property
    def namespace(self) -> str:
        """The controller's own namespace."""
        if self.lease_namespace:
            return self.lease_namespace
        try:
            with open(_NAMESPACE_FILE, encoding="ascii") as file:
                return file.read().strip()
        except OSError:
            return "default"


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises SettingsError for an unknown variable or a wrong value."""
    given = {k.removeprefix(PREFIX).lower(): v for k, v in environment.items() if k.startswith(PREFIX)}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + "_".join(map(str, first["loc"])).upper()
        raise SettingsError(f"{name}: {first['msg']} (got {first.get('input')!r})") from error

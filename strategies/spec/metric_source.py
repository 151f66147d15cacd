"""The spec of a MetricSource: an address that admins allow, and who may ask it. Tenants never choose an address."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from strategies.spec.base import Duration, LabelName, Model, Name, bounded, check_bounded, rule, rules

LabelValue = Annotated[str, StringConstraints(max_length=253)]
NamespacePattern = Annotated[str, StringConstraints(max_length=64, pattern=r"^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?(-?\*)?)$")]


class SecretKey(Model):
    """A key of a Secret in the controller's own namespace."""

    name: Name = Field(description="Name of the Secret, in the controller's namespace.")
    key: Annotated[str, StringConstraints(min_length=1, max_length=253)] = Field(description="Key in the Secret.")


class BasicAuth(Model):
    """User and password."""

    username: SecretKey = Field(description="Where the user name is.")
    password: SecretKey = Field(description="Where the password is.")


class Authentication(Model):
    """How we say who we are; one way at most."""

    bearer: SecretKey | None = Field(None, description="Bearer token from a Secret.")
    bearer_file: Annotated[str, StringConstraints(max_length=253, pattern=r"^/var/run/secrets/")] | None = Field(
        None, description="Bearer token from a file that is mounted into the controller, read for each query; under "
        "/var/run/secrets/."
    )  # fmt: skip
    basic: BasicAuth | None = Field(None, description="User and password from Secrets.")

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule("[has(self.bearer), has(self.bearerFile), has(self.basic)].filter(x, x).size() <= 1",
                 "choose one of bearer, bearerFile and basic")
        )
    )  # fmt: skip

    @model_validator(mode="after")
    def _one_way(self) -> "Authentication":
        if sum(way is not None for way in (self.bearer, self.bearer_file, self.basic)) > 1:
            raise ValueError("choose one of bearer, bearerFile and basic")
        return self


class TransportSecurity(Model):
    """TLS of the connection. Certificates are always verified."""

    authorities: SecretKey | None = Field(None, description="PEM of the authorities to trust instead of the public ones.")
    certificate: SecretKey | None = Field(None, description="PEM of our certificate followed by its key.")


class MetricSourceSpec(Model):
    """A Prometheus, or what speaks its query API."""

    address: Annotated[str, StringConstraints(max_length=512, pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$")] = Field(
        description="Address of the query API, for example http://prometheus.monitoring.svc:9090."
    )
    tls: TransportSecurity = Field(default_factory=TransportSecurity, description="TLS of the connection.")
    authentication: Authentication = Field(default_factory=Authentication, description="How we say who we are.")
    namespaces: tuple[NamespacePattern, ...] = Field(
        ("*",), min_length=1, max_length=64, description="Namespaces whose Releases may ask: names, prefixes as in team-*, or *."
    )
    labels: dict[LabelName, LabelValue] = Field(
        default_factory=dict,
        max_length=16,
        description="Matchers put into every selector of every query, by label; the value $namespace is the Release's.",
    )
    timeout: Duration = Field(timedelta(seconds=10), description="How long a query may take; at least 1s, at most 1m.")

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule("!has(self.labels) || self.labels.all(k, k.matches('^[a-zA-Z_][a-zA-Z0-9_]*$'))",
                 "labels are named by letters, digits and _, and do not begin with a digit"),
            bounded("timeout", "1m")
        )
    )  # fmt: skip

    @model_validator(mode="after")
    def _patience(self) -> "MetricSourceSpec":
        check_bounded("timeout", self.timeout, "1m")
        return self


def forced(labels: Mapping[str, str], namespace: str) -> dict[str, str]:
    """The labels that a source puts into every selector, for a Release of this namespace."""
    return {label: namespace if value == "$namespace" else value for label, value in labels.items()}


def allows(patterns: tuple[str, ...], namespace: str) -> bool:
    """Whether one of the patterns (a name, or a prefix followed by *) names this namespace."""
    return any(namespace.startswith(p[:-1]) if p.endswith("*") else p == namespace for p in patterns)

"""The question that is put to a web server: may the release go on? Whom it may be put to is up to the administrators."""

from datetime import timedelta
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from strategies.spec.base import Duration, Model, Name, bounded, check_bounded, rules
from strategies.spec.metric_source import NamespacePattern


class Allowed(Model):
    """A web server that the administrators allow, in the controller's settings."""

    url: Annotated[str, StringConstraints(max_length=512, pattern=r"^https?://[^/?#@\s]+/?$")] = Field(
        description="Scheme, host and, if it is not the scheme's own, port."
    )
    secret_name: Name = Field(
        description="Secret in the controller's namespace: `key` signs what is sent; `ca.crt`, if there, has the authorities to "
        "trust instead of the public ones."
    )
    namespaces: tuple[NamespacePattern, ...] = Field(
        ("*",), min_length=1, max_length=64, description="Namespaces whose Releases may use it, as of a MetricSource."
    )


class Webhook(Model):
    """A POST of what is on trial, signed; the answer is the verdict. Asked until it is Pass or Fail, once for each step."""

    url: Annotated[str, StringConstraints(max_length=1024, pattern=r"^https?://[^/?#@\s]+(/[^#\s]*)?$")] = Field(
        description="Where it is posted. Scheme, host and port must be among those that the administrators allow (the chart's "
        "value webhooks)."
    )
    timeout: Duration = Field(timedelta(seconds=10), description="How long an answer may take; between 1s and 1m.")
    interval: Duration = Field(
        timedelta(seconds=10), description="How long after the answer `wait` it is asked again; between 1s and 1h."
    )

    model_config = ConfigDict(
        json_schema_extra=rules(
            bounded("timeout", "1m"),
            bounded("interval", "1h"),
        )
    )  # fmt: skip

    @model_validator(mode="after")
    def _within_bounds(self) -> "Webhook":
        check_bounded("timeout", self.timeout, "1m")
        check_bounded("interval", self.interval, "1h")
        return self

"""Who is told of releases: web servers that the administrators name, never a tenant."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from strategies.spec.base import Model, Name
from strategies.spec.metric_source import NamespacePattern


class Form(StrEnum):
    """What a receiver takes."""

    CLOUD_EVENTS = "CloudEvents"
    APPRISE = "Apprise"


class Receiver(Model):
    """A web server that is told, in the controller's settings."""

    url: Annotated[str, StringConstraints(max_length=1024, pattern=r"^https?://[^/?#@\s]+(/[^#\s]*)?$")] = Field(
        description="Where each event is posted."
    )
    form: Form = Field(
        Form.CLOUD_EVENTS, description="A CloudEvent; or title, body and type, as a server of Apprise takes them at /notify/KEY."
    )
    secret_name: Name | None = Field(
        None,
        description="Secret in the controller's namespace: `key` signs what is sent; `ca.crt`, if there, has the authorities to "
        "trust instead of the public ones. Without it nothing is signed.",
    )
    namespaces: tuple[NamespacePattern, ...] = Field(
        ("*",), min_length=1, max_length=64, description="Namespaces of whose Releases it is told, as of a MetricSource."
    )

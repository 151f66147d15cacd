"""Who is told of releases by CloudEvents: web servers that the administrators name, never a tenant."""

from typing import Annotated

from pydantic import Field, StringConstraints

from strategies.spec.base import Model, Name
from strategies.spec.metric_source import NamespacePattern


class Receiver(Model):
    """A web server that takes CloudEvents, in the controller's settings."""

    url: Annotated[str, StringConstraints(max_length=1024, pattern=r"^https?://[^/?#@\s]+(/[^#\s]*)?$")] = Field(
        description="Where each event is posted."
    )
    secret_name: Name | None = Field(
        None,
        description="Secret in the controller's namespace: `key` signs what is sent; `ca.crt`, if there, has the authorities to "
        "trust instead of the public ones. Without it nothing is signed.",
    )
    namespaces: tuple[NamespacePattern, ...] = Field(
        ("*",), min_length=1, max_length=64, description="Namespaces of whose Releases it is told, as of a MetricSource."
    )

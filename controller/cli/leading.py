"""Whether a controller is there to act, as far as the user may see: by its Lease."""

from datetime import UTC, datetime, timedelta

from controller.cli import view
from controller.cli.answers import may_not
from controller.kube import lease, paths
from controller.kube.client import Client
from controller.kube.errors import ApiError, Forbidden, NotFound

_NAME = "release-coordinator"
_WHERE = f"`kubectl -n {_NAME} get pods`"
_SKEW = timedelta(seconds=30)
"""The times in a Lease are another machine's, whose clock may differ."""


def said(client: Client) -> str:
    """A sentence about the controller: that it leads and since when, or why nobody can tell."""
    path = paths.LEASES.path(_NAME, _NAME)
    try:
        record = lease.read(client.get(path))
    except NotFound:
        return f"There is no Lease {_NAME}/{_NAME}: no controller has ever led under this name. See {_WHERE}."
    except Forbidden as error:
        return f"Whether the controller runs cannot be seen: you may not {may_not(error)}. Ask whoever runs it."
    except ApiError as error:
        return f"Whether the controller runs cannot be seen: {error.message}"
    return _sentence(record, datetime.now(UTC))


def _sentence(record: lease.Record, now: datetime) -> str:
    if not record.holder:
        return f"No controller leads: its Lease was given back. See {_WHERE}."
    try:
        renewed = datetime.fromisoformat(record.renewed).astimezone(UTC)
    except ValueError:
        return f"Controller {record.holder} has never renewed its Lease. See {_WHERE}."
    since = view.age(renewed, now)
    if now - renewed > timedelta(seconds=record.duration) + _SKEW:
        return f"No controller leads: {record.holder} renewed its Lease {since} ago, for the last time. See {_WHERE}."
    return f"Controller {record.holder} leads; it renewed its Lease {since} ago."

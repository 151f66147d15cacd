"""Putting gates' questions to web servers: which may be asked, when, and when again. What they answer is judged elsewhere.

Only servers that the administrators name are asked, with the key of a Secret that they made: a tenant chooses a path at most.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.kube.errors import ApiError
from controller.metrics.pool import Queries
from controller.metrics.webhook import Hook, HookSettings, origin
from controller.reconcile.cluster import Cluster, Key
from controller.reconcile.credentials import SECRETS_MISSED, SECRETS_TRUSTED, Secrets
from controller.reconcile.memory import Memory
from controller.reconcile.putting import Question
from strategies.analysis.verdict import Unknown
from strategies.rollout import webhooks
from strategies.spec.metric_source import SecretKey, allows
from strategies.spec.status import Status
from strategies.spec.webhook import Allowed, Webhook
from strategies.world.observation import Told

KEY, AUTHORITIES = "key", "ca.crt"
_MOST = 256
"""So many servers are remembered at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    hook: Hook | str
    made: float


class Caller:
    """Asks for all Releases."""

    def __init__(
        self, cluster: Cluster, queries: Queries, secrets: Secrets, wake: Callable[[Key], None], allowed: tuple[Allowed, ...]
    ) -> None:
        self._queries, self._secrets, self._wake, self._clock = queries, secrets, wake, cluster.clock
        self._allowed = {origin(each.url): each for each in allowed}
        self._hooks: dict[tuple[str, timedelta], _Known] = {}

    def problem(self, asked: Webhook, namespace: str) -> str | None:
        """Why this server cannot be asked at all, with the remedy."""
        try:
            scheme, host, port = origin(asked.url)
        except ValueError as error:
            return str(error)
        allowed = self._allowed.get((scheme, host, port))
        if allowed is None:
            return (f"{scheme}://{host}:{port} is not among the web servers that gates may ask; whoever runs the coordinator can "
                    "add it to the chart's value webhooks.")  # fmt: skip
        if not allows(allowed.namespaces, namespace):
            return (f"{scheme}://{host}:{port} may not be asked by Releases of namespace {namespace}; whoever runs the "
                    "coordinator can add it to the namespaces of the chart's value webhooks.")  # fmt: skip
        hook = self._hook(asked, allowed)
        return hook if isinstance(hook, str) else None

    def ask(
        self, key: Key, gate: str, asked: Webhook, status: Status, memory: Memory, *, hurry: bool = False
    ) -> list[datetime]:  # fmt: skip
        """Ask if it is due, or if it waits and there is a `hurry`; when it is due again."""

        def send(heard: Callable[[Told | Unknown], None], now: datetime, _: int) -> None:
            problem = self.problem(asked, key[0])
            hook = self._hook(asked, self._allowed[origin(asked.url)]) if problem is None else problem
            if isinstance(hook, str):
                heard(Unknown(reason="WebhookUnusable", message=hook))
                return
            text = webhooks.document(gate, key[0], key[1], memory.uid, status)
            self._queries.call(f"webhook {'/'.join(map(str, origin(asked.url)))}", hook, text, now, heard, key[0])

        question = Question(key=key, gate=gate, status=status, memory=memory, waits=asked.interval)
        return question.put(self._clock, self._wake, send, hurry=hurry)

    def _hook(self, asked: Webhook, allowed: Allowed) -> Hook | str:
        at, now = (asked.url, asked.timeout), self._clock.steady()
        known = self._hooks.get(at)
        trusted = SECRETS_MISSED if known and isinstance(known.hook, str) else SECRETS_TRUSTED
        if known is None or now - known.made >= trusted:
            known = _Known(hook=self._made(asked, allowed), made=now)
            self._hooks = dict([*list(self._hooks.items())[1 - _MOST :], (at, known)])
        return known.hook

    def _made(self, asked: Webhook, allowed: Allowed) -> Hook | str:
        try:
            key = self._secrets.read(SecretKey(name=allowed.secret_name, key=KEY))
            settings = HookSettings(url=asked.url, key=key, authorities=self._authorities(allowed),
                                    seconds=asked.timeout.total_seconds())  # fmt: skip
            return Hook(settings)
        except (ApiError, LookupError, ValueError, OSError) as error:
            return f"The webhook {allowed.url} cannot be used: {error}."

    def _authorities(self, allowed: Allowed) -> str:
        try:
            return self._secrets.read(SecretKey(name=allowed.secret_name, key=AUTHORITIES))
        except LookupError:
            return ""  # The public ones.

"""Getting and listing: selectors, and pages of a list that stay those of one moment."""

import base64
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from playground.apiserver import conversion, errors, selectors
from playground.apiserver.calls import Call
from playground.apiserver.context import Context
from playground.apiserver.kinds import names
from playground.apiserver.objects import Object
from playground.apiserver.selectors import Question
from playground.apiserver.store import Collection, Stored

_SNAPSHOTS = 64
_NEWER = "NotOlderThan"
TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the "
    "continue parameter."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Part of a list, or all of it. `remaining` is None when nobody knows it."""

    items: Sequence[Stored]
    version: int
    after: str = ""
    remaining: int | None = None

    @property
    def metadata(self) -> Object:
        """The list's metadata."""
        more = {"continue": self.after} if self.after else {}
        rest = {} if self.remaining is None else {"remainingItemCount": self.remaining}
        return {"resourceVersion": str(self.version)} | more | rest


def question(call: Call, query: Mapping[str, str]) -> Question | None:
    """What labelSelector and fieldSelector ask of an object; None for nothing. Raises ApiError (400)."""
    labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
    name = call.name
    if not labels and not fields and not name:
        return None
    by_label, by_field = selectors.for_labels(labels), selectors.for_fields(fields, call.resource.rules.fields)
    shown = conversion.is_converted(call.resource)

    def asked(obj: Object) -> bool:
        seen = conversion.from_storage(call.resource, obj) if shown and fields else obj
        return (not name or obj["metadata"]["name"] == name) and by_label(obj) and by_field(seen)

    return asked


def check_options(query: Mapping[str, str], *, watch: bool) -> None:
    """What may not stand together in the query of a list or watch. Raises ApiError (422)."""
    match, initial, version = query.get("resourceVersionMatch", ""), "sendInitialEvents" in query, query.get("resourceVersion")
    known = [_NEWER] if watch else ["Exact", _NEWER, ""]
    said = {
        f"sendInitialEvents requires setting resourceVersionMatch to {_NEWER}": watch and initial and match != _NEWER,
        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided": watch and match and not initial,
        "resourceVersionMatch is forbidden unless resourceVersion is provided": not watch and match and not version,
        "resourceVersionMatch is forbidden when continue is provided": match and query.get("continue"),
    }
    causes = [names.forbidden("resourceVersionMatch", why) for why, wrong in said.items() if wrong]
    if match and match not in known:
        causes.append(names.unsupported("resourceVersionMatch", match, known))
    if match == "Exact" and version == "0" and not watch:
        why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        causes.append(names.forbidden("resourceVersionMatch", why))
    if initial and not watch:
        causes.append(names.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    if causes:
        raise errors.invalid("ListOptions", "meta.k8s.io", "", causes)


class Reader:
    """Returns stored versions, in the form in which they are kept."""

    def __init__(self, context: Context) -> None:
        self._context = context
        # Pages after the first, by token: what was left of the list then. Oldest out first.
        self._snapshots: OrderedDict[str, tuple[int, Sequence[Stored]]] = OrderedDict()
        self._tokens = 0

    def collection(self, call: Call) -> Collection:
        """Where the objects are."""
        return self._context.collection(call.resource)

    def get(self, call: Call) -> Stored:
        """Raises ApiError (404)."""
        stored = self.collection(call).get(call.key)
        if stored is None:
            raise errors.not_found(call.resource.name, call.name)
        return stored

    def all(self, call: Call) -> Sequence[Stored]:
        """Everything in the call's namespace, or everywhere; ordered."""
        return self.collection(call).within(call.namespace)

    def list(self, call: Call, query: Mapping[str, str]) -> Page:
        """A page, as selectors, limit, continue and resourceVersion ask for. Raises ApiError (400, 410, 504)."""
        check_options(query, watch=False)
        limit = _number(query, "limit")
        if token := query.get("continue", ""):
            version, items = self._rest(token)
        else:
            version, items = self._chosen(call, query)
        if not limit or len(items) <= limit:
            return Page(items=items, version=version)
        selected = bool(query.get("labelSelector") or query.get("fieldSelector"))
        after = self._keep(version, items[limit:])
        return Page(items=items[:limit], version=version, after=after, remaining=None if selected else len(items) - limit)

    def _chosen(self, call: Call, query: Mapping[str, str]) -> tuple[int, Sequence[Stored]]:
        present, asked = self._context.store.version, _number(query, "resourceVersion")
        if asked > present:
            raise errors.too_large_version(asked, present)
        if query.get("resourceVersionMatch") == "Exact" and asked != present:
            raise errors.expired(f"The resourceVersion for the provided list is too old. It is {present} now, not {asked}.")
        matches = question(call, query)
        items = self.all(call)
        return present, items if matches is None else [stored for stored in items if matches(stored.obj)]

    def _keep(self, version: int, items: Sequence[Stored]) -> str:
        self._tokens += 1
        token = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": f"{self._tokens}"}, separators=(",", ":"))
        after = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
        self._snapshots[after] = (version, items)
        if len(self._snapshots) > _SNAPSHOTS:
            self._snapshots.popitem(last=False)
        return after

    def _rest(self, token: str) -> tuple[int, Sequence[Stored]]:
        found = self._snapshots.get(token)
        if found is not None:
            return found
        try:
            json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        except ValueError as problem:
            raise errors.bad_request(f"invalid continue token: continue key is not valid: {problem}") from problem
        raise errors.expired(TOO_OLD)


def _number(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "")
    if text and not text.isdigit():
        raise errors.bad_request(f"{name}: Invalid value: {errors.quoted(text)}: must be a number")
    return int(text or 0)

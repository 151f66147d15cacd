"""Objects as rows of a table, which is what kubectl get asks for: built-in kinds by cells.py, custom ones by their columns.

What a cell says depends on the present moment (ages), so tables are made anew for each reader.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from playground.apiserver.objects import Object
from playground.apiserver.schema import jsonpath
from playground.apiserver.schema.ages import UNKNOWN, age
from playground.apiserver.schema.cells import COLUMNS

_META = "meta.k8s.io/v1"
_DEFAULT = "Name Created_At:date"
_AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
_DESCRIPTIONS = {"Name": "The name of the object.", "Age": "How long ago the object was created."}
_ACCEPTED = '.status.conditions[?(@.type=="%s")].status'
_GATEWAY_API: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "HTTPRoute": ({"name": "Hostnames", "type": "string", "jsonPath": ".spec.hostnames"}, _AGE),
    "Gateway": (
        {"name": "Class", "type": "string", "jsonPath": ".spec.gatewayClassName"},
        {"name": "Address", "type": "string", "jsonPath": ".status.addresses[*].value"},
        {"name": "Programmed", "type": "string", "jsonPath": _ACCEPTED % "Programmed"},
        _AGE,
    ),
    "GatewayClass": (
        {"name": "Controller", "type": "string", "jsonPath": ".spec.controllerName"},
        {"name": "Accepted", "type": "string", "jsonPath": _ACCEPTED % "Accepted"},
        _AGE,
        {"name": "Description", "type": "string", "jsonPath": ".spec.description", "priority": 1},
    ),
}


class Shown(Protocol):
    """What has to be known of a resource."""

    @property
    def kind(self) -> str:
        """Of its objects."""

    @property
    def custom(self) -> bool:
        """Whether a definition brought it."""

    @property
    def columns(self) -> Sequence[Mapping[str, Any]]:
        """Its additionalPrinterColumns."""


def table(resource: Shown, objects: Sequence[Object], metadata: Object, include: str, now: float) -> Object:
    """A Table. `include`: what of each object comes along: None, Metadata or Object. `now`: seconds since 1970."""
    columns = resource.columns if resource.custom else _GATEWAY_API.get(resource.kind, ())
    if resource.custom and not columns:
        columns = (_AGE,)
    if columns:
        definitions = [_definition("Name", "string"), *(_of_column(column) for column in columns)]
        rows = [[obj["metadata"].get("name"), *(_cell(obj, column, now) for column in columns)] for obj in objects]
    else:
        names, cells = COLUMNS.get(resource.kind, (_DEFAULT, None))
        definitions = [_read(name) for name in names.split()]
        rows = [list(cells(obj, now)) if cells else _plain(obj) for obj in objects]
    return {
        "kind": "Table",
        "apiVersion": _META,
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": [_row(cells, obj, include) for cells, obj in zip(rows, objects, strict=True)],
    }


def _plain(obj: Object) -> list[Any]:
    return [obj["metadata"].get("name"), obj["metadata"].get("creationTimestamp")]


def _row(cells: list[Any], obj: Object, include: str) -> Object:
    row: Object = {"cells": cells}
    phase = (obj.get("status") or {}).get("phase") if obj.get("kind") == "Pod" else None
    if phase in ("Succeeded", "Failed"):
        said = "The pod has completed successfully." if phase == "Succeeded" else "The pod failed."
        row["conditions"] = [{"type": "Completed", "status": "True", "reason": phase, "message": said}]
    if include == "None":
        return row | {"object": None}
    if include == "Object":
        return row | {"object": obj}
    return row | {"object": {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": obj["metadata"]}}


def _definition(name: str, kind: str, description: str = "", priority: int = 0) -> Object:
    said = description or _DESCRIPTIONS.get(name, "")
    return {"name": name, "type": kind, "format": "name" if name == "Name" else "", "description": said, "priority": priority}


def _read(text: str) -> Object:
    """A column as cells.py writes it."""
    name, _, kind = text.removeprefix("+").partition(":")
    return _definition(name.replace("_", " "), kind or "string", priority=int(text.startswith("+")))


def _of_column(column: Mapping[str, Any]) -> Object:
    made = _definition(column["name"], column["type"], column.get("description", ""), column.get("priority", 0))
    return made | {"format": column.get("format", "")}


def _cell(obj: Object, column: Mapping[str, Any], now: float) -> Any:
    found = jsonpath.found(obj, column["jsonPath"])
    if not found:
        return None
    value, kind = found[0], column["type"]
    if kind == "string":
        return jsonpath.shown(value)
    if kind == "date" and isinstance(value, str):
        try:
            return age(value, now)
        except ValueError:
            return "<invalid>"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind in ("integer", "number"):
        return None if not number else int(value) if kind == "integer" else value
    return value if kind == "boolean" and isinstance(value, bool) else UNKNOWN if kind == "date" else None

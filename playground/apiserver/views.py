"""How objects are shown: as they are, as metadata only, or as rows of a table for kubectl. What the Accept header asks for.

Objects as they are come from the store as bytes made once; the other views are made for each reader.
"""

from collections.abc import Callable, Mapping, Sequence

from pydantic_core import to_json

from playground.apiserver import conversion, errors
from playground.apiserver.objects import Object
from playground.apiserver.resources import Resource
from playground.apiserver.schema import tables
from playground.apiserver.store import Stored

_META = "meta.k8s.io/v1"


class View:
    """Objects as they are."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self._converted = conversion.is_converted(resource)
        self._beginning = to_json({"kind": resource.kind, "apiVersion": resource.api_version})[:-1] + b","

    def one(self, stored: Stored) -> bytes:
        """One object."""
        if self._converted:
            return to_json(conversion.from_storage(self.resource, stored.obj))
        return stored.encoded

    def loose(self, obj: Object) -> bytes:
        """An object that is not the store's: the answer to a dry run, or a last state."""
        return to_json(conversion.from_storage(self.resource, obj))

    def many(self, items: Sequence[Stored], metadata: Object) -> bytes:
        """A list."""
        head = {"kind": self.resource.lists, "apiVersion": self.resource.api_version, "metadata": metadata}
        bodies = map(self.one, items) if self.resource.custom else map(self._item, items)
        return to_json(head)[:-1] + b',"items":[' + b",".join(bodies) + b"]}"

    def _item(self, stored: Stored) -> bytes:
        """Items of built-in kinds come without their kind, which the list has."""
        body = self.one(stored)
        return b"{" + body[len(self._beginning) :] if body.startswith(self._beginning) else body

    def bookmark(self, metadata: Object) -> bytes:
        """What a watch's bookmark carries."""
        return to_json({"kind": self.resource.kind, "apiVersion": self.resource.api_version, "metadata": metadata})


class MetadataView(View):
    """PartialObjectMetadata."""

    def one(self, stored: Stored) -> bytes:
        """See View."""
        return self.loose(stored.obj)

    def loose(self, obj: Object) -> bytes:
        """See View."""
        return to_json(_metadata_of(obj))

    def many(self, items: Sequence[Stored], metadata: Object) -> bytes:
        """See View."""
        head = {"kind": "PartialObjectMetadataList", "apiVersion": _META, "metadata": metadata}
        return to_json(head | {"items": [_metadata_of(stored.obj) for stored in items]})

    def bookmark(self, metadata: Object) -> bytes:
        """See View."""
        return to_json({"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": metadata})


class TableView(View):
    """Rows for kubectl. `include`: what of the object comes with each row (None, Metadata or Object)."""

    def __init__(self, resource: Resource, include: str, now: Callable[[], float]) -> None:
        super().__init__(resource)
        self._include, self._now = include or "Metadata", now
        self._headed = False

    def one(self, stored: Stored) -> bytes:
        """See View."""
        return self.loose(stored.obj)

    def loose(self, obj: Object) -> bytes:
        """See View."""
        table = self._table([obj], {"resourceVersion": obj["metadata"].get("resourceVersion", "")})
        if self._headed:
            table["columnDefinitions"] = None  # A watch names its columns once.
        self._headed = True
        return to_json(table)

    def many(self, items: Sequence[Stored], metadata: Object) -> bytes:
        """See View."""
        return to_json(self._table([stored.obj for stored in items], metadata))

    def bookmark(self, metadata: Object) -> bytes:
        """See View."""
        return to_json({"kind": "Table", "apiVersion": _META, "metadata": metadata, "columnDefinitions": None, "rows": []})

    def _table(self, objects: Sequence[Object], metadata: Object) -> Object:
        shown = [conversion.from_storage(self.resource, obj) for obj in objects]
        return tables.table(self.resource, shown, metadata, self._include, self._now())


def _metadata_of(obj: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": obj["metadata"]}


def chosen(resource: Resource, headers: Mapping[str, str], query: Mapping[str, str], now: Callable[[], float]) -> View:
    """The first of the formats in the Accept header that there is. Raises ApiError (406)."""
    for wanted in headers.get("accept", "").split(",") or [""]:
        media, *parameters = (part.strip() for part in wanted.split(";"))
        given = dict(parameter.partition("=")[::2] for parameter in parameters)
        if media not in ("application/json", "application/*", "*/*", ""):
            continue
        if given.get("as") == "Table":
            return TableView(resource, query.get("includeObject", ""), now)
        if given.get("as", "").startswith("PartialObjectMetadata"):
            return MetadataView(resource)
        if "as" not in given:
            return View(resource)
    raise errors.not_acceptable(["application/json"])

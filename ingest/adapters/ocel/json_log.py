"""Reads OCEL as JSON: version 2.0, and version 1 with its `ocel:` names."""

from collections.abc import Iterator, Mapping
from typing import Any

from ingest.adapter import Aside, Content, Options
from ingest.adapters.flat import pairs_of
from ingest.adapters.json_document import document
from ingest.adapters.ocel.model import Event, Judged, Value, text_of
from ingest.errors import Unfit


class JsonLog:
    """An OCEL 2.0 document: lists of types, objects and events."""

    def __init__(self, content: Content, options: Options) -> None:
        self.name = content.name
        self.judged = Judged()
        self.types: dict[str, str] = {}
        self.aside: list[Aside] = []
        found = document(content, options)
        if not isinstance(found, dict):
            raise Unfit("format", f"{self.name} is no OCEL: its document is no object.")
        self.found: dict[str, Any] = found
        self.objects: dict[str, dict[str, Any]] = {}
        self._declare()
        for number, (key, entry) in enumerate(self._objects(), start=1):
            kind = text_of(entry.get(self.TYPE)) if isinstance(entry, dict) else None
            if not key or not kind:
                self.aside.append(
                    Aside(number, "an object without an id or a type", values={"object": entry})
                )
            elif key in self.types:
                reason = f"the object {key!r} occurs twice"
                self.aside.append(Aside(number, reason, values=entry, code="duplicate_key"))
            else:
                self.types[key] = kind
                self.objects[key] = entry
                self.judged.expect("object", kind)

    TYPE = "type"

    def _declare(self) -> None:
        for scope in ("event", "object"):
            for kind in _list(self.found.get(f"{scope}Types")):
                declared = {str(a.get("name")): str(a.get("type")) for a in _list(kind.get("attributes"))}
                self.judged.declared[(scope, str(kind.get("name")))] = declared

    def _objects(self) -> Iterator[tuple[str, Any]]:
        for entry in self._required("objects"):
            yield text_of(entry.get("id")) or "" if isinstance(entry, dict) else "", entry

    def _required(self, key: str) -> list[Any]:
        found = self.found.get(key)
        if not isinstance(found, list):
            raise Unfit("format", f"{self.name} is no OCEL 2.0: it has no list {key!r}.")
        return found

    def events(self) -> Iterator[Event]:
        """Each entry of `events`."""
        for number, entry in enumerate(self._required("events"), start=1):
            if not isinstance(entry, dict):
                yield Event(number, "", "", None, fault="no object")
                continue
            kind = text_of(entry.get("type")) or ""
            event = Event(number, text_of(entry.get("id")) or "", kind, text_of(entry.get("time")))
            for attribute in _list(entry.get("attributes")):
                name, value = str(attribute.get("name", "")), text_of(attribute.get("value"))
                if name in event.attributes:
                    event.fault = f"the attribute {name!r} occurs twice"
                event.attributes[name] = value
                self.judged.judge("event", kind, name, value)
            event.related = list(_related(entry))
            yield event

    def values(self, kind: str) -> Iterator[tuple[str, Value]]:
        """Each entry of `attributes` of the objects of one type."""
        for key, entry in self.objects.items():
            if self.types[key] == kind:
                for attribute in _list(entry.get("attributes")):
                    name, value = str(attribute.get("name", "")), text_of(attribute.get("value"))
                    self.judged.judge("object", kind, name, value)
                    yield key, Value(name, value, text_of(attribute.get("time")) or "")

    def links(self, kind: str) -> Iterator[tuple[str, str]]:
        """Each entry of `relationships` of the objects of one type."""
        for key, entry in self.objects.items():
            if self.types[key] == kind:
                yield from ((key, other) for other, _ in _related(entry))


class OldJsonLog(JsonLog):
    """An OCEL 1 document: objects and events by id."""

    TYPE = "ocel:type"

    def _declare(self) -> None:
        pass

    def _objects(self) -> Iterator[tuple[str, Any]]:
        return iter(pairs_of(self._by_id("ocel:objects")))

    def _by_id(self, key: str) -> dict[str, Any]:
        found = self.found.get(key)
        if not isinstance(found, dict):
            raise Unfit("format", f"{self.name} is no OCEL 1: it has no {key!r}.")
        return found

    def events(self) -> Iterator[Event]:
        """Each entry of `ocel:events`."""
        for number, (key, entry) in enumerate(pairs_of(self._by_id("ocel:events")), start=1):
            if not isinstance(entry, dict):
                yield Event(number, key, "", None, fault="no object")
                continue
            event = Event(
                number, key, text_of(entry.get("ocel:activity")) or "", text_of(entry.get("ocel:timestamp"))
            )
            event.attributes = {k: text_of(v) for k, v in _mapping(entry.get("ocel:vmap")).items()}
            roles = {
                str(pair.get("ocel:oid")): text_of(pair.get("ocel:qualifier")) or ""
                for pair in _list(entry.get("ocel:typedOmap"))
            }
            omap = entry.get("ocel:omap")
            listed = [text_of(key) or "" for key in omap] if isinstance(omap, list) else list(roles)
            event.related = [(key, roles.get(key, "")) for key in listed]
            yield event

    def values(self, kind: str) -> Iterator[tuple[str, Value]]:
        """Each entry of `ocel:ovmap` of the objects of one type."""
        for key, entry in self.objects.items():
            if self.types[key] == kind:
                for name, value in _mapping(entry.get("ocel:ovmap")).items():
                    yield key, Value(name, text_of(value))

    def links(self, kind: str) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """OCEL 1 has none."""
        return iter(())


def _list(value: Any) -> list[Any]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _related(entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for relation in _list(entry.get("relationships")):
        yield text_of(relation.get("objectId")) or "", text_of(relation.get("qualifier")) or ""

"""One operation of an OpenAPI document: what it takes, where each part goes, and what it answers."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import quote

import httpx

from home.contracts import Contract
from orchestrate.connectors.port import CallFailed
from orchestrate.contracts import JsonSchema
from orchestrate.core.plan_index import breach

Place = Literal["path", "query", "header", "cookie"]


class Parameter(Contract):
    """A value that goes beside the body."""

    name: str
    place: Place
    required: bool = False
    value: JsonSchema = {}
    """Its schema."""
    explode: bool = True
    deep: bool = False
    """Objects are written as `name[key]=value`."""


class Operation(Contract):
    """Self-contained: a published plan needs the document no more."""

    id: str
    method: str
    server: str
    path: str
    summary: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: JsonSchema | None = None
    body_required: bool = False
    answers: dict[str, JsonSchema] = {}
    """By status (`200`, `2XX`, `default`), for those below 400."""
    shared: dict[str, JsonSchema] = {}
    """What the schemas refer to as `#/$defs/…`."""
    document: str = ""
    """Title and version of the document."""
    sha256: str = ""
    """Of the document's bytes."""

    @property
    def input(self) -> JsonSchema:
        """What a step that calls it must be given."""
        properties = {p.name: p.value for p in self.parameters}
        required = [p.name for p in self.parameters if p.required]
        if self.body is not None:
            body = self._bare(self.body)
            if self._spread:
                inner = {k: v for k, v in body.get("properties", {}).items() if k not in properties}
                required += [k for k in body.get("required", ()) if k in inner and self.body_required]
                properties |= inner
            else:
                properties["body"] = self.body
                required += ["body"] * self.body_required
        return self._whole({"type": "object", "properties": properties, "required": required})

    @property
    def output(self) -> JsonSchema:
        """What it answers when it goes well: any of its answers below 300."""
        good = [schema for status, schema in self.answers.items() if status[0] == "2" and schema]
        good = good or [schema for status, schema in self.answers.items() if status == "default" and schema]
        if not good:
            return {}
        return self._whole(self._bare(good[0]) if len(good) == 1 else {"anyOf": good})

    def request(
        self, given: Mapping[str, Any], headers: Mapping[str, str], server: str | None
    ) -> httpx.Request:
        """The request for `given`; raises `CallFailed` for good where the operation does not take it."""
        problem = breach(self.input, given)
        if problem:
            raise CallFailed(f"the input breaks the contract of {self.id}: {problem}", retryable=False)
        path, query, own = self.path, list[tuple[str, Any]](), dict[str, str]()
        for parameter in self.parameters:
            if parameter.name not in given:
                continue
            value = given[parameter.name]
            match parameter.place:
                case "path":
                    path = path.replace("{" + parameter.name + "}", quote(_joined(value), safe=""))
                case "query":
                    query += _pairs(parameter, value)
                case "header":
                    own[parameter.name] = _one_line(_joined(value))
                case "cookie":
                    cookie = f"{parameter.name}={quote(_joined(value), safe='')}"
                    own["cookie"] = "; ".join(filter(None, (own.get("cookie"), cookie)))
        url = (server or self.server).rstrip("/") + path
        whole = {**own, **headers}
        body = self._body(given)
        asked = httpx.QueryParams(query) if query else None
        if body is None:
            return httpx.Request(self.method, url, headers=whole, params=asked)
        return httpx.Request(self.method, url, headers=whole, params=asked, json=body)

    def breach_of(self, status: int, output: Mapping[str, Any]) -> str | None:
        """What of an answer breaks the contract of its status."""
        for name in (str(status), f"{status // 100}XX", "default"):
            if name in self.answers:
                schema = self.answers[name]
                return breach(self._whole(schema), output) if schema else None
        known = ", ".join(sorted(self.answers)) or "none"
        return f"status {status} is not among those it declares ({known})"

    @property
    def _spread(self) -> bool:
        """Whether the fields of the body are fields of the step's input."""
        body = self._bare(self.body or {})
        return body.get("type") == "object" and bool(body.get("properties"))

    def _body(self, given: Mapping[str, Any]) -> Any:
        if self.body is None:
            return None
        if not self._spread:
            return given.get("body")
        beside = {p.name for p in self.parameters}
        known = self._bare(self.body).get("properties", {})
        return {name: value for name, value in given.items() if name in known and name not in beside}

    def _bare(self, schema: JsonSchema) -> JsonSchema:
        """A schema that is only a reference, as what it refers to."""
        for _ in range(10):
            ref = schema.get("$ref", "")
            if not ref.startswith("#/$defs/"):
                break
            schema = self.shared.get(ref.removeprefix("#/$defs/"), {})
        return schema

    def _whole(self, schema: JsonSchema) -> JsonSchema:
        used = dict(_used(schema, self.shared, set()))
        return {**schema, "$defs": used} if used else schema


def _used(schema: Any, shared: Mapping[str, JsonSchema], seen: set[str]) -> Iterator[tuple[str, JsonSchema]]:
    if isinstance(schema, dict):
        name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
        if name in shared and name not in seen:
            seen.add(name)
            yield name, shared[name]
            yield from _used(shared[name], shared, seen)
        for inner in schema.values():
            yield from _used(inner, shared, seen)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _used(inner, shared, seen)


def _pairs(parameter: Parameter, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict) and parameter.deep:
        return [(f"{parameter.name}[{name}]", _text(inner)) for name, inner in value.items()]
    if isinstance(value, dict) and parameter.explode:
        return [(name, _text(inner)) for name, inner in value.items()]
    if isinstance(value, list) and parameter.explode:
        return [(parameter.name, _text(inner)) for inner in value]
    return [(parameter.name, _joined(value))]


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_text, value))
    if isinstance(value, dict):
        return ",".join(f"{name},{_text(inner)}" for name, inner in value.items())
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _one_line(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise CallFailed("a value for a header has a line break or letters beyond ASCII", retryable=False)
    return text

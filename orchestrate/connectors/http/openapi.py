"""Operations of OpenAPI documents: each self-contained, with its contract in plain JSON Schema."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

from home.errors import unknown
from orchestrate.connectors.http.document import DEEPEST, BadDocument, Document
from orchestrate.connectors.http.operation import Operation, Parameter
from orchestrate.contracts import JsonSchema

DROPPED = ("example", "examples", "xml", "externalDocs", "discriminator")
PLAIN = ("enum", "const", "default", "required")
BY_NAME = ("properties", "patternProperties", "dependentSchemas", "$defs")


def operation_of(document: Document, wanted: str, server: str | None = None) -> Operation:
    """One operation, self-contained. Raises `NotFound` with the nearest ids, `BadDocument`."""
    known = {found[0]: found for found in document.operations()}
    if wanted not in known:
        raise unknown("operation", wanted, sorted(known), listing="baton catalogue")
    _, method, path, operation, item = known[wanted]
    schemas = _Schemas(document)
    body, required = _body(document, schemas, operation)
    try:
        found = Operation(
            id=wanted,
            method=method.upper(),
            server=server or _server(document, operation, item),
            path=path,
            summary=str(operation.get("summary") or operation.get("description") or "")[:500],
            parameters=tuple(_parameters(document, schemas, operation, item)),
            body=body,
            body_required=required,
            answers=dict(_answers(document, schemas, operation)),
            document=document.title,
            sha256=document.sha256,
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise BadDocument(f"{document.source}: operation {wanted!r} cannot be read.") from error
    missing = [p for p in _places(path) if p not in {x.name for x in found.parameters if x.place == "path"}]
    if missing:
        raise BadDocument(
            f"{document.source}: {wanted!r} does not declare its path parameter {missing[0]!r}."
        )
    return found.model_copy(update={"shared": schemas.shared})


class _Schemas:
    """Makes JSON Schema of OpenAPI's schemas; what they refer to is collected in `shared`."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._older = str(document.content["openapi"]).startswith("3.0")
        self.shared: dict[str, JsonSchema] = {}

    def of(self, value: Any, depth: int = 0) -> Any:
        if depth > DEEPEST:
            raise BadDocument(f"{self._document.source}: its schemas are nested too deep.")
        if isinstance(value, list):
            return [self.of(inner, depth + 1) for inner in value]
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("$ref"), str):
            return {"$ref": f"#/$defs/{self._share(value['$ref'], depth)}"}
        found = {k: self._part(k, v, depth + 1) for k, v in value.items() if k not in DROPPED}
        return _newer(found) if self._older else found

    def _part(self, keyword: str, value: Any, depth: int) -> Any:
        """The value of one keyword: a schema, schemas by name, or something that is no schema."""
        if keyword in PLAIN:
            return value
        if keyword in BY_NAME and isinstance(value, dict):
            return {name: self.of(inner, depth + 1) for name, inner in value.items()}
        return self.of(value, depth)

    def _share(self, ref: str, depth: int) -> str:
        name = "".join(
            c if c.isalnum() or c in "._-" else "_" for c in ref.rpartition("components/schemas/")[2]
        )
        if name not in self.shared:
            self.shared[name] = {}  # a schema may refer to itself
            self.shared[name] = self.of(self._document.at({"$ref": ref}), depth + 1)
        return name


def _newer(schema: JsonSchema) -> JsonSchema:
    """What OpenAPI 3.0 says differently from JSON Schema."""
    if schema.pop("nullable", False) is True:
        if isinstance(schema.get("type"), str):
            schema["type"] = [schema["type"], "null"]
        if "enum" in schema and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        said = schema.get(exclusive)
        if isinstance(said, bool):
            del schema[exclusive]
            if said and bound in schema:
                schema[exclusive] = schema.pop(bound)
    return schema


def _parameters(
    document: Document, schemas: _Schemas, operation: dict[str, Any], item: dict[str, Any]
) -> Iterator[Parameter]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for given in (*item.get("parameters", ()), *operation.get("parameters", ())):
        parameter = document.at(given)
        found[parameter["name"], parameter["in"]] = parameter
    for (name, place), parameter in found.items():
        if place == "header" and name.lower() in ("accept", "content-type", "authorization"):
            continue  # OpenAPI says that these are described elsewhere
        value = parameter.get("schema") or _json_of(parameter.get("content") or {})
        style = parameter.get("style", "form" if place in ("query", "cookie") else "simple")
        yield Parameter(
            name=name,
            place=place,
            required=place == "path" or bool(parameter.get("required")),
            value=schemas.of(value or {}),
            explode=bool(parameter.get("explode", style == "form")),
            deep=style == "deepObject",
        )


def _body(document: Document, schemas: _Schemas, operation: dict[str, Any]) -> tuple[JsonSchema | None, bool]:
    body = document.at(operation.get("requestBody"))
    if not body:
        return None, False
    content = body.get("content") or {}
    schema = _json_of(content)
    if schema is None:
        kinds = ", ".join(content) or "nothing"
        raise BadDocument(f"{document.source}: an operation takes {kinds}; only JSON is sent.")
    return schemas.of(schema), bool(body.get("required"))


def _answers(
    document: Document, schemas: _Schemas, operation: dict[str, Any]
) -> Iterator[tuple[str, JsonSchema]]:
    for status, given in (operation.get("responses") or {}).items():
        if str(status)[0] in "45":
            continue
        schema = schemas.of(_json_of(document.at(given).get("content") or {}) or {})
        bare = schemas.shared.get(schema.get("$ref", "").removeprefix("#/$defs/"), schema)
        if bare.get("type") not in (None, "object"):  # an answer that is no object becomes `result`
            schema = {"type": "object", "required": ["result"], "properties": {"result": schema}}
        yield str(status).upper().replace("DEFAULT", "default"), schema


def _json_of(content: dict[str, Any]) -> Any:
    kinds = [k for k in content if k.partition(";")[0].strip().endswith(("/json", "+json")) or k == "*/*"]
    return (content[kinds[0]].get("schema") or {}) if kinds else None


def _server(document: Document, operation: dict[str, Any], item: dict[str, Any]) -> str:
    servers = operation.get("servers") or item.get("servers") or document.content.get("servers") or []
    url = str(servers[0].get("url", "")) if servers else ""
    for name, variable in (servers[0].get("variables") or {}).items() if servers else ():
        url = url.replace("{" + name + "}", str(variable.get("default", "")))
    if document.source.startswith(("http://", "https://")):
        url = urljoin(document.source, url or "/")
    if not url.startswith(("http://", "https://")):
        raise BadDocument(
            f"{document.source} does not say where the service is.", hint="Say it: --set url=https://…"
        )
    return url


def _places(path: str) -> list[str]:
    from orchestrate.connectors.http.options import PLACE

    return PLACE.findall(path)

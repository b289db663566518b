"""OpenAPI operations: read when bound, the request built from them, the answer held to them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from home.context import Context
from home.errors import NotFound
from orchestrate.connectors.http.connector import HttpConnector
from orchestrate.connectors.http.document import BadDocument, read_document
from orchestrate.connectors.http.openapi import operation_of
from orchestrate.connectors.port import CallFailed
from orchestrate.contracts import Binding, Step
from orchestrate.core.plan_index import breach
from orchestrate.plans.bindings import settled_step

from .attempts import call, work

ORDERS = """
openapi: 3.0.3
info: {title: Orders, version: "2"}
servers: [{url: "https://{region}.example.org/v1", variables: {region: {default: eu}}}]
paths:
  /orders/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
    put:
      operationId: changeOrder
      summary: Change an order
      parameters:
        - {name: notify, in: query, schema: {type: boolean}}
        - {name: tag, in: query, schema: {type: array, items: {type: string}}}
        - {name: X-Team, in: header, schema: {type: string}}
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: "#/components/schemas/Change"}
      responses:
        200: {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Order"}}}}
        "404": {description: gone}
    get:
      operationId: findOrders
      responses:
        default:
          description: all
          content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Order"}}}}
components:
  schemas:
    Change:
      type: object
      required: [amount]
      properties:
        amount: {type: number, minimum: 0, exclusiveMinimum: true}
        note: {type: string, nullable: true, example: hello}
        example: {type: string}
    Order:
      type: object
      required: [id, state]
      properties:
        id: {type: string}
        state: {type: string, enum: [open, done]}
        parent: {$ref: "#/components/schemas/Order"}
"""


@pytest.fixture
def document(tmp_path: Path) -> str:
    file = tmp_path / "orders.yaml"
    file.write_text(ORDERS)
    return str(file)


def bound(context: Context, document: str, operation: str = "changeOrder", **more: Any) -> Step:
    binding = Binding(connector="http", settings={"openapi": document, "operation": operation, **more})
    return settled_step(context, Step(id="a", name="A", does="service", binding=binding))


def test_binding_fills_the_contracts_of_the_step(make_context: Callable[..., Context], document: str) -> None:
    step = bound(make_context(), document)
    assert step.input["required"] == ["id", "amount"]
    assert set(step.input["properties"]) == {"id", "notify", "tag", "X-Team", "amount", "note", "example"}
    assert breach(step.input, {"id": "1", "amount": 5, "note": None}) is None
    assert "0" in (breach(step.input, {"id": "1", "amount": 0}) or "")
    assert breach(step.output, {"id": "1", "state": "open", "parent": {"id": "0", "state": "done"}}) is None
    assert breach(step.output, {"id": "1", "state": "open", "parent": {"id": "0"}}) is not None
    assert step.binding is not None
    contract = step.binding.settings["contract"]
    assert (contract["server"], contract["method"]) == ("https://eu.example.org/v1", "PUT")
    Path(document).unlink()
    assert settled_step(make_context(), step) == step  # the version needs the document no more


def test_contracts_that_a_plan_states_itself_stay(
    make_context: Callable[..., Context], document: str
) -> None:
    own = {"type": "object", "required": ["mine"]}
    binding = Binding(connector="http", settings={"openapi": document, "operation": "changeOrder"})
    step = settled_step(make_context(), Step(id="a", name="A", input=own, binding=binding))
    assert step.input == own
    assert step.output["required"] == ["id", "state"]


def test_the_request_is_what_the_operation_says(
    make_context: Callable[..., Context], document: str, service: Any
) -> None:
    step = bound(make_context(), document, url=f"{service.url}/v1")
    assert step.binding is not None
    service.answers["/v1/orders/a%2Fb"] = (200, {"id": "1", "state": "open"})
    given = {
        "id": "a/b",
        "notify": True,
        "tag": ["x", "y z"],
        "X-Team": "t",
        "amount": 5,
        "note": "n",
        "more": 1,
    }
    output = call(HttpConnector(make_context()), work(given=given, step=step, **step.binding.settings))
    seen = service.seen[-1]
    assert output == {"id": "1", "state": "open"}
    assert (seen["method"], seen["path"]) == ("PUT", "/v1/orders/a%2Fb?notify=true&tag=x&tag=y+z")
    assert seen["headers"]["x-team"] == "t"
    assert json.loads(seen["body"]) == {"amount": 5, "note": "n"}


def test_what_breaks_the_contract_is_not_sent_and_not_taken(
    make_context: Callable[..., Context], document: str, service: Any
) -> None:
    step = bound(make_context(), document, url=f"{service.url}/v2").model_copy(update={"output": {}})
    assert step.binding is not None
    connector, before = HttpConnector(make_context()), len(service.seen)
    for wrong in ({"id": "1"}, {"id": "1", "amount": -1}, {"id": "1", "amount": 1, "X-Team": "a\r\nb"}):
        with pytest.raises(CallFailed) as failed:
            call(connector, work(given=wrong, step=step, **step.binding.settings))
        assert not failed.value.can_retry
    assert len(service.seen) == before
    service.answers["/v2/orders/1"] = (200, {"id": "1", "state": "lost"})
    with pytest.raises(CallFailed, match="breaks the contract of changeOrder: state: 'lost'"):
        call(connector, work(given={"id": "1", "amount": 1}, step=step, **step.binding.settings))
    service.answers["/v2/orders/1"] = (201, {"id": "1", "state": "open"})
    with pytest.raises(CallFailed, match="status 201 is not among"):
        call(connector, work(given={"id": "1", "amount": 1}, step=step, **step.binding.settings))


def test_an_answer_that_is_a_list_becomes_the_result(
    make_context: Callable[..., Context], document: str, service: Any
) -> None:
    step = bound(make_context(), document, "findOrders", url=f"{service.url}/v3")
    assert step.binding is not None
    service.answers["/v3/orders/7"] = (200, [{"id": "1", "state": "open"}])
    output = call(HttpConnector(make_context()), work(given={"id": "7"}, step=step, **step.binding.settings))
    assert output == {"result": [{"id": "1", "state": "open"}]}
    assert breach(step.output, output) is None


def test_a_document_is_fetched_through_the_same_guard(
    make_context: Callable[..., Context], service: Any
) -> None:
    service.answers["/api/openapi.json"] = (
        200,
        {"openapi": "3.1.0", "paths": {"/ping": {"post": {"operationId": "ping", "responses": {"200": {}}}}}},
    )
    step = bound(make_context(), f"{service.url}/api/openapi.json", "ping")
    assert step.binding is not None
    assert step.binding.settings["contract"]["server"] == f"{service.url}/"
    with pytest.raises(Exception, match="private or local"):
        bound(make_context(http_allow=()), f"{service.url}/api/openapi.json", "ping")


def test_an_operation_that_is_not_there_is_refused_with_the_nearest(document: str) -> None:
    with pytest.raises(NotFound, match="No operation called 'chnageOrder'") as refused:
        operation_of(read_document(document, ()), "chnageOrder")
    assert "'changeOrder'" in refused.value.hint


HEAD = "openapi: 3.0.0\nservers: [{url: 'https://x'}]\n"


@pytest.mark.parametrize(
    "text",
    [
        "swagger: '2.0'",
        "not: [well",
        "a: &x [1]\nb: *x",
        "[]",
        "\xff\xfe",
        HEAD + "paths: {/a: {get: {operationId: a, parameters: [{$ref: '#/nowhere'}]}}}",
        HEAD + "paths: {/a: {get: {operationId: a, parameters: [{$ref: 'x.yaml#/b'}]}}}",
        HEAD + "paths: {/a: {$ref: '#/paths/~1a'}}",
        HEAD + "paths: {'/{id}': {get: {operationId: a, responses: {}}}}",
        HEAD + "paths: {/a: {get: {operationId: a, parameters: [1], responses: {}}}}",
        "openapi: 3.0.0\npaths: {/a: {get: {operationId: a, responses: {}}}}",
    ],
)
def test_a_document_that_cannot_be_followed_is_refused_in_words(tmp_path: Path, text: str) -> None:
    file = tmp_path / "odd.yaml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadDocument):
        operation_of(read_document(str(file), ()), "a")

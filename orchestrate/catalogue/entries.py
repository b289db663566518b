"""The entries of the catalogue: everything a step can be made of, described in the same words."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from home.context import Context
from home.errors import BatonError
from orchestrate.catalogue.entry import Entry
from orchestrate.contracts import JsonSchema, Plan, Step
from orchestrate.plans.bind import steps_of


def entries(context: Context) -> list[Entry]:
    """Everything, connectors first; what cannot be read is left out, and said by whoever reads it."""
    return [
        *_connectors(),
        *_operations(context),
        *_models(context),
        *_plans(context),
        *_components(context),
    ]


def _connectors() -> Iterator[Entry]:
    from orchestrate.connectors.options import meanings
    from orchestrate.connectors.registry import find_connector, installed

    for name in installed():
        found: Any = find_connector(name)
        yield Entry(
            kind="connector",
            name=name,
            purpose=found.about.purpose,
            verbs=list(found.about.verbs),
            inputs=list(meanings(found.options)),
            systems=list(found.about.systems),
            idempotent=found.about.idempotent,
            cost=found.about.cost,
            use=f"baton bind PLAN STEP {name}",
        )


def _operations(context: Context) -> Iterator[Entry]:
    """Of the documents that `[apis.NAME]` of baton.toml names, and of bound steps."""
    from orchestrate.connectors.http.apis import apis_of
    from orchestrate.connectors.http.document import read_document
    from orchestrate.connectors.http.openapi import operation_of
    from orchestrate.connectors.http.operation import Operation

    seen: set[tuple[str, str]] = set()
    for api, source in apis_of(context.home).items():
        try:
            document = read_document(source, context.settings.http_allow)
            known = [found[0] for found in document.operations()]
        except BatonError:
            continue
        for name in known:
            try:
                operation = operation_of(document, name, "https://unknown")
            except BatonError:
                continue
            seen.add((operation.document, operation.id))
            yield _operation(operation, api, api)
    for plan in _newest(context):
        for step in steps_of(plan.body):
            contract = step.binding.settings.get("contract") if step.binding is not None else None
            if contract:
                operation = Operation.model_validate(contract)
                if (operation.document, operation.id) not in seen:
                    seen.add((operation.document, operation.id))
                    source = str(step.binding.settings["openapi"]) if step.binding is not None else ""
                    yield _operation(operation, source, operation.document)


def _operation(operation: Any, source: str, system: str) -> Entry:
    safe = operation.method in ("GET", "HEAD", "PUT", "DELETE")
    return Entry(
        kind="operation",
        name=operation.id,
        purpose=operation.summary or f"{operation.method} {operation.path}",
        verbs=[operation.method.lower(), *(part for part in operation.path.split("/") if part.isalpha())],
        inputs=_fields(operation.input),
        outputs=_fields(operation.output),
        systems=[system],
        idempotent="by its method" if safe else "if the service honours the idempotency key",
        cost="one request",
        use=f"baton bind PLAN STEP http --set openapi={source} --set operation={operation.id}",
    )


def _models(context: Context) -> Iterator[Entry]:
    from orchestrate.models.known import models_of

    try:
        known = models_of(context.home)
    except BatonError:
        return
    for model in known.values():
        yield Entry(
            kind="model",
            name=model.name,
            purpose=model.purpose or f"A model behind {model.connector}.",
            verbs=["score", "classify", "predict"],
            systems=[model.connector],
            idempotent="a score is kept per visit",
            cost="one call of the model",
            use=f"baton bind PLAN STEP model --set model={model.name}",
        )


def _plans(context: Context) -> Iterator[Entry]:
    for plan in _newest(context):
        yield _plan("plan", plan, f"does: plan, plan: {plan.name}")


def _components(context: Context) -> Iterator[Entry]:
    published = {plan.name for plan in _newest(context)}
    for name, plan in components().items():
        if name not in published:
            yield _plan("component", plan, f"baton component add {name}")


def _plan(kind: str, plan: Plan, use: str) -> Entry:
    steps = list(steps_of(plan.body))
    people = any(step.binding is None and step.does in ("human", "manual") for step in steps)
    return Entry(
        kind=kind,
        name=plan.name,
        purpose=plan.purpose or ", ".join(step.name for step in steps[:6]),
        verbs=[step.name for step in steps[:12]],
        inputs=_fields(plan.input),
        outputs=sorted({field for step in steps for field in (*_fields(step.output), *_outcome(step))}),
        systems=sorted({system for step in steps if (system := _system(step))}),
        idempotent="a run is started once per visit",
        cost=f"{len(steps)} steps" + (", with people" if people else ""),
        use=use,
    )


def _system(step: Step) -> str | None:
    return step.system or (step.binding.connector if step.binding is not None else None)


def _outcome(step: Step) -> tuple[str, ...]:
    return ("outcome",) if step.outcomes else ()


def _fields(schema: JsonSchema) -> list[str]:
    needed = schema.get("required", ())
    return [f"{name}*" if name in needed else name for name in schema.get("properties", {})]


def _newest(context: Context) -> list[Plan]:
    sql = "select v.content from plan p join plan_version v on v.plan = p.name and v.version = p.latest"
    rows = context.state.rows(f"{sql} order by p.name")
    return [Plan.model_validate_json(row["content"]) for row in rows]


def components() -> dict[str, Plan]:
    """The plans that come with Baton, by name."""
    from orchestrate.plans.plan_file import parse_plan

    found = {}
    for file in sorted(files("orchestrate.components").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".yaml"):
            plan = parse_plan(file.read_text(encoding="utf-8"), file.name)
            found[plan.name] = plan
    return found

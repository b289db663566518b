"""The form for a trigger: what it waits for, which run it starts, and a look at that before it is added."""

from typing import Any, get_args

import streamlit as st
from pydantic import ValidationError

from dashboard.cached import actor, now
from dashboard.parts import address, trigger_card
from dashboard.parts.chrome import show_error
from dashboard.parts.plain import literal
from home.errors import BatonError, UsageError
from orchestrate.contracts import Priority

KINDS = {
    "cron": ":material/schedule: Schedule",
    "webhook": ":material/webhook: Webhook",
    "broker": ":material/sensors: Event",
    "rows": ":material/table_rows: New rows",
    "after": ":material/flag: End of a run",
}
ABOUT = {
    "cron": "At set times on the clock of a zone. A time the clock skips in spring comes when it jumps; one "
    "that comes twice in autumn, the first time.",
    "webhook": "On a signed request (Standard Webhooks) to the address `/api/hooks/NAME`. The secret is only "
    "referred to: `env:NAME` or `file:PATH`; `baton trigger secret` makes one.",
    "broker": "On CloudEvents of a queue of RabbitMQ or a topic of Kafka that fit the patterns.",
    "rows": "On rows that are new in a named source, a database, a service or a file.",
    "after": "When a run of a plan has ended.",
}
MISSED = {"one": "one run for all", "all": "a run for each", "none": "no run"}
ENDS = {"done": "is done", "cancelled": "is cancelled", "any": "ends"}
EVERY = {"30s": "30 seconds", "1m": "minute", "15m": "15 minutes", "1h": "hour"}
FAILED = "triggers:failed"


def show(plans: list[str], known: list[str]) -> None:
    """The form. What is shown before adding is what `--dry-run` answers."""
    kind = (
        st.segmented_control("It waits for", list(KINDS), default="cron", format_func=KINDS.__getitem__)
        or "cron"
    )
    plan = st.selectbox("Starts a run of", plans, width=420)
    st.caption(ABOUT[kind])
    failed = st.session_state.pop(FAILED, None)
    if failed is not None:
        show_error(failed)
    with st.form(f"trigger:{kind}", border=True):
        name = st.text_input("Name", placeholder="monday-report", width=420)
        asked: dict[str, Any] = {"name": name, "plan": plan, **_OF[kind](plans)}
        fields = _fields(str(plan))
        with st.expander("What the run is started with", expanded=bool(fields)):
            asked |= _run(fields)
        with st.container(horizontal=True):
            looked = st.form_submit_button("Preview", icon=":material/visibility:")
            added = st.form_submit_button("Add", type="primary", icon=":material/add:")
    if looked or added:
        _send(_told(asked), known, store=added)


def _cron(_: list[str]) -> dict[str, Any]:
    row = st.columns([2, 2, 2, 1])
    return {
        "cron": row[0].text_input(
            "When", placeholder="0 9 * * mon-fri", help="Minute, hour, day, month, weekday."
        ),
        "tz": row[1].text_input("Clock of", value="UTC", help="An IANA zone, such as Europe/Paris."),
        "missed": row[2].selectbox("For what was missed", list(MISSED), format_func=MISSED.__getitem__),
        "jitter": row[3].text_input(
            "Up to later", placeholder="5m", help="Spreads the load of many triggers."
        ),
    }


def _webhook(_: list[str]) -> dict[str, Any]:
    row = st.columns([3, 3, 1])
    secrets = [
        row[0].text_input("Secret", placeholder="env:SHOP_SECRET"),
        row[1].text_input(
            "Second secret", placeholder="file:/run/secrets/shop", help="While one replaces the other."
        ),
    ]
    tolerance = row[2].text_input("Tolerance", placeholder="5m", help="How old or early a request may be.")
    return {"webhook": True, "secret": [s.strip() for s in secrets if s.strip()], "tolerance": tolerance}


def _broker(_: list[str]) -> dict[str, Any]:
    row = st.columns([3, 2])
    asked = {
        "broker": row[0].text_input(
            "Broker", placeholder="env:BROKER", help="amqp://… or kafka://…, by reference."
        ),
        "queue": row[1].text_input("Queue or topic", help="Where the address does not name it."),
    }
    row = st.columns(3)
    asked["type"] = row[0].text_input("Type", placeholder="com.example.order.*")
    asked["source"] = row[1].text_input("Source", placeholder="/shop/*")
    asked["subject"] = row[2].text_input("Subject", placeholder="*")
    return asked


def _rows(_: list[str]) -> dict[str, Any]:
    row = st.columns([3, 2, 2])
    asked: dict[str, Any] = {
        "rows": row[0].text_input(
            "Source", placeholder="erp, or env:ERP_URL", help="A named source, or an address."
        ),
        "table": row[1].text_input("Table", placeholder="orders"),
        "cursor": row[2].text_input("New rows are told by", placeholder="id", help="Column that only grows."),
    }
    row = st.columns([3, 2, 2], vertical_alignment="bottom")
    asked["query"] = row[0].text_input("or query", placeholder="select … from …", help="Read-only, always.")
    asked["every"] = row[1].selectbox("Looked at every", list(EVERY), index=1, format_func=EVERY.__getitem__)
    asked["existing"] = row[2].checkbox("Rows that are there already too")
    return asked


def _after(plans: list[str]) -> dict[str, Any]:
    row = st.columns(2)
    return {
        "after": row[0].selectbox("When a run of", plans),
        "outcome": row[1].selectbox("ends so", list(ENDS), format_func=ENDS.__getitem__),
    }


_OF = {"cron": _cron, "webhook": _webhook, "broker": _broker, "rows": _rows, "after": _after}


def _fields(plan: str) -> dict[str, bool]:
    """The fields of a plan's input, those first that it needs, and whether it does."""
    schema = now("published", plan=plan).plan.input
    needed = set(schema.get("required", ()))
    return {
        name: name in needed for name in sorted(schema.get("properties", {}), key=lambda n: n not in needed)
    }


def _run(fields: dict[str, bool]) -> dict[str, Any]:
    """The run's data, key and condition, each an expression."""
    st.caption(
        "CEL expressions over `data` (what came in) and `event` (`event.id`, `event.at`, `event.date` …), "
        "such as `data.total`. Where no field is given, the data is what came in."
    )
    columns = st.columns(3)
    given = {}
    for number, (name, needed) in enumerate(fields.items()):
        label = f"{literal(name)}{' (needed)' if needed else ''}"
        given[name] = columns[number % 3].text_input(
            label, key=f"trigger:set:{name}", placeholder=f"data.{name}"
        )
    more = st.text_area(
        "More fields" if fields else "Fields",
        placeholder="day = event.date\nwho = data.customer.name",
        height=80,
        help="One on a line: FIELD = EXPRESSION.",
    )
    row = st.columns(4)
    key = row[0].text_input(
        "Business key", placeholder="data.id", help="One run per key, however often it comes."
    )
    when = row[1].text_input("Only when", placeholder="data.total > 100.0")
    most = row[2].number_input(
        "Under way at most", min_value=1, value=1000, help="Further events and rows wait."
    )
    priority = row[3].selectbox(
        "Priority", list(get_args(Priority)), index=None, placeholder="The plan's", help="Of its runs."
    )
    lines = [line for line in more.splitlines() if line.strip()]
    rules = [f"{name}={rule.strip()}" for name, rule in given.items() if rule.strip()]
    return {
        "set": [*rules, *lines], "key": key, "when": when, "most_open": int(most), "priority": priority
    }  # fmt: skip


def _told(asked: dict[str, Any]) -> dict[str, Any]:
    """What was filled in; an empty field says nothing."""
    stripped = {name: value.strip() if isinstance(value, str) else value for name, value in asked.items()}
    return {name: value for name, value in stripped.items() if value not in ("", [], None, False)}


def _send(asked: dict[str, Any], known: list[str], *, store: bool) -> None:
    try:
        if not asked.get("name"):
            raise UsageError("The trigger has no name yet.", hint="Small letters, digits, . _ and -.")
        found = now("trigger add", **asked, by=actor(), dry_run=not store or None)
    except ValidationError as error:
        first = error.errors()[0]
        said = f"{'.'.join(map(str, first['loc']))}: {first['msg'].removeprefix('Value error, ')}."
        _fail(UsageError(said, hint="See the help beside the field."))
        return
    except BatonError as error:
        _fail(error)
        return
    if store:
        trigger_card.say(f"{found.trigger.trigger} starts {found.trigger.plan}: {found.trigger.occasion}.")
        address.put("trigger", found.trigger.trigger)
        st.rerun()
    _preview(found, known)


def _preview(found: Any, known: list[str]) -> None:
    with st.container(border=True):
        row = found.trigger
        waits = literal(row.occasion, longest=200)
        st.markdown(f"**{literal(row.trigger)}** would start {literal(row.plan)}: {waits}")
        if row.trigger in known:
            st.caption("There is a trigger of this name already.")
        for moment in found.next:
            st.text(f"{moment:%a %Y-%m-%d %H:%M} UTC")


def _fail(error: BatonError) -> None:
    st.session_state[FAILED] = error
    st.rerun()

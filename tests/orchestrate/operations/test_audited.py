"""Every command that changes anything leaves a row in the audit; no command escapes the question."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from home.context import Context, Stores
from home.contracts import Request, Response
from home.errors import Refused
from home.registry import Command, load
from home.settings import Configuration, Settings
from orchestrate.engine.statements import on_sqlalchemy, raise_alert
from orchestrate.plans.versions import Verdict, add_version
from orchestrate.records import audited
from orchestrate.records.audit import VerifyRequest, verify
from orchestrate.records.audit_list import AuditListRequest, audit_list

from .plans import approval, plan_of

REGISTRY = load()
ORDERS = "case_id,activity,timestamp,resource\n" + "".join(
    f"{case},{activity},2026-01-{day:02}T0{hour}:00:00Z,grace\n"
    for case in range(1, 13)
    for day, (hour, activity) in zip(range(1, 4), enumerate(("Enter", "Check", "Pay")), strict=True)
)
READS = {
    *(
        "inspect",
        "source list",
        "source show",
        "logs",
        "quality",
        "quarantine",
        "dead-letters list",
        "adapters",
    ),
    *("recipes", "map", "variants", "cases", "case", "filter list", "discover", "performance", "spectrum"),
    *("rework", "handovers", "workload", "tokens", "waiting", "drift", "findings", "difference", "chaos"),
    *("predict", "explain", "control", "candidates", "assess", "conformance", "plan", "check", "backtest"),
    *("export", "simulate", "moves", "plans", "published", "kpis", "runs", "show", "tasks", "attachment"),
    *("connectors", "trigger list", "trigger show", "trigger test", "person list", "notifications"),
    *(
        "model list",
        "model show",
        "audit list",
        "audit verify",
        "audit head",
        "doctor",
        "config",
        "systems",
        "alerts",
        "catalogue",
    ),
    *("serve", "worker", "restore"),  # these take over the terminal, or make a new home
}


class Home:
    """A home with a log and a plan whose runs wait for people."""

    def __init__(self, context: Context) -> None:
        self.context, self._names = context, count()
        self.file = context.home / "orders.csv"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(ORDERS)
        self.do("ingest", source=str(self.file), log="orders")
        for login in ("ada", "bob"):
            self.do("person add", login=login, role=("clerk",))
        with context.state.transaction() as connection:
            add_version(
                connection, plan_of(approval()), Verdict("no history"), at=context.clock.now(), by="ada"
            )

    def do(self, command: str, **fields: Any) -> Any:
        found = REGISTRY.get(command)
        return audited.run(found, self.context, found.request(**fields))

    def new(self, command: str, **fields: Any) -> str:
        """Do what makes something with a name, and give the name."""
        name = f"n{next(self._names)}"
        self.do(command, name=name, **fields)
        return name

    def log(self) -> str:
        name = f"log{next(self._names)}"
        self.do("ingest", source=str(self.file), log=name)
        return name

    def source(self) -> str:
        return self.new("source add", source=str(self.file), log="orders")

    def trigger(self) -> str:
        return self.new("trigger add", plan="orders", cron="0 9 * * mon")

    def saved(self) -> str:
        return self.new("filter save", log="orders", where='contains("Check")')

    def person(self) -> str:
        login = f"p{next(self._names)}"
        self.do("person add", login=login)
        return login

    def run(self) -> str:
        return str(self.do("start", plan="orders", data="{}").run)

    def task(self) -> str:
        return f"{self.run()}.1"

    def paused(self) -> str:
        run = self.run()
        self.do("pause", run=(run,))
        return run

    def claimed(self) -> str:
        task = self.task()
        self.do("claim", task=task, by="ada")
        return task

    def alert(self) -> str:
        run = self.run()
        with self.context.state.transaction() as connection:
            raise_alert(on_sqlalchemy(connection), run, "late", 0, "it is late", 0.0)
        return f"{run}/late//0"

    def rows(self) -> list[str]:
        return [row["action"] for row in self.context.state.rows("select action from audit order by seq")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    settings = Settings(home=tmp_path_factory.mktemp("audited") / "home")
    stores = Stores(settings)
    yield Home(Context(Configuration(settings, {}), stores, actor="ada"))
    stores.close()


WAYS: dict[str, Callable[[Home], Any]] = {
    "ingest": lambda h: h.log(),
    "source add": lambda h: h.source(),
    "source remove": lambda h: h.do("source remove", name=h.source()),
    "pull": lambda h: h.do("pull", name=h.source()),
    "shape": lambda h: h.do("shape", log="orders", rename=("Pay=Settle",)),
    "drop": lambda h: h.do("drop", log=h.log()),
    "filter save": lambda h: h.saved(),
    "filter remove": lambda h: h.do("filter remove", log="orders", name=h.saved()),
    "trigger add": lambda h: h.trigger(),
    "trigger pause": lambda h: h.do("trigger pause", name=h.trigger()),
    "trigger resume": lambda h: h.do("trigger resume", name=paused(h)),
    "trigger remove": lambda h: h.do("trigger remove", name=h.trigger()),
    "trigger fire": lambda h: h.do("trigger fire", name=h.trigger()),
    "person add": lambda h: h.person(),
    "person set": lambda h: h.do("person set", login=h.person(), role=("clerk",)),
    "person remove": lambda h: h.do("person remove", login=h.person()),
    "start": lambda h: h.run(),
    "cancel": lambda h: h.do("cancel", run=h.run()),
    "pause": lambda h: h.do("pause", run=(h.run(),)),
    "resume": lambda h: h.do("resume", run=(h.paused(),)),
    "reschedule": lambda h: h.do("reschedule", run=(h.task(),), due="2027-01-01"),
    "claim": lambda h: h.claimed(),
    "unclaim": lambda h: h.do("unclaim", task=h.claimed(), by="ada"),
    "delegate": lambda h: h.do("delegate", task=h.task(), to="bob", by="ada"),
    "comment": lambda h: h.do("comment", task=h.task(), remark="called", by="ada"),
    "due": lambda h: h.do("due", task=h.task(), at="2027-01-01", by="ada"),
    "attach": lambda h: h.do("attach", task=h.task(), file=str(h.file), by="ada"),
    "decide": lambda h: h.do("decide", task=h.task(), outcome="approved", by="ada"),
    "decide-many": lambda h: h.do("decide-many", task=(h.task(),), outcome="approved", by="ada"),
    "alerts settle": lambda h: h.do("alerts settle", alert=(h.alert(),), by="ada"),
    "sandbox": lambda h: h.do("sandbox", plan="orders", cases=3),
    "backup": lambda h: h.do("backup", folder=h.context.home.parent / "backup"),
    "forget": lambda h: h.do("forget", person="grace"),
}
"""How each command that changes something is asked to."""
ELSEWHERE = {
    # They take long or need much; they run through the same door as all others.
    *(
        "publish",
        "bind",
        "demo",
        "sample",
        "override",
        "trigger secret",
        "model reset",
        "migrate",
        "retry",
        "component add",
    ),
    *("dead-letters retry", "dead-letters discard", "release", "systems reset", "retention"),
}


def paused(home: Home) -> str:
    name = home.trigger()
    home.do("trigger pause", name=name)
    return name


def test_every_command_is_known_to_read_only_or_is_shown_to_leave_a_row() -> None:
    for name in (command.name for command in REGISTRY):
        known = (name in READS) + (name in WAYS) + (name in ELSEWHERE)
        assert known == 1, (
            f"{name!r}: does it change anything? If so, add how to ask it to WAYS; if not, add it to READS."
        )


@pytest.mark.parametrize("name", WAYS)
def test_a_command_that_changes_something_leaves_a_row(home: Home, name: str) -> None:
    before = len(home.rows())
    WAYS[name](home)
    assert len(home.rows()) > before
    assert verify(home.context, VerifyRequest()).ok


@pytest.mark.parametrize("command", ["logs", "map", "variants", "quality", "tasks", "audit list"])
def test_a_command_that_only_reads_leaves_none(home: Home, command: str) -> None:
    before = home.rows()
    home.do(command, **({"log": "orders"} if command in ("map", "variants", "quality") else {}))
    assert home.rows() == before


def test_a_command_that_nobody_knows_leaves_a_row_too(home: Home) -> None:
    """The rule does not depend on anybody's care: here is one that was written without a thought of it."""
    command = Command("careless", f"{__name__}:careless", "Changes something.", stores=frozenset({"state"}))
    object.__setattr__(command, "function", careless)
    audited.run(command, home.context, Careless(name="x", password="hunter2"))
    (row,) = home.context.state.rows("select * from audit where action = 'careless'")
    assert json.loads(row["detail"])["asked"] == {"name": "x", "password": "***"}
    with pytest.raises(Refused):
        audited.run(command, home.context, Careless(name="refuse"))
    rows = home.context.state.rows("select * from audit where action = 'careless' order by seq")
    assert json.loads(rows[-1]["detail"])["failed"] == "refused"


class Careless(Request):
    name: str
    password: str = ""


def careless(context: Context, request: Careless) -> Response:
    context.state.execute("update run set plan = plan")
    if request.name == "refuse":
        raise Refused("no")
    return Response()


def test_what_was_asked_is_kept_without_secrets_and_files(home: Home) -> None:
    home.new("source add", source="sqlite:///erp.db", log="orders", query="select 1 " + "as n " * 200)
    row = home.context.state.rows("select * from audit where action = 'source add' order by seq")[-1]
    assert row["actor"] == "ada" and row["subject"].startswith("n")
    assert json.loads(row["detail"])["asked"]["query"].startswith("sha256:")


def test_the_list_is_filtered_and_paged_by_key(home: Home) -> None:
    since = len(home.rows())
    runs = [home.run() for _ in range(7)]
    home.do("cancel", run=runs[0], by="bob")
    seen: list[str] = []
    after = None
    while len(seen) < 7:
        page = audit_list(home.context, AuditListRequest(action="start", limit=3, after=after))
        seen += [row.subject for row in page.rows]
        after = page.next
    assert seen[:7] == runs[::-1]

    def asked(**fields: Any) -> list[str]:
        return [row.action for row in audit_list(home.context, AuditListRequest(**fields)).rows]

    assert asked(actor="bob") == ["cancel"]
    assert asked(subject=runs[0]) == ["cancel", "start"]
    assert set(asked(subject="run-*", limit=8)) == {"cancel", "start"}
    assert asked(subject="run-%") == asked(until="2020-01-01") == []
    assert len(asked(since="2020-01-01T00:00:00+02:00", limit=1000)) == since + 8
    assert audit_list(home.context, AuditListRequest(limit=1000)).next is None

"""`baton demo`: the whole loop on the sample company, told in words a manager understands."""

import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any

from pydantic import Field

from home.context import Context
from home.contracts import Request, Response
from home.registry import load
from home.text import duration, percent, plain, table

RANKED = 5
WIDTH = 100
WORTH_SAYING_S = 60
SHOWN_KPIS = ("cycle_time_median", "cycle_time_p90", "waiting", "exceptions", "rework", "approval_delay")


class DemoRequest(Request):
    """How large a company, and how many runs."""

    scale: float = Field(default=1.0, gt=0, le=10)
    """More or fewer cases in the sample company."""
    cases: int = Field(default=1000, ge=50, le=20_000)
    """Runs in the sandbox."""
    seed: int = 7
    """Another seed gives another company and another sandbox."""


class Demo(Response):
    """What the loop found, chapter by chapter; every part is the answer of the command it names."""

    sample: dict[str, Any]
    findings: dict[str, Any]
    candidates: list[dict[str, Any]]
    plan: dict[str, Any]
    file: str
    """The plan, as generated."""
    backtest: dict[str, Any]
    publish: dict[str, Any]
    sandbox: dict[str, Any]
    kpis: dict[str, Any]
    took_s: float

    def lines(self) -> Iterator[str]:
        """The story, in the order of the loop."""
        for number, (title, body) in enumerate(self._chapters(), 1):
            yield f"\n{number}. {title}"
            yield from (f"   {line}" for line in body)
        yield f"\nAll of it took {duration(self.took_s)}. `baton serve` shows it in the browser."

    def _chapters(self) -> Iterator[tuple[str, Iterator[str]]]:
        logs = self.sample["logs"]
        events = sum(log["events"] for log in logs)
        yield f"Pulled {events:,} events from six exports of a small company", self._logs()
        best = self.candidates[0]
        yield f"Ranked what is worth orchestrating: {plain(best['label'])} comes first", self._ranking()
        yield f"What stands out in {plain(best['log'])}", self._stands_out()
        applied = [m for m in self.plan["moves"] if m["grade"] == "apply"]
        yield f"Planned it: {len(applied)} changes made, each with its evidence", self._moves()
        yield "Replayed history through the plan before it may go live", self._replayed()
        yield f"Published it, and ran it {self.sandbox['runs']:,} times in the sandbox", self._predicted()

    def _logs(self) -> Iterator[str]:
        yield from table(self.sample["logs"], ("log", "cases", "events", "activities", "variants"))

    def _ranking(self) -> Iterator[str]:
        columns = ("candidate", "frequency", "pain", "stability", "total", "hours_per_week", "plan")
        shown = [
            c | {"candidate": c["id"], "plan": c["verdict"], "hours_per_week": round(c["hours_per_week"], 1)}
            for c in self.candidates[:RANKED]
        ]
        yield from table(shown, columns)
        yield "Scores run from 1 to 5; `baton candidates` says why. Parts are named by their steps."

    def _stands_out(self) -> Iterator[str]:
        for finding in self.findings["findings"]:
            yield from wrap(
                f"- {plain(finding['headline'])}. {plain(finding['detail'])}", WIDTH, subsequent_indent="  "
            )

    def _moves(self) -> Iterator[str]:
        precision = self.plan["precision"]
        yield f"It accepts {percent(self.plan['coverage'])} of the cases exactly (precision {precision:.2f})."
        for move in self.plan["moves"]:
            if move["grade"] == "refuse":
                continue
            gain = (
                f", saves {duration(move['gain_s'])} per case on average"
                if (move["gain_s"] or 0) >= 60
                else ""
            )
            word = "made" if move["grade"] == "apply" else "for you to decide"
            yield from wrap(f"- {plain(move['title'])} ({word}{gain})", WIDTH, subsequent_indent="  ")
        refused = sum(m["grade"] == "refuse" for m in self.plan["moves"])
        if refused:
            yield f"{refused} more were looked at and refused; {self.file} says why."

    def _replayed(self) -> Iterator[str]:
        found = self.backtest
        yield f"{found['cases']:,} finished cases: {percent(found['coverage'])} can go as they went,"
        if found["agreement"] is not None:
            yield f"{percent(found['agreement'])} of the decisions by rule go as people decided,"
        yield f"{percent(found['manual_share'])} would need somebody by hand. The gate says: {found['gate']}."

    def _predicted(self) -> Iterator[str]:
        yield "Predicted, not proven: people and systems take as long for each step as the log showed."
        kpis = {k["kpi"]: k for k in self.kpis["kpis"]}
        shown = [
            _kpi_row(kpis[name]) for name in SHOWN_KPIS if name in kpis and kpis[name]["after"] is not None
        ]
        yield from table(shown)


def demo(context: Context, request: DemoRequest) -> Demo:
    """Run the whole loop on the sample company: pull, mine, rank, plan, backtest, publish, sandbox, compare.

    Everything is kept in the home folder, so `baton serve` shows it afterwards. Running it again
    changes nothing but the sandbox.
    """
    began = time.monotonic()
    steps = Steps(context)
    sample = steps(
        "sample", 0.0, "Pulling six exports of a small company", scale=request.scale, seed=request.seed
    )
    ranked = steps("candidates", 0.3, "Scoring what is worth orchestrating")
    best = next(c for c in ranked.candidates if c.plannable)
    findings = steps("findings", 0.5, f"Looking for what stands out in {best.log}", log=best.log)
    planned = steps("plan", 0.6, f"Planning {best.id}", candidate=best.id)
    file = _keep(context.home / "drafts" / f"{best.log}.yaml", planned.content)
    backtest = steps("backtest", 0.7, "Replaying history through the plan", file=str(file))
    published = steps("publish", 0.75, "Publishing the plan", file=str(file))
    sandbox = steps(
        "sandbox",
        0.8,
        "Running it in the sandbox",
        plan=published.plan,
        cases=request.cases,
        seed=request.seed,
    )
    kpis = steps("kpis", 0.95, "Comparing with the as-is", plan=published.plan)
    context.job.progress(1.0, "Done")
    return Demo(
        sample=_plain(sample),
        findings=_plain(findings),
        candidates=[_plain(c) for c in ranked.candidates],
        plan=_plain(planned, "content"),
        file=str(file),
        backtest=_plain(backtest),
        publish=_plain(published),
        sandbox=_plain(sandbox),
        kpis=_plain(kpis),
        took_s=time.monotonic() - began,
    )


class Steps:
    """Runs commands by name in one context, each told as a step of the whole."""

    def __init__(self, context: Context) -> None:
        self._context, self._registry = context, load()

    def __call__(self, command: str, share: float, what: str, **fields: Any) -> Any:
        """The response of a command; a step's own progress is not shown beside the whole's."""
        self._context.job.progress(share, what)
        found = self._registry.get(command)
        return found.function(self._context, found.request(**fields))


def _keep(path: Path, content: str) -> Path:
    from home.command_line import write_atomically

    write_atomically(path, content)
    return path


def _plain(response: Any, *exclude: str) -> dict[str, Any]:
    found: dict[str, Any] = response.model_dump(mode="json", exclude=set(exclude))
    return found


def _kpi_row(kpi: dict[str, Any]) -> dict[str, str]:
    low, high = kpi["interval"] or (None, None)
    between = "–" if low is None or high is None else f"{low * 100:+.1f} % to {high * 100:+.1f} %"
    return {
        "": kpi["label"],
        "as-is": _said(kpi["unit"], kpi["before"]),
        "to-be": _said(kpi["unit"], kpi["after"]),
        "change (95 %)": between,
        "verdict": kpi["verdict"],
    }


def _said(unit: str, value: float | None) -> str:
    if unit == "s":
        return duration(value)
    if unit == "share":
        return percent(value)
    return "–" if value is None else f"{value:,.1f}"

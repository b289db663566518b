"""`baton model list`, `show` and `reset`: what models decide, whether people agree, and who trusts them."""

from collections.abc import Iterator
from typing import Annotated

from home.context import Context
from home.contracts import Argument, Json, Nothing, Request, Response
from home.database import Row
from home.errors import Refused, unknown
from home.text import percent, plain, table
from orchestrate.models import scores
from orchestrate.models.agreement import wilson
from orchestrate.models.known import models_of
from orchestrate.people.moments import moment
from orchestrate.records.audit import record

USED = (
    "select model, version, count(*) as scores, max(at) as last,"
    " sum(case when went = 'accept' then 1 else 0 end) as accepted,"
    " sum(case when went = 'blind' then 1 else 0 end) as blind,"
    " sum(case when went = 'ask' then 1 else 0 end) as asked,"
    " sum(case when went in ('reject', 'manual') then 1 else 0 end) as below,"
    " sum(case when went = 'ask' and decided is not null then 1 else 0 end) as shown,"
    " sum(case when went = 'ask' and decided = label then 1 else 0 end) as followed"
    " from model_judgement where cast(:model as text) is null or model = :model"
    " group by model, version order by model, max(at) desc"
)
BANDS = (
    "select band, went, count(*) as scores, avg(confidence) as confidence,"
    " sum(case when decided is not null then 1 else 0 end) as decided,"
    " sum(case when decided = label then 1 else 0 end) as agreed"
    " from model_judgement where model = :model and version = :version group by band, went"
    " order by band, went"
)


class ModelRow(Response):
    """One version of a model, as it was used."""

    model: str
    version: str | None
    """`None`: named in the settings and never used."""
    behind: str | None
    """Connector; `None` where the settings name it no more."""
    trusted: bool
    reason: str
    """Why it is not, or who trusts it again and why."""
    scores: int
    accepted: int
    """Decided by it alone."""
    asked: int
    """Asked of a person, with its suggestion."""
    below: int
    """Below its lowest band."""
    blind: int
    """Decided by a person who was not told what it says."""
    checks: int
    """Blind checks that count: of cases it would have decided alone, since it is trusted."""
    agreement: float | None
    """Share of them in which the person said the same."""
    interval: list[float]
    """Wilson's 95 % interval of that share."""
    last: str | None


class ModelList(Response):
    """Models and their versions."""

    rows: list[ModelRow]

    def lines(self) -> Iterator[str]:
        """One line per version."""
        if not self.rows:
            yield "No model is named in baton.toml, and none was used. Write [models.NAME] to name one."
            return
        yield from table([_line(row) for row in self.rows])
        for row in self.rows:
            if not row.trusted:
                yield plain(f"{row.model} {row.version}: people decide everything: {row.reason}.")
                yield plain(f"  `baton model reset {row.model} --reason WHY` trusts it again.")


class ModelRequest(Request):
    """Which model."""

    model: Annotated[str, Argument("MODEL")]
    """Name of a model; `baton model list` lists them."""


class BandRow(Response):
    """What became of the scores of one band."""

    band: str
    """What the confidence alone means: accept, ask or reject."""
    went: str
    """What was done: accept, ask, reject, manual or blind."""
    scores: int
    confidence: float
    """Mean."""
    decided: int
    """By people."""
    agreed: int
    """Of those, with the model's label. Where they were shown it, agreement is no evidence of being right."""


class ModelDetails(Response):
    """One model: its versions, and the bands of the newest."""

    rows: list[ModelRow]
    bands: list[BandRow]


class ResetRequest(ModelRequest):
    """Trust a model again."""

    reason: str
    """Why it may be trusted; kept for ever."""
    version: str | None = None
    """Which version; default is the one used last."""
    by: str | None = None
    """Who says so; default is the operating-system user."""


def list_models(context: Context, request: Nothing) -> ModelList:  # noqa: ARG001
    """Every model with what it decided alone, what people were asked, and how often they agree with it.

    Agreement counts blind checks only: a small share of what a model would decide alone is decided by
    people who are not told what it says.
    """
    return ModelList(rows=_rows(context, None))


def show(context: Context, request: ModelRequest) -> ModelDetails:
    """One model: its versions, and how its bands went."""
    rows = _rows(context, request.model)
    if not rows:
        raise unknown("model", request.model, _names(context), listing="baton model list")
    named = {"model": request.model, "version": rows[0].version}
    found = context.state.rows(BANDS, named) if rows[0].version is not None else []
    return ModelDetails(rows=rows, bands=[BandRow(**row) for row in found])


def reset(context: Context, request: ResetRequest) -> ModelList:
    """Let a model decide alone again after it lost trust; blind checks begin anew, and the reason is kept."""
    rows = [row for row in _rows(context, request.model) if request.version in (None, row.version)]
    if not rows:
        raise unknown("model", request.model, _names(context), listing="baton model list")
    row, by = rows[0], request.by or context.actor
    if row.trusted or row.version is None:
        raise Refused(f"The model {row.model!r} (version {row.version}) is trusted; nothing was changed.")
    now = context.clock.now()
    with context.state.transaction() as connection:
        scores.restore(
            connection, row.model, row.version, at=now.timestamp(), by=by, reason=f"{request.reason} ({by})"
        )
        detail = {"version": row.version, "reason": request.reason, "before": row.reason}
        record(connection, at=now, actor=by, action="model reset", subject=row.model, **detail)
    return ModelList(rows=_rows(context, request.model))


def _rows(context: Context, model: str | None) -> list[ModelRow]:
    behind = {name: known.connector for name, known in models_of(context.home).items()}
    used = [_row(context, row, behind) for row in context.state.rows(USED, {"model": model})]
    seen = {row.model for row in used}
    never = [name for name in behind if name not in seen and model in (None, name)]
    return used + [_unused(name, behind[name]) for name in never]


def _row(context: Context, row: Row, behind: dict[str, str]) -> ModelRow:
    trust = scores.trust_in(context.state, row["model"], row["version"])
    k, n = sum(trust.agreed), len(trust.agreed)
    own = {name: row[name] for name in ("model", "version", "scores", "accepted", "asked", "below", "blind")}
    return ModelRow(
        **own,
        behind=behind.get(row["model"]),
        trusted=trust.trusted,
        reason=trust.reason,
        checks=n,
        agreement=k / n if n else None,
        interval=list(wilson(k, n)) if n else [],
        last=moment(row["last"]),
    )


def _unused(name: str, connector: str) -> ModelRow:
    counts = dict.fromkeys(("scores", "accepted", "asked", "below", "blind", "checks"), 0)
    nothing: Json = {"version": None, "agreement": None, "interval": [], "last": None, "reason": ""}
    return ModelRow(model=name, behind=connector, trusted=True, **counts, **nothing)


def _names(context: Context) -> list[str]:
    used = context.state.rows("select distinct model from model_score")
    return sorted({row["model"] for row in used} | set(models_of(context.home)))


def _line(row: ModelRow) -> Json:
    low_high = f" ({percent(row.interval[0])} to {percent(row.interval[1])})" if row.interval else ""
    return {
        "model": row.model,
        "version": row.version or "never used",
        "behind": row.behind or "gone",
        "trusted": "yes" if row.trusted else "no",
        "scores": row.scores,
        "alone": row.accepted,
        "asked": row.asked,
        "agreement": f"{percent(row.agreement)} of {row.checks}{low_high}" if row.checks else "–",
    }

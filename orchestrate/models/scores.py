"""What models said, kept beside what people decided; and which models have lost trust."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import text

from home.database import Database, Row
from orchestrate.connectors.port import Work
from orchestrate.engine.statements import RAISE
from orchestrate.models.agreement import WINDOWS, drifted

Band = Literal["accept", "ask", "reject"]
Way = Literal["accept", "ask", "reject", "manual", "blind"]
MOST = max(WINDOWS)
KEEP = (
    "insert into model_score(key, model, version, run, node, visit, plan, at, label, confidence,"
    " answer, band, went) values (:key, :model, :version, :run, :node, :visit, :plan, :at, :label,"
    " :confidence, :answer, :band, :went) on conflict (key) do nothing"
)
CHECKS = (
    "select decided = label as agreed from model_judgement where model = :model and version = :version"
    " and band = 'accept' and went = 'blind' and decided is not null and at >= :since"
    " order by decided_at desc limit :most"
)
TRUST = (
    "insert into model_trust(model, version, trusted, since, reason, by_whom)"
    " values (:model, :version, :trusted, :since, :reason, :by_whom) on conflict (model, version)"
    " do update set trusted = excluded.trusted, since = excluded.since, reason = excluded.reason,"
    " by_whom = excluded.by_whom"
)


@dataclass(frozen=True)
class Trust:
    """Whether a version of a model is trusted, and on what evidence."""

    trusted: bool
    since: float
    """Checks before count no more."""
    asked: int
    """Blind checks begun since then."""
    agreed: Sequence[bool]
    """Of those that were decided, the newest last."""
    reason: str = ""


def kept(state: Database, key: str) -> Row | None:
    """The score of this step's visit, if there is one: a repeated attempt gets the same."""
    return state.row("select * from model_score where key = :key", {"key": key})


def keep(state: Database, work: Work, facts: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Write a score down, before anything follows from it."""
    own = {"key": work.key, "run": work.run, "node": work.node, "visit": work.visit, "plan": work.plan}
    state.execute(KEEP, {**own, **facts, "answer": json.dumps(dict(answer), default=str)})


def trust_in(state: Database, model: str, version: str) -> Trust:
    """What is known of a version of a model."""
    named = {"model": model, "version": version}
    row = state.row("select * from model_trust where model = :model and version = :version", named)
    since = row["since"] if row else 0.0
    begun = "select count(*) as n from model_score where model = :model and version = :version"
    begun += " and band = 'accept' and went = 'blind' and at >= :since"
    asked = state.rows(begun, {**named, "since": since})[0]["n"]
    found = state.rows(CHECKS, {**named, "since": since, "most": MOST})
    agreed = [bool(check["agreed"]) for check in reversed(found)]
    return Trust(bool(row["trusted"]) if row else True, since, asked, agreed, row["reason"] if row else "")


def look(
    state: Database, trust: Trust, model: str, version: str, least: float, work: Work, at: float
) -> Trust:
    """`trust`, withdrawn where people surely no longer agree enough; then an alert says so."""
    why = drifted(trust.agreed, least) if trust.trusted else None
    if why is None:
        return trust
    message = f"the model {model!r} (version {version}) is no longer trusted: {why}"
    facts = {"model": model, "version": version, "trusted": 0, "since": at, "reason": why, "by_whom": "baton"}
    with state.transaction() as connection:
        connection.execute(text(TRUST), facts)
        where = {"run": work.run, "kind": "model", "node": work.node, "visit": work.visit}
        connection.execute(text(RAISE), {**where, "at": at, "message": message})
    return Trust(False, at, 0, (), why)


def restore(connection: Any, model: str, version: str, *, at: float, by: str, reason: str) -> None:
    """Trust a version again, on a person's word; what was checked before counts no more."""
    facts = {"model": model, "version": version, "trusted": 1, "since": at, "reason": reason, "by_whom": by}
    connection.execute(text(TRUST), facts)

"""The kinds of alerts: what each means, what to do about it, and the command that leads on."""

from dataclasses import dataclass
from shlex import quote
from typing import Literal, cast

from home.database import Row

KindName = Literal[
    "stuck",
    "manual",
    "deadline",
    "late",
    "contract",
    "refused",
    "unassigned",
    "escalation",
    "model",
    "breaker",
    "trigger",
]


@dataclass(frozen=True)
class Kind:
    """One kind of alert."""

    means: str
    """In a word or two."""
    do: str
    """What to do about it."""
    command: str
    """What to type; `{run}` and `{node}` are those of the alert."""


SHOW = "baton show {run}"
KINDS: dict[KindName, Kind] = {
    "stuck": Kind("stuck", "Mend what breaks it, then release it.", "baton release {run}"),
    "manual": Kind("needs a person", "Decide its task in the manual queue.", "baton tasks --run {run}"),
    "deadline": Kind("past its deadline", "Decide whether it goes on, or move its deadline.", SHOW),
    "late": Kind("late", "See what it waits for; hand the task on, or move when it is due.", SHOW),
    "contract": Kind("broken contract", "See what was answered; mend the system or the contract.", SHOW),
    "refused": Kind(
        "decision refused", "Tell who decided: the run had moved on, and their decision does not count.", SHOW
    ),
    "unassigned": Kind(
        "nobody fits", "Hand the task to somebody, or let people be put in.", "baton tasks --run {run}"
    ),
    "escalation": Kind("nobody above", "Hand the task to somebody.", "baton tasks --run {run}"),
    "model": Kind(
        "model not trusted",
        "People decide meanwhile. Train it anew, then trust it again.",
        "baton model list",
    ),
    "breaker": Kind("system out of order", "Look after the system; it is tried by itself.", "baton systems"),
    "trigger": Kind(
        "trigger fails", "Mend what it needs; it is tried again by itself.", "baton trigger show {node}"
    ),
}
"""By name. How a kind is stored may say more: `escalation 2`, and `breaker closed`, which is news."""


def kind_of(row: Row) -> KindName:
    """The kind of an alert, without what more it says."""
    return cast(KindName, row["kind"].split(" ", 1)[0])


def command_for(row: Row) -> str:
    """The command that leads on from an alert."""
    return KINDS[kind_of(row)].command.format(run=row["run"], node=quote(row["node"]))


def subject_of(row: Row) -> str:
    """What alerts have in common whose causes may well be one: their run, system or trigger."""
    return str(row["run"]) or f"{'trigger' if kind_of(row) == 'trigger' else 'system'} {row['node']}"

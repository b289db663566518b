"""What a person has to decide and to type after a look into a source."""

import re
from collections.abc import Sequence
from pathlib import PurePath

from ingest.inspection.contracts import Decision, InspectRequest, quoted
from ingest.inspection.look import Look
from ingest.inspection.propose import STANDARD, Proposed
from ingest.mapping_file import MappingFile

ORDERS = {"dmy": "day first", "mdy": "month first"}
FILE = "mapping.toml"
OLD = frozenset({"old", "oldvalue", "previous", "before", "fromstring", "from"})


def decisions(proposed: Proposed, looks: Sequence[Look], spec: MappingFile) -> tuple[Decision, ...]:
    """What the content cannot say about the columns that are proposed."""
    by_name = {x.name: x for x in looks}
    used = [by_name[c] for c in (proposed.column("timestamp"), proposed.column("start")) if c in by_name]
    used += [by_name[c] for c in proposed.milestones]
    found = []
    torn = [x for x in used if x.times and x.times.ambiguous and not x.times.mixed]
    if torn and spec.dates is None:
        x = torn[0]
        example = x.times.ambiguous[0] if x.times else ""
        readings = " or ".join(f"{_day(example, order)} (--dates {order})" for order in ORDERS)
        question = f"Is {example!r} in {x.name!r} {readings}? No value of the rows looked at decides."
        found.append(
            Decision(
                option="dates",
                needed=True,
                question=question,
                answers=tuple(ORDERS),
                meanings=tuple(_day(example, order) for order in ORDERS),
                example=example,
            )
        )
    naive = [x for x in used if x.times and x.times.naive]
    if naive and spec.tz is None:
        question = (
            f"Times in {naive[0].name!r} carry no offset and are read as UTC; --tz says in which zone the "
            "clock stood, such as --tz Europe/Berlin."
        )
        found.append(Decision(option="tz", needed=False, question=question, answers=()))
    return tuple(found)


def _day(example: str, order: str) -> str:
    """How a date reads in one order: `5 January`."""
    parts = re.match(r"(\d{1,2})[-/. ](\d{1,2})", example)
    if parts is None:
        return ORDERS[order]
    first, second = int(parts[1]), int(parts[2])
    day, month = (first, second) if order == "dmy" else (second, first)
    return f"{day} {MONTHS[month - 1]}" if 1 <= month <= 12 else ORDERS[order]


MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip


def notes(proposed: Proposed, looks: Sequence[Look]) -> tuple[str, ...]:
    """What else a careful colleague would say."""
    from ingest.inspection.words import tokens

    by_name = {x.name: x for x in looks}
    found = []
    if proposed.milestones:
        named = ", ".join(map(repr, proposed.milestones[:4]))
        found.append(
            "Each row is a whole case, with a column of times for each milestone. Each time in "
            f"{named}{' …' if len(proposed.milestones) > 4 else ''} becomes an event: the mapping file lists "
            "them as milestones."
        )
    time = by_name.get(proposed.column("timestamp") or "")
    clock = next((x for x in looks if x.kind == "clock"), None)
    if time is not None and time.times and time.times.midnight > 0.99:
        beside = (
            f" The time of day stands apart, in {clock.name!r}: join the two where the file is made"
            " (a query, a formula), else waiting is told in days only."
            if clock
            else " Waiting can be told in days only, and the order within a day only by the order of rows."
        )
        found.append(f"{time.name!r} holds days without a time of day.{beside}")
    activity = proposed.column("activity")
    history = [x for x in looks if set(tokens(x.name)) & OLD or "".join(tokens(x.name)) in OLD]
    field = next((x for x in looks if "".join(tokens(x.name)) in ("field", "fieldname", "fname")), None)
    if history and activity is not None and field is not None and field.values.distinct > 1:
        shown = ", ".join(field.values.samples[:3])
        found.append(
            f"Rows are changes of {field.values.distinct:,} fields ({shown}, …); "
            "a step of shape in the mapping file makes the activity from both columns."
        )
    found += _torn(proposed, by_name)
    return tuple(found)


def _torn(proposed: Proposed, by_name: dict[str, Look]) -> list[str]:
    found = []
    for field in ("timestamp", "start"):
        x = by_name.get(proposed.column(field) or "")
        if x is not None and x.times is not None and x.times.mixed:
            found.append(f"{x.name!r} mixes day-month and month-day: it cannot be read as it stands.")
        if x is not None and x.times is not None and x.times.unreadable:
            shown = ", ".join(map(repr, x.times.unreadable))
            found.append(f"{x.name!r} also holds what is no time: {shown}.")
    return found


def commands(
    request: InspectRequest,
    mapping: MappingFile,
    *,
    log: str = "",
    decided: Sequence[Decision] = (),
    reasons: Sequence[str] = (),
    choices: Sequence[str] = (),
    option: str = "",
) -> tuple[str, ...]:
    """What to type next; the last line loads the source, or the last two where a person must choose."""
    source = quoted(_typed_as(request.source))
    if choices:
        return tuple(f"baton inspect {source} {option} {quoted(name)}" for name in choices[:20])
    needed = [name for name in ("case_id", "activity", "timestamp") if name not in mapping.map]
    if needed and not mapping.milestones:
        told = "".join(
            f" --map {quoted(f'{k}={v}')}" for k, v in mapping.map.items() if not k.startswith("case:")
        )
        more = " ".join(f"--map {name}=COLUMN" for name in needed)
        return (f"baton inspect {source}{told} {more} -o {FILE}",)
    if not request.map and not decided and reasons and set(reasons) == {STANDARD}:
        return (f"baton ingest {source} --log {log}{_typed(request)}",)
    load = f"baton ingest {source} --log {log} --mapping {quoted(request.output or FILE)}"
    first = [] if request.output else [f"baton inspect {source}{_typed(request)} -o {FILE}"]
    order = next((d for d in decided if d.option == "dates"), None)
    if order is None:
        return (*first, load)
    return (*first, *(f"{load} --dates {answer}   # {ORDERS[answer]}" for answer in order.answers))


def _typed_as(source: str) -> str:
    """The source in the words of who asked: an upload by its ticket, for which they know the file."""
    path = PurePath(source)
    uploaded = len(path.parts) > 2 and path.parts[-3] == "uploads"
    return f"upload:{path.parts[-2]}" if uploaded else source


def _typed(request: InspectRequest) -> str:
    """The options of this look again, as they were typed."""
    parts = [f" --map {quoted(pair)}" for pair in request.map]
    for name in (
        "mapping",
        "tz",
        "dates",
        "adapter",
        "encoding",
        "delimiter",
        "sheet",
        "table",
        "query",
        "records",
        "object_type",
    ):
        value = getattr(request, name)
        if value is not None:
            parts.append(f" --{name.replace('_', '-')} {quoted(value)}")
    return "".join(parts)


def log_name(source: str) -> str:
    """A name for the log, made of the source's."""
    stem = PurePath(source.split("?")[0]).name.split(".")[0]
    return re.sub(r"[^\w-]+", "_", stem).strip("_").lower() or "log"


def mapping_text(mapping: MappingFile, proposed: Proposed, decided: Sequence[Decision], source: str) -> str:
    """The mapping file with the reason of each line, and what is left to decide at its top."""
    head = [f"How {source} is read. Proposed by `baton inspect`; change what is wrong."]
    for d in decided:
        if d.option == "dates":
            head += [f"To decide: {d.question}", 'dates = "dmy"   # or "mdy"']
        else:
            head.append(d.question)
    return mapping.to_toml(head="\n".join(head), notes={t.field: t.why for t in proposed.taken})

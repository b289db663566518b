"""Turns what is typed after `baton shape` into steps, names in hand: they may hold any character."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from home.errors import UsageError
from ingest.shaping.compiled import FIELDS
from ingest.shaping.steps import Step, as_step

if TYPE_CHECKING:
    from ingest.shaping.command import ShapeRequest


def steps_asked(
    asked: "ShapeRequest", activities: Collection[str], columns: Collection[str], *, by: str, on: date
) -> tuple[Step, ...]:
    """The steps that the options mean, in the order derive, rename, merge, hide, add.

    `activities` and `columns` are those there are: they tell where `A=B` is to be cut. Raises `UsageError`.
    """
    found = list(_values(asked, activities, columns, by=by, on=on))
    if asked.name and len(found) != 1:
        raise UsageError(f"--name names one step, and {len(found)} are asked.", hint="Name them one by one.")
    if asked.name:
        found[0] = {**found[0], "name": asked.name}
    return tuple(as_step(values, "The step") for values in found)


def _values(
    asked: "ShapeRequest", activities: Collection[str], columns: Collection[str], *, by: str, on: date
) -> Iterator[dict[str, Any]]:
    where = dict(cut(pair, [*columns, *FIELDS], "--where", "COLUMN=VALUE") for pair in asked.where)
    _together(asked.where, asked.derive, "--where", "--derive activity='{column}'")
    for pair in asked.derive:
        target, equals, template = pair.partition("=")
        if not equals:
            raise UsageError(
                f"--derive {pair!r} is not TARGET=TEMPLATE.", hint="Such as activity='{step}: {status}'."
            )
        yield {"derive": target.strip(), "template": template, "where": where}
    for pair in asked.rename:
        name, to = cut(pair, activities, "--rename", "A=B")
        yield {"rename": name, "to": to}
    _together(asked.merge, asked.into, "--merge", "--into NAME")
    _together(asked.into, asked.merge, "--into", "--merge ACTIVITY")
    if asked.merge:
        yield {"merge": list(asked.merge), "to": asked.into}
    if asked.hide:
        yield {"hide": list(asked.hide)}
    for name in ("after", "before", "typical", "role"):
        _together(getattr(asked, name), asked.add, f"--{name}", "--add STEP")
    _together(asked.add, asked.after, "--add", "--after ACTIVITY")
    if asked.add:
        place = {"add": asked.add, "after": asked.after, "before": asked.before}
        more = {"typical": asked.typical, "role": asked.role, "by": by, "on": on.isoformat()}
        yield {key: value for key, value in {**place, **more}.items() if value is not None}


def cut(pair: str, known: Collection[str], option: str, form: str) -> tuple[str, str]:
    """`A=B` in two, where A is a name there is; raises `UsageError` where that can be said in two ways."""
    places = [n for n, character in enumerate(pair) if character == "=" and n and n < len(pair) - 1]
    if not places:
        raise UsageError(f"{option} {pair!r} is not {form}.", hint="Write a name, =, and a name.")
    fits = [n for n in places if pair[:n] in known] or places[:1]
    if len(fits) > 1:
        names = " or ".join(repr(pair[:n]) for n in fits)
        raise UsageError(
            f"{option} {pair!r} can be read as {names}.", hint="--merge A --into B leaves no doubt."
        )
    return pair[: fits[0]], pair[fits[0] + 1 :]


def _together(given: object, needed: object, option: str, other: str) -> None:
    if given and not needed:
        raise UsageError(f"{option} needs {other}.", hint="See `baton shape --help`.")

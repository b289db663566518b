"""Shows the event store what was read, until the mapping is known: text columns under generated names."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from home.duck import Cursor
from home.sql import literal
from ingest.contracts import Finding
from ingest.errors import Unfit
from ingest.spool import ASIDE, CASES, EVENTS, Manifest


@dataclass
class Stage:
    """`stage` (events: n, row, trace, s0, s1, …), `stage_case` (trace, t0, t1, …) and `stage_aside`.

    `stage` is a view of the spool's files, which every query reads anew, column by column: cheaper than
    a copy. A source's column names never become SQL names, so they may be anything at all.
    """

    cursor: Cursor
    folder: Path
    manifest: Manifest

    def __post_init__(self) -> None:
        known = self.manifest
        self.row_word = known.row_word
        self.columns = {name: f"s{i}" for i, name in enumerate(known.columns)}
        """Source column to column of `stage`."""
        self.case_columns = {name: f"t{i}" for i, name in enumerate(known.case_columns)}
        """Source column to column of `stage_case`."""
        self.events, self.aside = known.events, known.aside
        self.has_cases = bool(known.files.get(CASES))
        numbers = {"n": "ubigint", "row": "bigint", "trace": "bigint"}
        self._show("view stage", EVENTS, numbers, self.columns.values())
        self._show("table stage_case", CASES, {"trace": "bigint"}, self.case_columns.values())
        words = ("code", "col", "reason", "record")
        self._show("table stage_aside", ASIDE, {"n": "ubigint", "row": "bigint"}, words)

    def _show(self, made: str, kind: str, numbers: dict[str, str], words: Iterable[str]) -> None:
        types = {**numbers, **dict.fromkeys(words, "varchar")}
        empty = ", ".join(f"null::{type_} as {name}" for name, type_ in types.items())
        made = f"create temp {made} as"
        if not (files := self.manifest.files.get(kind)):
            self.cursor.execute(f"{made} select {empty} where false")
            return
        paths = ", ".join(literal(str(self.folder / name)) for name in files)
        ranges = "".join(f" and not n between {a} and {b - 1}" for a, b in self.manifest.dropped)
        # The empty rows name columns that no row of the files has.
        self.cursor.execute(
            f"{made} select {', '.join(types)} from (select * from"
            f" read_parquet([{paths}], union_by_name = true) where true{ranges}"
            f" union all by name select {empty} where false)"
        )

    def nothing_but_aside(self, name: str) -> Unfit:
        """The refusal of a source of which every row was set aside, with the first reason."""
        reason, row = self.cursor.execute(
            "select reason, row from stage_aside order by row limit 1"
        ).fetchone() or ("", 0)
        return Unfit(
            "no events",
            f"{name} has no events that can be loaded: all of its {self.aside:,} rows are faulty, "
            f"the first ({self.row_word} {row}): {reason}.",
        )

    def part_doubled_cases(self, column: str) -> Finding | None:
        """Give each further trace of one id a name of its own, `id#2`."""
        name = self.case_columns[column]
        doubled = self.cursor.execute(
            f"select trace, {name}, k from"
            f" (select *, row_number() over (partition by {name} order by trace) as k"
            f" from stage_case where {name} <> '') where k > 1 order by trace"
        ).fetchall()
        if not doubled:
            return None
        ids = {
            found for (found,) in self.cursor.execute(f"select distinct {name} from stage_case").fetchall()
        }
        new, named = "", []
        for trace, case, number in doubled:
            new = f"{case}#{number}"
            while new in ids:
                new += "'"
            ids.add(new)
            named.append((trace, new))
        self.cursor.execute(
            f"update stage_case set {name} = r.new from"
            " (select unnest($traces) as trace, unnest($names) as new) r where r.trace = stage_case.trace",
            {"traces": [trace for trace, _ in named], "names": [name for _, name in named]},
        )
        return Finding(
            code="duplicate_case_ids",
            severity="warning",
            count=len(doubled),
            message=f"{len(doubled):,} traces have another's id; they stay cases of their own ({new!r}).",
        )

    def as_json(self) -> str:
        """SQL: the source row as a JSON object of its own column names."""
        pairs = ", ".join(f"{literal(name)}, {column}" for name, column in self.columns.items())
        return f"json_object({pairs})"

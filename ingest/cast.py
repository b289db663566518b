"""Turns staged text into events: casts every field, and sets aside the rows that do not fit, with reasons."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from home.duck import Cursor
from home.sql import literal
from ingest import aside, attributes, dates
from ingest.attributes import Attribute
from ingest.contracts import Finding
from ingest.dates import TimeReading
from ingest.errors import Unfit
from ingest.mapping import CASE, NEEDED, Mapping
from ingest.stage import Stage


@dataclass
class Cast:
    """The SQL of one load: each field of an event as an expression over the staged rows."""

    stage: Stage
    mapping: Mapping
    classifiers: dict[str, tuple[str, ...]]
    zone: str
    zone_given: bool
    order: str | None
    """`--dates`"""
    system: str | None
    source: str
    findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cursor: Cursor = self.stage.cursor
        joined = "stage st left join stage_case sc on sc.trace = st.trace"
        self.relation = joined if self.stage.has_cases else "stage st"
        self.times = {
            name: self._time(name) for name in ("timestamp", "start") if name in self.mapping.fields
        }

    def text(self, column: str) -> str:
        """SQL of a source column's text."""
        if column in self.stage.columns:
            return f"st.{self.stage.columns[column]}"
        if column in self.stage.case_columns:
            return f"sc.{self.stage.case_columns[column]}"
        parts = ", ".join(
            f"nullif({self.text(part)}, '')" for part in self.classifiers[column] if self._has(part)
        )
        return f"concat_ws('+', {parts})"

    def _has(self, column: str) -> bool:
        return column in self.stage.columns or column in self.stage.case_columns

    def field(self, name: str) -> str:
        """SQL of a field's text; null where it is not mapped."""
        column = self.mapping.fields.get(name)
        return "null::varchar" if column is None else self.text(column)

    def demand_values(self) -> None:
        """Raise `Unfit` naming a needed column that is empty everywhere."""
        for name in NEEDED:
            some = f"select 1 from {self.relation} where {self.field(name)} <> '' limit 1"
            if self.cursor.execute(some).fetchone() is None:
                column = self.mapping.fields[name]
                raise Unfit(
                    "column",
                    f"{self.source}: the column {column!r}, needed for {name}, is empty everywhere.",
                    where=f"column {column!r}",
                    hint=f"Name another with --map {name}=COLUMN.",
                )

    def rows(self) -> str:
        """SQL: every staged row with its fields cast and `fault`, the reason why it cannot be loaded."""
        return f"select *, {aside.FAULT} as fault from ({self._cast_rows()})"

    def good_rows(self) -> str:
        """SQL: the staged rows that can be loaded, with their fields cast."""
        plain = self.times["timestamp"].plain == self.stage.events
        return f"select * from ({self._cast_rows()}) where {aside.faultless(self.mapping.fields, plain)}"

    def _cast_rows(self) -> str:
        start, when = self.times.get("start"), self.times["timestamp"]
        cost = _number(self.field("cost"))
        system = literal(self.system) if self.system else "null"
        columns = "st.*, sc.* exclude (trace)" if self.stage.has_cases else "st.*"
        return (
            f"select {columns},"
            f" {self.field('case_id')} as f_case, {self.field('activity')} as f_activity,"
            f" {self.field('timestamp')} as f_time,"
            f" {self.field('start')} as f_start, {self.field('cost')} as f_cost,"
            f" {when.expression} as ts, {start.expression if start else 'null::timestamp'} as start_ts,"
            f" lower(nullif(trim({self.field('lifecycle')}), '')) as lifecycle,"
            f" nullif({self.field('resource')}, '') as resource, {cost} as cost,"
            f" coalesce(nullif({self.field('system')}, ''), {system}) as system"
            f" from {self.relation}"
        )

    def load(self, source: int, first: int) -> int:
        """Move the good rows to `event` and `trace`, the others to `set_aside`; how many were good."""
        events = self._place("event", self.mapping.event_attributes)
        cases = self._place("case", self.mapping.case_attributes)
        columns = "".join(f", {a.value} as {a.column}" for a in events)
        before = self._count("event")
        self.cursor.execute("set session preserve_insertion_order = false")  # `n` keeps the order
        self.cursor.execute(
            f"insert into event by name select {first}::ubigint + n as n, {source}::usmallint as source,"
            " row as source_row, f_case as case_id, f_activity as activity, ts, start_ts, lifecycle,"
            f" resource, cost, system{columns} from ({self.good_rows()})"
        )
        self.cursor.execute("set session preserve_insertion_order = true")
        loaded = self._count("event") - before
        if loaded < self.stage.events:
            aside.find_faulty(self.cursor, self.rows(), self.mapping.fields, self.stage.as_json())
        self.findings += aside.keep(self.cursor, source, self.stage.row_word)
        self._keep_cases(source, cases)
        return loaded

    def _keep_cases(self, source: int, cases: list[Attribute]) -> None:
        """Each case of the source with its attributes: of each, the first value there is."""
        if not cases:
            self.cursor.execute(
                "insert into trace by name select source, case_id from event where source = ?"
                " group by all order by min(n)",
                [source],
            )
            return
        columns = ", ".join(f"arg_min({a.value}, n) as {a.column}" for a in cases)
        self.cursor.execute(
            f"insert into trace by name select {source}::usmallint as source, f_case as case_id, {columns}"
            f" from ({self.good_rows()}) group by f_case order by min(n)"
        )
        self.findings += self._varying(cases)

    def _count(self, table: str) -> int:
        (count,) = self.cursor.execute(f"select count(*) from {table}").fetchone() or (0,)
        return int(count)

    def _time(self, name: str) -> TimeReading:
        column = self.mapping.fields[name]
        reading = dates.reading(
            self.cursor, self.relation, self.text(column), label=column, zone=self.zone, dates=self.order
        )
        self.findings += reading.findings
        if reading.naive and not self.zone_given and not any(f.code == "tz_assumed" for f in self.findings):
            self.findings.append(
                Finding(
                    code="tz_assumed",
                    severity="info",
                    count=1,
                    message=f"Times in column {column!r} carry no offset: read as UTC. --tz says otherwise.",
                    where=f"column {column!r}",
                )
            )
        return reading

    def _place(self, scope: str, columns: dict[str, str]) -> list[Attribute]:
        """The attributes of a scope, whichever staging table their columns lie in."""
        in_stage = {n: self.stage.columns[c] for n, c in columns.items() if c in self.stage.columns}
        in_cases = {n: self.stage.case_columns[c] for n, c in columns.items() if n not in in_stage}
        texts = self.mapping.keys | {key.removeprefix(CASE) for key in self.mapping.keys}
        placed = attributes.place(self.cursor, scope, "stage", in_stage, self.zone, texts=texts)
        return placed + attributes.place(self.cursor, scope, "stage_case", in_cases, self.zone, texts=texts)

    def _varying(self, cases: list[Attribute]) -> Iterator[Finding]:
        inside = [a for a in cases if self.mapping.case_attributes[a.name] in self.stage.columns]
        if not inside:
            return
        texts = [self.stage.columns[self.mapping.case_attributes[a.name]] for a in inside]
        differs = ", ".join(f"min(nullif({t}, '')) <> max(nullif({t}, '')) as {t}" for t in texts)
        counts = ", ".join(f"count(*) filter ({t})" for t in texts)
        found = self.cursor.execute(
            f"select {counts} from (select {differs} from ({self.good_rows()}) group by f_case)"
        ).fetchone()
        for attribute, count in zip(inside, found or (), strict=True):
            if count:
                yield Finding(
                    code="case_attribute_varies",
                    severity="warning",
                    count=count,
                    message=f"{attribute.name!r} changes inside {count:,} cases; the first value is kept.",
                    where=f"column {self.mapping.case_attributes[attribute.name]!r}",
                )


def _number(text: str) -> str:
    """A number with a decimal point, or with a decimal comma where there is no point; never infinite."""
    plain = f"case when contains({text}, '.') then {text} else replace({text}, ',', '.') end"
    value = f"try_cast(trim({plain}) as double)"
    return f"case when isfinite({value}) then {value} end"

"""What a binding to a database may set."""

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from orchestrate.connectors.options import Options
from orchestrate.contracts import JsonSchema

NAMED = re.compile(r"(?<![:\w\\]):([A-Za-z_]\w*)(?!:)")
NOT_SQL = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
KEY = "baton_key"
"""Parameter that is always there: the idempotency key."""
READS = ("select", "with", "values", "table", "show", "explain")


class SqlOptions(Options):
    """Where, what, and how a repeated attempt is known."""

    url: str
    """Address of the database, by reference (env:NAME, file:PATH); one without a password may stand here."""
    statement: str = Field(min_length=1)
    """One statement; :name is a value of the input, :baton_key the idempotency key. No text is filled in."""
    does: Literal["read", "write"] = "read"
    """`read` cannot change anything: its transaction is read-only. `write` changes something, once."""
    keyed: Literal["table", "statement"] = "table"
    """How a repeated write is known: by a row in `baton_effect`, written in the same transaction, or by the
    `statement` itself, which uses :baton_key (an upsert)."""
    answers: Literal["rows", "row", "value"] = "rows"
    """`rows` is the list of them, `row` the fields of just one, `value` the first field of just one."""
    most_rows: int = Field(default=1000, ge=1, le=100_000)
    """More rows than this are a failure, never a cut list."""

    @field_validator("statement")
    @classmethod
    def _one(cls, statement: str) -> str:
        bare = NOT_SQL.sub(" ", statement).strip().rstrip(";")
        if ";" in bare:
            raise ValueError("one statement, not several")
        if not bare:
            raise ValueError("it is empty")
        return statement.strip().rstrip(";")

    @model_validator(mode="after")
    def _keyed(self) -> Self:
        if self.does == "write" and self.keyed == "statement" and KEY not in self.names:
            raise ValueError(f"keyed by its statement, the statement must use :{KEY}")
        first = NOT_SQL.sub(" ", self.statement).lstrip(" (\n\t").partition(" ")[0].split("\n")[0].lower()
        if self.does == "read" and first not in READS:
            raise ValueError(f"{first!r} does not read; say does=write")
        return self

    def contracts(self) -> tuple[JsonSchema, JsonSchema]:
        """The input contract is what the statement names."""
        wanted = sorted(self.names - {KEY})
        properties: dict[str, JsonSchema] = {name: {} for name in wanted}
        given = {"type": "object", "required": wanted, "properties": properties} if wanted else {}
        return given, {}

    @property
    def names(self) -> frozenset[str]:
        """The parameters of the statement."""
        return frozenset(NAMED.findall(NOT_SQL.sub(" ", self.statement)))

"""What can go wrong when a log is mined.

MiningError                exit 1   the room's base
├── FilterError            exit 2   a filter does not compile; says the column, shows a caret
├── ModelError             exit 1   a model from outside cannot be read; names the element and the line
└── NothingLeft            exit 1   the question needs cases, and the filter leaves none
"""

from home.errors import BatonError, Refused, UsageError


class MiningError(BatonError):
    """Mining could not answer."""

    code = "mining"


class FilterError(MiningError, UsageError):
    """A filter that does not compile. `column` counts characters of `expression` from 1."""

    code = "filter"

    def __init__(self, reason: str, expression: str, column: int, *, hint: str = "") -> None:
        before = expression[: column - 1].rsplit("\n", 1)[-1]
        line = before + expression[column - 1 :].split("\n", 1)[0]
        caret = " " * len(before) + "^"
        super().__init__(f"Filter, column {column}: {reason}\n  {line}\n  {caret}", hint=hint)
        self.reason, self.expression, self.column = reason, expression, column


class NothingLeft(MiningError, Refused):
    """No case is left to answer from."""

    code = "nothing_left"


class ModelError(MiningError):
    """A model from outside that cannot be read."""

    code = "model"

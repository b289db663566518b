"""What came in, read strictly: JSON that can be kept and compared, or one reason why not."""

import json
from math import isfinite
from typing import Any, NoReturn

from home.errors import Refused


def parsed(text: str) -> Any:
    """A JSON text as values; raises `Refused` for what is none, or cannot be written as JSON again."""
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except RecursionError as error:
        raise Refused("This is no JSON that can be kept: it is nested too deeply.") from error
    except ValueError as error:
        raise Refused(f"This is no JSON that can be kept: {error}.") from error


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError(f"{digits[:40]} is too large a number")
    return number

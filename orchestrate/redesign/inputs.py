"""What a run must be told: fields that rules use, as the input of the plan or the output of a step."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from orchestrate.contracts import JsonSchema, Observed, Step
from orchestrate.redesign.as_is import LEVELS
from orchestrate.redesign.decisions import Attributes
from orchestrate.redesign.history import History
from orchestrate.redesign.links import Written

SAMPLES = 200
MOSTLY = 0.5
"""Share of a step's instances that have a value, from which the step is seen to write it."""
MOST_VALUES = 20


@dataclass(frozen=True)
class Inputs:
    """What a run is started with, and what steps add."""

    schema: JsonSchema
    samples: tuple[dict[str, Any], ...]
    written: dict[str, tuple[str, ...]]
    """Fields that each activity writes."""


def inputs_for(history: History, fields: frozenset[str], *, seed: int = 0) -> Inputs:
    """How a run comes to know these attributes, and nothing else: no other field leaves the log.

    What one value per case is known from its first event is input; the rest is written by steps.
    """
    attributes, written = Attributes(history), Written(history)
    later = {f for f in fields if not attributes.columns[f][2] and _column(history, f) in written.columns}
    at_start = sorted(fields - later)
    return Inputs(
        schema=_schema(history, attributes, at_start),
        samples=_samples(history, attributes, at_start, seed),
        written=_written(history, sorted(later)),
    )


def _column(history: History, field: str) -> str:
    return next(c for c in (field, f"event:{field}", f"case:{field}") if c in history.frame.columns)


def _kind(attributes: Attributes, field: str) -> str:
    values, numeric, _ = attributes.columns[field]
    if numeric:
        return "number"
    return "boolean" if pd.api.types.is_bool_dtype(values.dropna()) else "string"


def _schema(history: History, attributes: Attributes, fields: list[str]) -> JsonSchema:
    if not fields:
        return {}
    first = history.first[:-1]
    always = [f for f in fields if attributes.columns[f][0].iloc[first].notna().all()]
    properties = {field: {"type": _kind(attributes, field)} for field in fields}
    return {"type": "object", "properties": properties} | ({"required": always} if always else {})


def _samples(
    history: History, attributes: Attributes, fields: list[str], seed: int
) -> tuple[dict[str, Any], ...]:
    if not fields:
        return ()
    cases = np.random.default_rng(seed).choice(history.cases, min(SAMPLES, history.cases), replace=False)
    rows = history.first[np.sort(cases)]
    table = {field: attributes.columns[field][0].iloc[rows].tolist() for field in fields}
    return tuple(
        {field: plain(values[i]) for field, values in table.items() if not pd.isna(values[i])}
        for i in range(len(rows))
    )


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | float | np.number):
        return int(value) if float(value).is_integer() else round(float(value), 6)
    return str(value)


def _written(history: History, fields: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for field in fields:
        has = history.frame[_column(history, field)].notna().groupby(history.frame["activity"]).mean()
        for activity in has[has >= MOSTLY].index:
            found.setdefault(str(activity), []).append(field)
    return {activity: tuple(names) for activity, names in found.items()}


def with_output(history: History, step: Step, fields: tuple[str, ...], rows: "np.ndarray[Any, Any]") -> Step:
    """A step that must give these fields, with the shares of the values it was seen to give."""
    attributes = Attributes(history)
    properties = {field: {"type": _kind(attributes, field)} for field in fields}
    outputs = dict(step.observed.outputs) if step.observed else {}
    for field in fields:
        values = history.frame[_column(history, field)].iloc[rows].dropna()
        if _kind(attributes, field) == "number":
            numbers = np.quantile(pd.to_numeric(values, errors="coerce").dropna(), LEVELS)
            shares: dict[str, float] = {}
            for number in numbers:
                name = str(plain(number))
                shares[name] = round(shares.get(name, 0.0) + 1 / len(LEVELS), 4)
        else:
            counted = values.astype(str).value_counts(normalize=True).head(MOST_VALUES)
            shares = {str(value): round(float(share), 4) for value, share in counted.items()}
        outputs[field] = shares
    observed = step.observed or Observed(n=len(rows))
    schema = {"type": "object", "properties": properties, "required": list(fields)}
    return step.model_copy(
        update={"output": schema, "observed": observed.model_copy(update={"outputs": outputs})}
    )

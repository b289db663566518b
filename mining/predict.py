"""`baton predict`: how long running cases will still take, and which will miss their SLA."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from home.context import Context
from home.contracts import Contract, Option, Response
from home.errors import UsageError
from home.text import duration, percent, plain, table
from ingest.contracts import Moment
from ingest.feeds import seconds
from mining.contracts import LogRequest
from mining.forecast import COVERED, Forecast, Learner, learned
from mining.instances import instances
from mining.lens import lens
from mining.prefixes import Known, known
from mining.running import running_cases

MOST_INSTANCES = 2_000_000


class PredictRequest(LogRequest):
    """Asks what will become of the running cases."""

    sla: Annotated[str | None, Option(("--sla",), "TIME")] = None
    """A case should take no longer than this: 36h, 10d. Without it, what nine in ten cases took."""
    learner: Learner = "scikit-learn"
    """What learns: gradient-boosted trees of scikit-learn, or of LightGBM where it is installed."""
    top: int = Field(default=20, ge=1)
    """How many running cases to list, those most likely to miss the SLA first."""

    @field_validator("sla")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        if value is not None:
            seconds(value)
        return value


class Prediction(Contract):
    """What is expected of one running case."""

    case: str
    started: Moment
    last: str
    """The last activity done."""
    elapsed_s: float
    remaining_s: float
    """As likely to take longer as to take less."""
    low_s: float
    high_s: float
    """Four cases in five end within these."""
    breach: float
    """Probability that it takes longer than the SLA in all."""


class Predictions(Response):
    """What is expected of the running cases, and how wrong such expectations were."""

    log: str
    at: Moment
    """The latest event of the log: what is known was known then."""
    sla_s: float
    running: int
    by: str
    """`model`, or `baseline` where the model was not surely better; `none` where there is too little."""
    mae_s: float | None
    """Mean absolute error on later cases."""
    baseline_mae_s: float | None
    """That of the median of what was left after the same activities."""
    gain: float | None
    """How much less wrong than the baseline the model was; `low` and `high` its 95 % interval."""
    gain_low: float | None
    gain_high: float | None
    covered: float | None
    """Share of later cases within their 80 % interval."""
    brier: float | None
    """Mean squared error of the probability of a breach; `brier_base` that of always saying their share."""
    brier_base: float | None
    cases: list[Prediction]
    message: str = ""

    def lines(self) -> Iterator[str]:
        """How good the predictions are, then the cases."""
        yield (
            f"{plain(self.log)}: {self.running:,} running cases at {self.at:%Y-%m-%d %H:%M}; "
            f"SLA {duration(self.sla_s)}"
        )
        if self.message:
            yield self.message
        if self.mae_s is not None and self.gain is not None and self.covered is not None:
            yield (
                f"By the {self.by}: wrong by {duration(self.mae_s)} on average on later cases; "
                f"the median after the same activities by {duration(self.baseline_mae_s)}."
            )
            yield (
                f"{percent(self.covered)} of later cases ended within their {COVERED:.0%} interval; "
                f"odds of a breach: Brier {self.brier:.3f}, the share alone {self.brier_base:.3f}."
            )
            if self.brier is not None and self.brier_base is not None and self.brier >= self.brier_base:
                yield "The odds told later cases apart no better than their share did: do not act on them."
        if self.cases:
            yield ""
            columns = ("case", "last", "elapsed_s", "remaining_s", "low_s", "high_s", "breach")
            yield from table([{**c.model_dump(), "breach": percent(c.breach)} for c in self.cases], columns)


def predict(context: Context, request: PredictRequest) -> Predictions:
    """Predict the time left of running cases and the odds that they miss the SLA.

    A model (gradient-boosted trees) learns from cases that are over, and is used only where it was surely
    less wrong on later cases than the median of what was left after the same activities. Intervals and odds
    come from the errors that were made (split conformal prediction).
    """
    if request.learner == "lightgbm" and find_spec("lightgbm") is None:
        raise UsageError(
            "LightGBM is not installed.", hint="`pip install 'baton[boosted]'`, or leave out --learner."
        )
    with lens(context, request.log, request.view, request.where) as view:
        view.some()
        frame = instances(view.cursor)
    keep = [c for c in frame.columns if c.startswith("case:") or c in ("case", "activity", "start", "end")]
    frame = frame[keep]
    thinned = ""
    if len(frame) > MOST_INSTANCES:
        cases = frame["case"].drop_duplicates()
        some = cases.iloc[:: -(-len(frame) // MOST_INSTANCES)]
        thinned = f"Learned from every {-(-len(frame) // MOST_INSTANCES)}th case."
        frame = frame[frame["case"].isin(some)]
    context.job.progress(None, f"Learning from the past of {request.log}")
    sla_s = seconds(request.sla) if request.sla else None
    return context.compute(predicted, request.log, frame, sla_s, request.top, thinned, request.learner)


def predicted(
    log: str,
    frame: pd.DataFrame,
    sla_s: float | None,
    top: int,
    note: str,
    learner: Learner = "scikit-learn",
) -> Predictions:
    """The same from plain data: instances with case attributes."""
    running = running_cases(frame)
    past = known(frame)
    open_now = past.cases["id"].isin(running).to_numpy()
    took = (past.cases["end"] - past.cases["start"]).dt.total_seconds().to_numpy()
    if sla_s is None:
        sla_s = float(np.quantile(took[~open_now], 0.9)) if (~open_now).any() else 0.0
    nothing = "No case is running: after each last activity nothing more is to be expected."
    found = learned(past, ~open_now, sla_s, learner) if open_now.any() else nothing
    now = past.cases["end"].max()
    judged = None if isinstance(found, str) else found.judged
    beats = isinstance(found, Forecast) and found.beats
    message = found if isinstance(found, str) else note
    if judged is not None and not beats:
        span = f"{percent(judged.gain_low)} to {percent(judged.gain_high)}"
        message = f"{note} The model was not surely better than the baseline ({span} less wrong).".strip()
    return Predictions(
        log=log,
        at=now.to_pydatetime(),
        sla_s=sla_s,
        running=int(open_now.sum()),
        by="none" if judged is None else "model" if beats else "baseline",
        mae_s=judged and judged.mae_s,
        baseline_mae_s=judged and judged.baseline_mae_s,
        gain=judged and judged.gain,
        gain_low=judged and judged.gain_low,
        gain_high=judged and judged.gain_high,
        covered=judged and judged.covered,
        brier=judged and judged.brier,
        brier_base=judged and judged.brier_base,
        cases=[] if isinstance(found, str) else _cases(past, found, open_now, now, sla_s)[:top],
        message=message,
    )


def _cases(
    past: Known, found: Forecast, open_now: np.ndarray, now: pd.Timestamp, sla_s: float
) -> list[Prediction]:
    numbers = np.flatnonzero(open_now)
    if not len(numbers):
        return []
    pairs = pd.DataFrame({"case": numbers, "at": now.to_datetime64(), "in_progress": len(numbers)})
    pairs["at"] = pairs["at"].astype("datetime64[us]")
    rows = past.at(pairs)
    left = found.model.predict(rows)
    low, high = found.errors.interval(left)
    odds = found.errors.longer_than(left, sla_s - rows["elapsed_s"].to_numpy(float))
    which, last = rows["case"].to_numpy(int), rows["last"].to_numpy(int)
    elapsed = rows["elapsed_s"].to_numpy(float)
    made = [
        Prediction(
            case=str(past.cases["id"].iloc[which[i]]),
            started=past.cases["start"].iloc[which[i]].to_pydatetime(),
            last=past.activities[last[i]],
            elapsed_s=float(elapsed[i]),
            remaining_s=float(left[i]),
            low_s=float(low[i]),
            high_s=float(high[i]),
            breach=float(odds[i]),
        )
        for i in range(len(rows))
    ]
    return sorted(made, key=lambda p: (-p.breach, -p.elapsed_s, p.case))

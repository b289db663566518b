"""Has a model judge a case: accepted where it is sure, asked of a person where it is not, checked always."""

import asyncio
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from pydantic import Field, model_validator

from home.context import Context
from home.errors import BatonError
from orchestrate.connectors.options import Options
from orchestrate.connectors.port import About, Ask, CallFailed, Connector, Work, options_of
from orchestrate.contracts import Step
from orchestrate.models import scores
from orchestrate.models.known import Model, find_model
from orchestrate.models.scores import Band, Trust, Way

BLIND = "a person decides this one without the model's word"


class ModelOptions(Options):
    """Which model, and what its confidence means."""

    model: str
    """Name of a table [models.NAME] in baton.toml: swapping the model changes nothing here."""
    accept: float = Field(default=0.95, gt=0, le=1)
    """From this confidence on its label is the outcome, with nobody asked."""
    ask: float = Field(default=0.5, ge=0, le=1)
    """From this confidence on a person decides, with the label as a suggestion; below, see `reject`."""
    reject: str | None = None
    """Outcome of what is below `ask`; without it a person decides, and is shown no suggestion."""
    shadow: float = Field(default=0.05, gt=0, le=1)
    """Share of what would be accepted that a person decides blind, so that drift is seen."""
    agreement: float = Field(default=0.9, gt=0, lt=1)
    """Share of blind checks in which people must agree; surely below, everything goes to people."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ask > self.accept:
            raise ValueError("ask must not be above accept")
        return self

    def misfit(self, step: Step) -> str | None:
        """A model chooses among the outcomes of its step."""
        if not step.outcomes:
            return "the step has no outcomes for a model to choose from"
        if self.reject is not None and self.reject not in step.outcomes:
            return f"reject is {self.reject!r}, which is no outcome of the step"
        return None


class ModelConnector:
    """The model is behind HTTP, a Python function or a program; every score is kept."""

    summary = "Has a model decide where it is confident and a person where it is not; notices when it drifts."
    about = About(
        purpose="Classifies, scores or predicts with a learned model, and lets people decide the rest.",
        verbs=(
            "classify",
            "score",
            "predict",
            "recognise",
            "detect",
            "triage",
            "estimate",
            "route",
            "assess",
        ),
        systems=("machine learning", "AI", "language model", "fraud detection", "document recognition"),
        idempotent="a score is kept per visit; a repeated attempt gets the same one",
        cost="one call of the model, and a person for what it is not sure of",
    )
    options = ModelOptions

    def __init__(self, context: Context) -> None:
        self._context = context
        self._behind: dict[str, Connector] = {}

    async def call(self, work: Work) -> Mapping[str, Any] | Ask:
        """Score the case once, write the score down, and do what its band says."""
        options = options_of("model", ModelOptions, work)
        if problem := options.misfit(work.step):
            raise CallFailed(problem, retryable=False)
        state = self._context.state
        row = await asyncio.to_thread(scores.kept, state, work.key)
        if row is None:
            answer = await self._ask_model(options.model, work)
            await asyncio.to_thread(self._keep, options, work, answer)
            row = await asyncio.to_thread(scores.kept, state, work.key)
            assert row is not None  # noqa: S101 - kept just now
        return _follow(row, options)

    def _keep(self, options: ModelOptions, work: Work, answer: Mapping[str, Any]) -> None:
        state, now = self._context.state, self._context.clock.now().timestamp()
        label, confidence, version = _read(answer, options.model)
        trust = scores.trust_in(state, options.model, version)
        trust = scores.look(state, trust, options.model, version, options.agreement, work, now)
        band = _band(confidence, options)
        went = _way(band, label, trust, options, work)
        facts = {"model": options.model, "version": version, "at": now, "label": label}
        facts |= {"confidence": confidence, "band": band, "went": went}
        scores.keep(state, work, facts, answer)

    async def _ask_model(self, name: str, work: Work) -> Mapping[str, Any]:
        try:
            model = await asyncio.to_thread(find_model, self._context.home, name)
        except BatonError as error:
            raise CallFailed(error.message, retryable=False, hint=error.hint) from error
        # The step's contract is about the decision, not about what the model says on the way to it.
        step = work.step.model_copy(update={"output": {}})
        answer = await self._connector(model).call(replace(work, settings=model.settings, step=step))
        if not isinstance(answer, Mapping):
            raise CallFailed(f"the model {name!r} did not answer at once", retryable=False)
        return answer

    def _connector(self, model: Model) -> Connector:
        from orchestrate.connectors.registry import find_connector

        if model.connector not in self._behind:
            self._behind[model.connector] = find_connector(model.connector)(self._context)
        return self._behind[model.connector]


def _read(answer: Mapping[str, Any], model: str) -> tuple[str, float, str]:
    """Label, confidence and version of an answer; raises `CallFailed` where it says them not."""
    label, confidence = answer.get("label", answer.get("score")), answer.get("confidence")
    version = answer.get("version")
    if label is None or isinstance(label, dict | list) or not isinstance(version, str | int):
        raise CallFailed(f"the model {model!r} says no label or no version", retryable=False)
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise CallFailed(f"the model {model!r} says no confidence between 0 and 1", retryable=False)
    return str(label), float(confidence), str(version)


def _band(confidence: float, options: ModelOptions) -> Band:
    if confidence >= options.accept:
        return "accept"
    return "ask" if confidence >= options.ask else "reject"


def _way(band: Band, label: str, trust: Trust, options: ModelOptions, work: Work) -> Way:
    """What is done with a score; a person decides blind where the model is not to be relied on."""
    if not trust.trusted:
        return "blind"
    if label not in work.step.outcomes:
        return "manual"
    if band == "accept":
        # Many of a new version's first are checked, ever fewer later: the n-th with probability 1/n.
        share = max(options.shadow, 1 / (1 + trust.asked))
        return "blind" if _chance(work.key, options.model) < share else "accept"
    if band == "ask":
        return "ask"
    return "reject" if options.reject is not None else "manual"


def _chance(key: str, model: str) -> float:
    """A number from 0 to 1 that is the same in every attempt."""
    return int.from_bytes(hashlib.sha256(f"{model}\0{key}".encode()).digest()[:8], "big") / 2**64


def _follow(row: Mapping[str, Any], options: ModelOptions) -> Mapping[str, Any] | Ask:
    label, confidence = row["label"], row["confidence"]
    facts = {"model": row["model"], "version": row["version"], "confidence": confidence}
    match row["went"]:
        case "accept":
            said = json.loads(row["answer"]).get("output")
            return {**(said if isinstance(said, dict) else {}), "outcome": label, "scored": facts}
        case "reject":
            return {"outcome": options.reject, "scored": facts}
        case "ask":
            percent = math.floor(confidence * 100)
            reason = f"the model suggests {label!r} and is {percent} % sure"
            return Ask(reason, {"suggestion": {"outcome": label, **facts}})
        case "manual":
            return Ask("the model is not sure enough to suggest anything")
    return Ask(BLIND)

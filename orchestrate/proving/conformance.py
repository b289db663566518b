"""`baton conformance`: a log against a discovered, an imported or a published model."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from home.context import Context
from home.contracts import InputFile, Option
from home.errors import NotFound
from mining.bpmn_reader import net_of_bpmn
from mining.conformance import Compared, Conformance, Variants, compared, deviations, numbered_variants
from mining.contracts import LogRequest
from mining.lens import lens
from mining.petri_net import Net
from mining.tree import Tree


class ConformanceRequest(LogRequest):
    """Asks how far a log conforms to a model."""

    model: Annotated[str | None, InputFile()] = None
    """A BPMN 2.0 file, or a plan file."""
    plan: str | None = None
    """A published plan, in place of a file."""
    version: int | None = None
    """Version of the published plan; the newest where not given."""
    miner: Literal["inductive", "grow", "split"] = "inductive"
    """Without a model, the one that this miner discovers from the log itself."""
    noise: Annotated[float, Field(ge=0, le=1)] = 0.2
    """How much rare behaviour a discovered model leaves out; `grow` weighs it by itself."""
    budget_s: Annotated[float, Option(("--budget",), "SECONDS"), Field(gt=0)] = 20.0
    """Time that finding the deviations may take."""

    @model_validator(mode="after")
    def _one_model(self) -> "ConformanceRequest":
        if self.model and self.plan:
            raise ValueError("--model and --plan exclude each other")
        if self.version is not None and not self.plan:
            raise ValueError("--version needs --plan")
        return self


def conformance(context: Context, request: ConformanceRequest) -> Conformance:
    """Say which cases a model accepts exactly, where the others deviate, and how long those cases take.

    The model is a BPMN or plan file (`--model`), a published plan (`--plan`), or one that is discovered from
    the log. A deviation is an activity skipped or extra, told with what the case did before it. Cycle times
    go with deviations; which causes which is not said.
    """
    given, called, note = _given(context, request)
    with lens(context, request.log, request.view, request.where) as view:
        view.some()
        variants = numbered_variants(view.cursor)
        context.job.progress(None, f"Comparing {request.log} with {called}")
        found = context.compute(
            compared_with, given, request.miner, request.noise, variants, request.budget_s
        )
        told, total = deviations(view.cursor, found, view.cases)
        accepted = set(found.accepted)
        conforming = sum(cases for number, _, cases in variants if number in accepted)
        return Conformance(
            log=request.log,
            model=called,
            cases=view.cases,
            conforming=conforming,
            coverage=conforming / view.cases,
            fitness=found.fitness,
            measured=found.measured,
            deviations=told,
            deviations_total=total,
            message=f"{note} {found.message}".strip(),
        )


def compared_with(
    given: Tree | Net | None, miner: str, noise: float, variants: Variants, budget_s: float
) -> Compared:
    """`compared`, with a model discovered first where none is given; plain data in and out."""
    if given is None:
        from mining.discover import model_of

        given = model_of(miner, {activities: cases for _, activities, cases in variants}, noise)
    return compared(given, variants, budget_s)


def _given(context: Context, request: ConformanceRequest) -> tuple[Tree | Net | None, str, str]:
    """The model asked for (none: discover it), what to call it, and what was left out of it."""
    from orchestrate.plans.plan_file import read_plan
    from orchestrate.plans.plan_tree import plan_tree
    from orchestrate.plans.versions import find_version

    if request.plan is not None:
        found = find_version(context.state, request.plan, request.version)
        return plan_tree(found.plan).tree, f"{request.plan} version {found.version}", ""
    if request.model is None:
        return None, f"the model that the {request.miner} miner finds", ""
    file = Path(request.model)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NotFound(
            f"Cannot read the model {request.model!r}: {error.strerror}.",
            hint="`baton discover LOG --bpmn FILE` writes one.",
        ) from error
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") or not content.strip():
        net, note = net_of_bpmn(content, file.name)
        return net, file.name, note
    return plan_tree(read_plan(file)).tree, file.name, ""

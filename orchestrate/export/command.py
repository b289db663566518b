"""`baton export`: a plan for other tools and for people."""

from collections.abc import Iterator
from typing import Annotated, Literal

from home.context import Context
from home.contracts import Argument, FileResponse, InputFile, Option, OutputFile, Request
from home.errors import NotAvailable
from home.text import plain


class ExportRequest(Request):
    """Which plan to write as what."""

    file: Annotated[str, Argument("FILE"), InputFile()]
    """A plan file."""
    to: Literal["bpmn", "mermaid", "camunda8", "asl", "dmn"]
    """`bpmn`: BPMN 2.0 with a diagram; `mermaid`: a flowchart as text."""
    output: Annotated[str | None, Option(("-o", "--output"), "FILE"), OutputFile()] = None
    """Where to write it; `-` is stdout."""


class Exported(FileResponse):
    """A plan in another form."""

    plan: str
    to: str

    def lines(self) -> Iterator[str]:
        """Where it was written; without a file, the text itself."""
        if self.path:
            yield plain(f"{self.plan} as {self.to}: {self.path}")
        elif self.content:
            yield from self.content.splitlines()


def export(context: Context, request: ExportRequest) -> Exported:  # noqa: ARG001
    """Write a plan as BPMN 2.0 with a diagram of its own, or as a Mermaid flowchart."""
    from orchestrate.plans.plan_file import read_plan

    if request.to not in ("bpmn", "mermaid"):
        raise NotAvailable(f"Export to {request.to}", hint="`--to bpmn` and `--to mermaid` are.")
    found = read_plan(request.file)
    if request.to == "bpmn":
        from orchestrate.export.bpmn import plan_bpmn

        return Exported(plan=found.name, to=request.to, content=plan_bpmn(found))
    from orchestrate.export.mermaid import plan_mermaid

    return Exported(plan=found.name, to=request.to, content=plan_mermaid(found))

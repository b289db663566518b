"""Plans as BPMN and Mermaid: every step is there, and hostile names stay text."""

from datetime import timedelta
from xml.etree import ElementTree as Xml

from orchestrate.contracts import (
    Branch,
    Choice,
    Loop,
    Owner,
    Parallel,
    Plan,
    Sequence,
    Skip,
    Sla,
    Step,
)
from orchestrate.export.bpmn import plan_bpmn, xml_id
from orchestrate.export.mermaid import plan_mermaid, quoted

NASTY = 'Check "A" <script>alert(1)</script> & | ; #'
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SHAPE = "{http://www.omg.org/spec/BPMN/20100524/DI}BPMNShape"

PLAN = Plan(
    name="p",
    owner=Owner(name="ada"),
    body=Sequence(
        id="all",
        children=(
            Step(id="1st step", name=NASTY, sla=Sla(due=timedelta(hours=4), escalate=("boss",))),
            Parallel(id="both", children=(Step(id="b", name="B", does="service"), Step(id="c", name="C"))),
            Choice(
                id="way",
                by="rule",
                otherwise="small",
                branches=(
                    Branch(name="large", share=0.2, when="data.amount > 5", body=Step(id="d", name="D")),
                    Branch(name="small", share=0.8, body=Skip(id="k")),
                ),
            ),
            Loop(
                id="again",
                body=Step(id="e", name="E"),
                redo=Skip(id="r"),
                by="person",
                question="Once more?",
            ),
        ),
    ),
    side=(Step(id="note", name="Note"),),
)


def test_bpmn_has_every_step_a_shape_for_each_and_the_sla_as_timer() -> None:
    root = Xml.fromstring(plan_bpmn(PLAN))  # noqa: S314 - our own text
    process = root.find(f"{BPMN}process")
    assert process is not None
    names = {task.get("name") for task in process if task.tag.endswith(("Task", "task"))}
    assert names == {NASTY, "B", "C", "D", "E"}
    timer = process.find(f"{BPMN}boundaryEvent/{BPMN}timerEventDefinition/{BPMN}timeDuration")
    assert timer is not None and timer.text == "PT4H"
    drawn = {shape.get("bpmnElement") for shape in root.iter(SHAPE)}
    assert {xml_id("1st step"), "b", "c", "d", "e"} <= drawn
    assert "data.amount > 5" in {e.text for e in root.iter(f"{BPMN}conditionExpression")}


def test_mermaid_shows_names_as_they_stand() -> None:
    text = plan_mermaid(PLAN)
    assert text.startswith("flowchart LR\n")
    assert "<script>" not in text
    assert quoted(NASTY).strip('"') in text
    for name in ("B", "C", "D", "E", "Note (at any time)", "data.amount #gt; 5", "Once more?"):
        assert name in text


def test_ids_become_what_xml_allows() -> None:
    assert (xml_id("1st step"), xml_id("ok-1.a"), xml_id("é")) == ("_1st_step", "ok-1.a", "_")

"""A plan as a Mermaid flowchart, for wikis and pull requests."""

from dataclasses import dataclass, field

from orchestrate.contracts import Choice, Loop, Node, Parallel, Plan, Sequence, Step, deciders


def plan_mermaid(plan: Plan) -> str:
    """The plan as Mermaid text; every name is quoted, and markup in it is shown as it stands."""
    drawing = _Drawing()
    start, end = drawing.shape("([", "start", "])"), drawing.shape("([", "end", "])")
    last = drawing.add(plan.body, start, "")
    drawing.flow(last[0], end, last[1])
    for step in plan.side:
        drawing.shape("[/", f"{step.name} (at any time)", "/]")
    return "\n".join(["flowchart LR", *drawing.lines]) + "\n"


@dataclass
class _Drawing:
    """Numbers shapes and collects lines; an open end is the shape it leaves and the text on its flow."""

    lines: list[str] = field(default_factory=list)
    shapes: int = 0

    def shape(self, left: str, text: str, right: str) -> str:
        self.shapes += 1
        name = f"n{self.shapes}"
        self.lines.append(f"  {name}{left}{quoted(text)}{right}")
        return name

    def flow(self, source: str, target: str, text: str = "") -> None:
        label = f"|{quoted(text)}|" if text else ""
        self.lines.append(f"  {source} -->{label} {target}")

    def add(self, node: Node, before: str, text: str) -> tuple[str, str]:
        """Draw `node` after the open end `(before, text)`; returns the new open end."""
        match node:
            case Step():
                left, right = ("[[", "]]") if node.does != "human" else ("[", "]")
                due = f" (due {node.sla.model_dump(mode='json')['due']})" if node.sla else ""
                each = f" (for each of {node.each.of})" if node.each else ""
                shape = self.shape(left, node.name + each + due, right)
                self.flow(before, shape, text)
                return shape, ""
            case Sequence():
                end = (before, text)
                for child in node.children:
                    end = self.add(child, *end)
                return end
            case Parallel():
                return self._between(before, text, "+", [(child, "") for child in node.children])
            case Choice():
                branches = [
                    (b.body, b.when or f"{' or '.join(b.words)} ({b.share:.0%})") for b in node.branches
                ]
                return self._between(before, text, _asked(node), branches)
            case Loop():
                return self._loop(node, before, text)
        return before, text

    def _between(self, before: str, text: str, asked: str, parts: list[tuple[Node, str]]) -> tuple[str, str]:
        split, join = self.shape("{", asked, "}"), self.shape("(((", " ", ")))")
        self.flow(before, split, text)
        for part, label in parts:
            end = self.add(part, split, label)
            self.flow(end[0], join, end[1])
        return join, ""

    def _loop(self, node: Loop, before: str, text: str) -> tuple[str, str]:
        entry = self.shape("(((", " ", ")))")
        self.flow(before, entry, text)
        last = self.add(node.body, entry, "")
        decision = self.shape("{", node.question or "again?", "}")
        self.flow(last[0], decision, last[1])
        again = " or ".join(node.again_outcomes) or "again"
        back = self.add(node.redo, decision, node.again or f"{again} ({node.share_again:.0%})")
        self.flow(back[0], entry, back[1])
        return decision, "on"


def _asked(node: Choice) -> str:
    said = f"outcome of {' or '.join(deciders(node))}"
    return node.question or (said if node.by == "outcome" else node.by)


def quoted(text: str) -> str:
    """Text as Mermaid shows it verbatim: entities for all that could be markup."""
    plain = "".join(c if c.isalnum() or c in " .,:;!?()/+-_%=<>&|'" else f"#{ord(c)};" for c in text)
    for markup, entity in (("&", "#38;"), ("<", "#lt;"), (">", "#gt;"), ("|", "#124;")):
        plain = plain.replace(markup, entity)
    return f'"{plain}"'

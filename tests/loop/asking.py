"""What an analyst asks of a log, as lines that are typed, and a way to ask them without a process each."""

import json
import shlex
from pathlib import Path
from typing import Any

from home.command_line import parse
from home.context import Context, Stores
from home.errors import BatonError
from home.registry import load
from home.settings import configure

QUESTIONS = (
    "map {log}",
    "map {log} --view events",
    "map {log} --time working",
    "variants {log} --top 20",
    "cases {log} --sort longest --top 5",
    "discover {log} --noise 0.2",
    "discover {log} --miner heuristics",
    "discover {log} --miner split",
    "discover {log} --miner grow",
    "performance {log}",
    "spectrum {log}",
    "rework {log}",
    "handovers {log}",
    "workload {log}",
    "tokens {log} --cases 20",
    "waiting {log}",
    "waiting {log} --precedence kronos",
    "drift {log}",
    "findings {log}",
    "difference {log}",
    "chaos {log}",
    "predict {log}",
    "explain {log}",
    "control {log}",
    "conformance {log}",
    "candidates {log}",
    "assess {log}:process",
    "quality {log}",
)


class Analyst:
    """Somebody who asks one home, in one process, as the service does."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.commands = load()

    @classmethod
    def at(cls, home: Path) -> "Analyst":
        """Somebody who asks the home in this folder."""
        configuration = configure({"home": home}, {})
        return cls(Context(configuration, Stores(configuration.settings), actor="analyst"))

    def ask(self, line: str) -> dict[str, Any]:
        """The answer to a typed line, once as JSON and once as text: both can be written."""
        name, *arguments = shlex.split(line)
        command = self.commands.get(name)
        answer = command.function(self.context, parse(command, arguments))
        assert all(isinstance(said, str) for said in answer.lines())
        found: dict[str, Any] = json.loads(json.dumps(answer.model_dump(mode="json"), allow_nan=False))
        return found

    def tell(self, line: str) -> dict[str, Any] | BatonError:
        """The answer, or the error it ends with; whatever else is raised would have been a traceback."""
        try:
            return self.ask(line)
        except BatonError as error:
            return error

    def close(self) -> None:
        """Let go of the home."""
        self.context.stores.close()

"""A person in a process of their own: decides every task named on stdin, and says what they were told.

python -m tests.chaos.deciders URL WHO
"""

import sys
from pathlib import Path

from home.context import Context, Stores
from home.settings import Configuration, Settings
from orchestrate.people.approvals import AlreadyDecided, DecideRequest, TooLate, decide


def say(what: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main(url: str, who: str) -> None:
    """Answer `counts` or `refused` per task; the outcome is this person's name."""
    settings = Settings(home=Path.cwd(), database_url=url)
    context = Context(Configuration(settings, {}), Stores(settings), actor=who)
    context.state.rows("select 1 as ready")
    say("ready")
    for task in map(str.strip, sys.stdin):
        try:
            decide(context, DecideRequest(task=task, outcome=who, by=who))
        except (AlreadyDecided, TooLate):
            say("refused")
        else:
            say("counts")


if __name__ == "__main__":
    main(*sys.argv[1:])

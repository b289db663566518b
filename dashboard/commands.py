"""The commands of the dashboard room."""

from home.registry import Command

COMMANDS = (
    Command(
        "serve",
        "dashboard.service:serve",
        "Serve the dashboard, the API and a worker.",
        examples=("baton serve", "baton serve --port 9000 --home ~/baton"),
        stores=frozenset({"events", "state"}),
        group="Service",
        api=False,
    ),
    Command(
        "demo",
        "dashboard.demo:demo",
        "Run the whole loop on a sample company and say what it found.",
        examples=("baton demo", "baton demo --scale 0.3 --json"),
        stores=frozenset({"events", "state"}),
        group="Service",
    ),
)

"""The commands of the home room."""

from home.registry import Command

COMMANDS = (
    Command(
        "config",
        "home.show_settings:show_settings",
        "Show every setting, its value and where it came from.",
        examples=("baton config", "BATON_PORT=9000 baton config --json"),
        group="Service",
    ),
)

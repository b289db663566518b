"""The commands of the ingest room."""

from home.registry import Command

COMMANDS: tuple[Command, ...] = (
    Command(
        "ingest",
        "ingest.load:ingest",
        "Bring a source into an event log.",
        examples=(
            "baton ingest orders.csv --log orders --map case_id=Order --map activity=Step --map timestamp=At",
            "baton ingest claims.xes.gz --log claims",
            "baton ingest sqlite:///erp.db --query @events.sql --log p2p --system ERP",
        ),
        stores=frozenset({"events"}),
        group="Understand",
    ),
    Command(
        "inspect",
        "ingest.inspection:inspect",
        "Show a source's columns with samples, and propose what they mean.",
        examples=("baton inspect orders.csv",),
        stores=frozenset({"events"}),
        group="Understand",
    ),
    Command(
        "logs",
        "ingest.logs:list_logs",
        "List the event logs.",
        examples=("baton logs",),
        stores=frozenset({"events"}),
        group="Understand",
    ),
    Command(
        "quarantine",
        "ingest.logs:list_set_aside",
        "Show the rows that were set aside, and why.",
        examples=("baton quarantine orders",),
        stores=frozenset({"events"}),
        group="Understand",
    ),
    Command(
        "drop",
        "ingest.logs:drop_log",
        "Remove an event log.",
        examples=("baton drop orders",),
        stores=frozenset({"events"}),
        group="Understand",
    ),
    Command(
        "adapters",
        "ingest.logs:list_adapters",
        "List the kinds of sources that can be read.",
        examples=("baton adapters",),
        group="Understand",
    ),
    Command(
        "sample",
        "ingest.sample:sample",
        "Make a small company with four processes and load its logs.",
        examples=("baton sample", "baton sample --scale 0.1"),
        stores=frozenset({"events"}),
        group="Understand",
    ),
)

"""The commands of the mining room."""

from home.registry import Command, Store

EVENTS: frozenset[Store] = frozenset({"events"})

COMMANDS: tuple[Command, ...] = (
    Command(
        "map",
        "mining.directly_follows:process_map",
        "Show which activity follows which, how often and after how long.",
        examples=("baton map orders", "baton map orders --where 'case.amount > 1000' --json"),
        stores=EVENTS,
        group="Understand",
    ),
    Command(
        "variants",
        "mining.variants:variants",
        "List the distinct paths that cases take, commonest first.",
        examples=("baton variants orders --top 10",),
        stores=EVENTS,
        group="Understand",
    ),
    Command(
        "cases",
        "mining.cases:cases",
        "List cases, for example the longest ones that pass a filter.",
        examples=("baton cases orders --sort longest --top 20",),
        stores=EVENTS,
        group="Understand",
    ),
    Command(
        "case",
        "mining.cases:case",
        "Show one case step by step.",
        examples=("baton case orders 4711",),
        stores=EVENTS,
        group="Understand",
    ),
    Command(
        "discover",
        "mining.discover:discover",
        "Find a model of the process, and say how well it describes the log.",
        examples=("baton discover orders --bpmn orders.bpmn", "baton discover orders --miner grow"),
        stores=EVENTS,
        group="Understand",
    ),
    Command(
        "performance",
        "mining.performance:performance",
        "Show cycle times, and the cases that arrive, end and are in progress per week.",
        examples=("baton performance orders",),
        stores=EVENTS,
        group="Understand",
    ),
    Command(
        "rework",
        "mining.rework:rework",
        "Show what is done more than once in a case.",
        examples=("baton rework orders",),
        stores=EVENTS,
        group="Understand",
    ),
    Command(
        "handovers",
        "mining.handover:handovers",
        "Show who hands work to whom, and how long it lies between them.",
        examples=("baton handovers orders",),
        stores=EVENTS,
        group="Understand",
    ),
    Command(
        "tokens",
        "mining.tokens:tokens",
        "Take a sample of cases to replay on the process map.",
        examples=("baton tokens orders --cases 50 --json",),
        stores=EVENTS,
        group="Understand",
    ),
    Command(
        "waiting",
        "mining.waiting:waiting",
        "Show how long work waits in each handoff, and why.",
        examples=("baton waiting orders", "baton waiting orders --calendars hours.json --precedence kronos"),
        stores=EVENTS,
        group="Understand",
    ),
    Command(
        "drift",
        "mining.drift:drift",
        "Find when the process changed, and in what.",
        examples=("baton drift orders",),
        stores=EVENTS,
        group="Understand",
    ),
    Command(
        "findings",
        "mining.findings:findings",
        "Say in words what stands out in a log.",
        examples=("baton findings orders",),
        stores=EVENTS,
        group="Understand",
    ),
)

"""One entry of the catalogue."""

from home.contracts import Contract


class Entry(Contract):
    """One thing that a step can be made of."""

    kind: str
    """`connector`, `operation`, `model`, `plan` or `component`."""
    name: str
    purpose: str
    verbs: list[str] = []
    """What steps that want it are called."""
    inputs: list[str] = []
    """Fields it takes; one that must be there ends with `*`."""
    outputs: list[str] = []
    systems: list[str] = []
    """What it reaches."""
    idempotent: str = ""
    """How a repeated attempt is kept from doing the work twice."""
    cost: str = ""
    """What using it takes."""
    use: str = ""
    """How a step is made of it."""

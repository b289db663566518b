"""One attempt of one step, for whichever connector."""

import asyncio
from typing import Any

from orchestrate.connectors.port import Work
from orchestrate.connectors.registry import close_connectors
from orchestrate.contracts import Observed, Step

CONTRACT = {
    "type": "object",
    "required": ["approved"],
    "properties": {"approved": {"type": "boolean"}},
}


def work(key: str = "r:a:1", given: dict[str, Any] | None = None, **options: Any) -> Work:
    """One attempt of a step whose output says whether it is approved."""
    timeout_s = options.pop("timeout_s", 5.0)
    seen = Observed(n=10, outputs={"approved": {"true": 1.0}})
    step = options.pop("step", None) or Step(id="a", name="A", does="service", output=CONTRACT, observed=seen)
    run, node, visit = (*key.split(":"), "1")[:3]
    return Work(
        step=step,
        settings=options,
        input={"amount": 5} if given is None else given,
        key=key,
        timeout_s=timeout_s,
        run=run,
        node=node,
        visit=int(visit) if visit.isdigit() else 1,
        plan="orders@1",
    )


def call(connector: Any, given: Work) -> Any:
    """What the connector answers."""

    async def once() -> Any:
        try:
            return await connector.call(given)
        finally:
            await close_connectors([connector])

    return asyncio.run(once())

"""The plan of five steps as Temporal has it; imported only where its library is installed."""

from datetime import timedelta

from temporalio import activity, workflow

from benchmarks.five_steps import STEPS

LIMIT = timedelta(seconds=60)


@activity.defn
async def step(amount: int) -> dict[str, bool]:
    """Answers at once."""
    return {"ok": True}


@workflow.defn(sandboxed=False)
class Five:
    """Five activities, one after the other."""

    @workflow.run
    async def run(self, amount: int) -> None:
        """Do them."""
        for _ in range(STEPS):
            await workflow.execute_activity(step, amount, start_to_close_timeout=LIMIT)

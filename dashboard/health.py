"""What machines ask of a service: whether it lives, whether it can work, and its metrics."""

import hmac
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse, Response

from dashboard.runtime import Runtime
from home.settings import secret
from orchestrate.watching.health import Check, ready, worst

Refuse = Callable[[str], None]


def health_routes(runtime: Runtime, pool: Executor, authorised: Refuse) -> APIRouter:
    """`/health` and `/ready`, open to everybody who reaches the service, and `/metrics`, which is not."""
    import asyncio

    routes = APIRouter()

    async def run(function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)

    @routes.get("/health")
    async def health() -> dict[str, bool]:
        """Whether the service answers."""
        return {"ok": True}

    @routes.get("/ready")
    async def readiness() -> JSONResponse:
        """Whether it can do its work: 200, else 503; `checks` say what was looked at and found."""
        checks: list[Check] = await run(ready, runtime.context(), runtime.stores.events)
        level = worst(checks)
        body = {"ok": level != "failed", "level": level, "checks": [c.model_dump() for c in checks]}
        return JSONResponse(body, status_code=503 if level == "failed" else 200)

    @routes.get("/metrics")
    async def metrics(authorization: Annotated[str, Header()] = "") -> Response:
        """Everything for Prometheus. Takes the service's token, or the one of the setting `metrics_token`."""
        from orchestrate.watching.metrics import CONTENT_TYPE

        if not _scraper(runtime.settings.metrics_token, authorization):
            authorised(authorization)
        return Response(await run(runtime.metrics.text), media_type=CONTENT_TYPE)

    return routes


def _scraper(reference: str, authorization: str) -> bool:
    """Whether whoever asks has the token of those who may only read metrics."""
    if not reference:
        return False
    return hmac.compare_digest(authorization.encode(), f"Bearer {secret(reference)}".encode())


def ages(runtime: Runtime) -> Mapping[str, float]:
    """Seconds since each log was last loaded."""
    from ingest.catalog import all_logs

    now = runtime.context().clock.now().replace(tzinfo=None)
    return {log.name: (now - log.loaded_at).total_seconds() for log in all_logs(runtime.stores.events)}

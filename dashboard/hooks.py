"""`POST /api/hooks/NAME`: signed requests that start runs. The signature stands for the token."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from dashboard.runtime import Runtime
from home.telemetry import doing, valid

if TYPE_CHECKING:
    from orchestrate.triggers.fire import Starter

AT_ONCE = 4
"""Requests dealt with at the same time, whatever commands are running."""


def hook_routes(runtime: Runtime) -> APIRouter:
    """The one route; strangers learn nothing from it, not even which triggers there are."""
    routes = APIRouter()
    pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="hook")
    made: list[Starter] = []

    def starter() -> "Starter":
        from orchestrate.triggers.fire import Starter

        if not made:
            context = runtime.context()
            made.append(Starter(context.state, context.clock))
        return made[0]

    def answer(name: str, request: Request, body: bytes) -> JSONResponse:
        from orchestrate.triggers.webhook import receive

        with doing(trace=valid(request.headers.get("traceparent"))):
            found = receive(starter(), name, request.headers, body)
        headers = {"retry-after": str(found.retry_s)} if found.retry_s else None
        return JSONResponse(found.body, status_code=found.status, headers=headers)

    @routes.post("/hooks/{name}", status_code=202)
    async def hook(name: str, request: Request) -> JSONResponse:
        """Start the run that a signed request (Standard Webhooks) asks for; sent again, the same answer.

        202 names the run; 401 where the signature or its time is not right; 413, 415 and 422 say what is
        wrong with the body; 503 is to be sent again later.
        """
        from orchestrate.triggers.webhook import MOST_BODY

        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BODY:
                break
        return await asyncio.get_running_loop().run_in_executor(pool, partial(answer, name, request, body))

    return routes

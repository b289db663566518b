"""Routes by which systems and people outside answer: results that come later, and acknowledgements.

The signed token in the address stands for the service's token; the policy of `guard` holds as everywhere.
"""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from dashboard.runtime import Runtime
from home.errors import BatonError, Refused

REFERRER = {"referrer-policy": "no-referrer", "cache-control": "no-store"}


class TooLarge(Refused):
    """The result is larger than any output may be."""

    code = "too_large"


def answer_routes(runtime: Runtime) -> APIRouter:
    """`POST /callbacks/TOKEN` for systems, `/acknowledge/TOKEN` for people."""
    routes = APIRouter(tags=["Run"])

    @routes.post("/callbacks/{token}", status_code=202)
    async def callback(token: str, request: Request) -> Any:
        """Take the result of a step whose system said that it would come later.

        The body is the output, a JSON object, or `{"error": WHY, "retryable": true|false}`. 401: the
        address is not one that was given out. 409: the run no longer waits for it.
        """
        from orchestrate.awaiting.callbacks import MOST_BYTES, CallbackRequest
        from orchestrate.awaiting.callbacks import callback as take

        body = await _body(request, MOST_BYTES)
        asked = CallbackRequest(token=token, body=body.decode("utf-8", errors="replace"))
        return await asyncio.to_thread(take, runtime.context(actor="callback"), asked)

    @routes.get("/acknowledge/{token}", response_class=HTMLResponse, include_in_schema=False)
    async def ask(token: str) -> HTMLResponse:
        """A page with a button: following a link changes nothing, since programs do that too."""
        from orchestrate.awaiting.acknowledge import page, shown

        try:
            return _page(page(await asyncio.to_thread(shown, runtime.context(), token)))
        except BatonError as error:
            return _page(_sorry(error.message), status=404)

    @routes.post("/acknowledge/{token}", response_class=HTMLResponse)
    async def acknowledge(token: str) -> HTMLResponse:
        """Say that somebody has seen a notification; the run goes on."""
        from orchestrate.awaiting.acknowledge import AcknowledgeRequest, page
        from orchestrate.awaiting.acknowledge import acknowledge as take

        try:
            asked = AcknowledgeRequest(token=token)
            return _page(page(await asyncio.to_thread(take, runtime.context(actor="link"), asked)))
        except BatonError as error:
            return _page(_sorry(error.message), status=404)

    return routes


async def _body(request: Request, most: int) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise TooLarge(f"The result has more than {most:,} bytes.")
    return body


def _page(html: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(html, status_code=status, headers=REFERRER)


def _sorry(message: str) -> str:
    from html import escape

    head = "<!doctype html><html lang=en><title>Baton</title><meta charset=utf-8>"
    return f"{head}<p>{escape(message)}</p></html>"

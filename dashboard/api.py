"""The API: every command of the registry as `POST /api/<command>`, described by OpenAPI."""

import asyncio
import hmac
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request
from fastapi.responses import FileResponse, JSONResponse

from dashboard.answers import answer_routes
from dashboard.health import health_routes
from dashboard.hooks import hook_routes
from dashboard.runtime import Runtime
from home.contracts import InputFile
from home.errors import BatonError, NotFound, Refused
from home.jobs import Job
from home.registry import Command
from home.telemetry import doing, valid
from ingest.push import MOST_BODY, Receipt, take
from orchestrate.people.attachments import stored

log = logging.getLogger("baton.api")
STATUS = {
    "usage": 400,
    "setting": 400,
    "unreadable": 400,
    "not_found": 404,
    "refused": 409,
    "too_late": 409,
    "too_large": 413,
    "unreachable": 502,
    "too_many": 429,
    "busy": 503,
    "backlog": 503,
}
COME_AGAIN = frozenset({"backlog", "too_many"})
RETRY_S = 5
"""Seconds after which what did not fit may be sent again."""
UNAUTHORISED = 401
JOB_ID = re.compile(r"^job-[0-9a-z]{8,32}$")


class Unauthorised(BatonError):
    """The request carries no valid token."""

    code = "unauthorised"


def create_api(runtime: Runtime, token: str) -> FastAPI:
    """The API of one service. Every route but `/health`, `/ready` and `/hooks` wants its bearer token."""
    # The documentation pages would fetch their script from a CDN; the description itself is enough.
    api = FastAPI(title="Baton", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    # Streamlit bounds the shared thread pool; commands get threads of their own.
    pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="command")

    def authorised(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise Unauthorised(
                "This needs the service's token.", hint="It is in service.json of the home folder."
            )

    guarded = [Depends(authorised)]

    @api.exception_handler(BatonError)
    async def failed(_: Request, error: BatonError) -> JSONResponse:
        status = UNAUTHORISED if error.code == "unauthorised" else STATUS.get(error.code, 422)
        body: dict[str, Any] = {**error.as_dict(), "exit": int(error.exit_code)}
        report = getattr(error, "report", None)
        if report is not None:
            body["report"] = report.model_dump(mode="json")
        headers = {"retry-after": str(RETRY_S)} if error.code in COME_AGAIN else None
        return JSONResponse({"error": body}, status_code=status, headers=headers)

    @api.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        log.error("%s failed", request.url.path, exc_info=error)
        message = f"{type(error).__name__} in {request.url.path}; the service's log has the details."
        body = {"code": "internal", "message": message, "hint": "This is a fault of Baton.", "exit": 1}
        return JSONResponse({"error": body}, status_code=500)

    api.include_router(health_routes(runtime, pool, authorised))
    api.include_router(hook_routes(runtime))
    api.include_router(answer_routes(runtime))

    @api.get("/openapi.json", dependencies=guarded, include_in_schema=False)
    async def description() -> dict[str, Any]:
        return api.openapi()

    @api.post("/uploads", dependencies=guarded)
    async def upload(request: Request, name: str) -> dict[str, str]:
        """Keep the request's body as a file; the answer names the ticket to use as a command's input."""
        return {"upload": await _keep(runtime, request, name)}

    @api.post("/events", dependencies=guarded, response_model=Receipt, status_code=202)
    async def events(request: Request, log: str | None = None, source: str | None = None) -> JSONResponse:
        """Take events: CloudEvents (structured, batch, binary) or plain JSON objects, for a log or a source.

        202 says how many are kept, to be loaded within seconds; 400 where none of them can be.
        """
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BODY:
                break
        call = lambda: take(runtime.context(), request.headers, body, log=log, source=source)  # noqa: E731
        receipt = await asyncio.get_running_loop().run_in_executor(pool, call)
        status = 400 if receipt.refused and not receipt.accepted + receipt.duplicates else 202
        return JSONResponse(receipt.model_dump(mode="json"), status_code=status)

    @api.get("/tasks/{task}/attachments/{n}", dependencies=guarded, response_class=FileResponse)
    async def attachment(task: str, n: int) -> FileResponse:
        """The bytes of a file that was attached to a task, to be saved and never shown in place."""
        find = lambda: stored(runtime.context(), task, n)  # noqa: E731
        row, path = await asyncio.get_running_loop().run_in_executor(pool, find)
        return FileResponse(path, media_type="application/octet-stream", filename=row["file"])

    @api.get("/jobs/{job}", dependencies=guarded)
    async def progress(job: str) -> dict[str, float | str | None]:
        """How far a running command is."""
        found = _job(runtime, job)
        return {"fraction": found.fraction, "message": found.message}

    @api.delete("/jobs/{job}", dependencies=guarded)
    async def cancel(job: str) -> dict[str, bool]:
        """Ask a running command to stop."""
        _job(runtime, job).cancel()
        return {"cancelled": True}

    for command in runtime.registry:
        if command.api:
            api.add_api_route(
                f"/{command.name.replace(' ', '/')}",
                _endpoint(runtime, command, pool),
                methods=["POST"],
                response_model=command.response,
                dependencies=guarded,
                summary=command.summary,
                operation_id=command.name.replace(" ", "_"),
                tags=[command.group],
            )
    return api


def _endpoint(runtime: Runtime, command: Command, pool: ThreadPoolExecutor) -> Any:
    """The route function of one command; its annotations tell FastAPI the models."""

    async def run(
        request: Any, job: str | None = None, traceparent: Annotated[str | None, Header()] = None
    ) -> Any:
        work = Job(command.name)
        if job is not None:
            if not JOB_ID.match(job) or job in runtime.jobs:
                raise Refused(
                    f"{job!r} cannot name a job.", hint="Use job- and 8 to 32 letters or digits, once."
                )
            runtime.jobs[job] = work
        tickets: list[str] = []
        try:
            resolved = _with_uploads(runtime, command, request, tickets)
            # A run that is started here belongs to the trace of whoever asked.
            with doing(trace=valid(traceparent)):
                call = partial(copy_context().run, runtime.run, command.name, resolved, job=work)
            return await asyncio.get_running_loop().run_in_executor(pool, call)
        finally:
            runtime.jobs.pop(job or "", None)
            for ticket in tickets:
                runtime.forget_upload(ticket)

    run.__annotations__ |= {"request": command.request, "return": command.response}
    run.__doc__ = command.function.__doc__
    return run


def _with_uploads(runtime: Runtime, command: Command, request: Any, tickets: list[str]) -> Any:
    """Replace upload tickets by their files, and list them; paths here are not for callers to name."""
    update = {}
    for name, field in command.request.model_fields.items():
        value = getattr(request, name)
        if not any(isinstance(m, InputFile) for m in field.metadata) or not isinstance(value, str):
            continue
        if value.startswith("upload:"):
            update[name] = str(runtime.upload_path(value))
            tickets.append(value)
        elif "://" not in value and "\n" not in value and Path(value).exists():
            raise Refused(
                f"{name} is a path on the service's machine.", hint="Send the file to /api/uploads first."
            )
    return request.model_copy(update=update) if update else request


async def _keep(runtime: Runtime, request: Request, name: str) -> str:
    """Write the request's body to a file and return its ticket; a body cut short or too large leaves none."""
    ticket, path = runtime.new_upload(name)
    size = 0
    try:
        with path.open("wb") as file:
            async for part in request.stream():
                size += len(part)
                if size > runtime.settings.max_file_bytes:
                    raise Refused(
                        f"{path.name} is larger than the limit of {runtime.settings.max_file_bytes} bytes.",
                        hint="Raise max_file_bytes in baton.toml.",
                    )
                file.write(part)
    except BaseException:
        runtime.forget_upload(ticket)
        raise
    return ticket


def _job(runtime: Runtime, name: str) -> Job:
    if name not in runtime.jobs:
        raise NotFound(f"No command runs as {name!r}.", hint="It has ended, or never began.")
    return runtime.jobs[name]

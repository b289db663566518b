"""Calls a service over HTTP, keyed, within a deadline, and never into the private network by accident."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from home.context import Context
from home.errors import SettingError
from orchestrate.connectors.addresses import Addresses
from orchestrate.connectors.http.exchange import exchange
from orchestrate.connectors.http.operation import Operation
from orchestrate.connectors.http.options import PLACE, HttpOptions
from orchestrate.connectors.http.sign_in import SignIn
from orchestrate.connectors.port import About, CallFailed, Later, Work, options_of
from orchestrate.connectors.secrets import Secrets
from orchestrate.core.plan_index import breach

PASSING = {408, 425, 429}
"""Client errors that another attempt may not meet again; 5xx are too."""
NO_BODY = ("GET", "DELETE", "HEAD")


class HttpConnector:
    """One request per attempt. The JSON object that comes back is the step's output."""

    summary = "Calls a service over HTTP; the input goes out as JSON, the JSON that comes back is the output."
    about = About(
        purpose="Calls a web service, REST API or webhook, held to its OpenAPI contract where there is one.",
        verbs=("call", "request", "create", "update", "check", "look up", "register", "book", "pay", "order"),
        systems=("web service", "REST API", "SaaS", "ERP", "CRM", "webhook"),
        idempotent="sends the idempotency key in a header; the service has to honour it",
        cost="one request",
    )
    options = HttpOptions

    def __init__(self, context: Context) -> None:
        self._context = context
        self._addresses = Addresses(context.settings.http_allow)
        self._sign_in = SignIn(self._addresses)

    async def call(self, work: Work) -> Mapping[str, Any] | Later:
        """Send the request, follow safe redirects, and read the answer."""
        options, secrets = options_of("http", HttpOptions, work), Secrets()
        operation = options.known
        keep = frozenset({options.key_header.lower(), "accept", *map(str.lower, work.trace)})
        try:
            async with asyncio.timeout(work.timeout_s):
                for _ in range(2):
                    headers = await self._headers(options, work, secrets)
                    request = _request(options, operation, work, headers)
                    answer = await exchange(self._addresses, request, work.timeout_s, keep=keep)
                    if answer.status_code != 401 or not self._sign_in.refused(options):
                        break
        except TimeoutError as error:
            raise CallFailed("the service did not answer in time") from error
        except CallFailed as error:
            raise secrets.failed(error.message, retryable=error.can_retry) from error
        if answer.status_code == 202 and options.callback is not None:
            reason = "the service took the work over and never answered"
            return Later(options.within_s, reason=reason, otherwise=options.otherwise)
        return _output(answer, operation, work, secrets)

    async def _headers(self, options: HttpOptions, work: Work, secrets: Secrets) -> dict[str, str]:
        given = {name: secrets.maybe(value) for name, value in options.headers.items()}
        given |= await self._sign_in.headers(options, secrets, work.timeout_s)
        if options.callback is not None:
            from orchestrate.awaiting.callbacks import callback_url

            try:
                url = await asyncio.to_thread(callback_url, self._context, work)
            except SettingError as error:
                raise CallFailed(error.message, retryable=False, hint=error.hint) from error
            given[options.callback] = secrets.hide(url)
        return given | {options.key_header: work.key, "accept": "application/json", **work.trace}


def _request(
    options: HttpOptions, operation: Operation | None, work: Work, headers: dict[str, str]
) -> httpx.Request:
    given = dict(work.input)
    try:
        if operation is not None:
            return operation.request(given, headers, options.url)
        url = PLACE.sub(lambda match: _filled(match[1], given), options.url or "")
        if options.method in NO_BODY:
            return httpx.Request(options.method, url, headers=headers, params=given or None)
        return httpx.Request(options.method, url, headers=headers, json=given)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise CallFailed(f"the request cannot be written: {error}", retryable=False) from error


def _filled(name: str, given: Mapping[str, Any]) -> str:
    if name not in given:
        raise CallFailed(f"the setting url wants {name!r}, which the input does not have", retryable=False)
    return quote(str(given[name]), safe="")


def _output(
    answer: httpx.Response, operation: Operation | None, work: Work, secrets: Secrets
) -> Mapping[str, Any]:
    status = answer.status_code
    if status >= 400:
        said = " ".join(answer.text[:200].split())
        retryable = status >= 500 or status in PASSING
        raise secrets.failed(f"answered {status}{': ' + said if said else ''}", retryable=retryable)
    found: Any = {}
    if answer.content:
        try:
            found = answer.json()
        except ValueError as error:
            message = f"answered {status} with something that is not JSON"
            raise CallFailed(message, retryable=False) from error
    output = found if isinstance(found, dict) else {"result": found}
    # What breaks the step's own contract is for the core to refuse: it raises the alert.
    if operation is not None and breach(work.step.output, output) is None:
        problem = operation.breach_of(status, output)
        if problem is not None:
            said = f"the answer breaks the contract of {operation.id}: {problem}"
            raise secrets.failed(said, retryable=False)
    return output

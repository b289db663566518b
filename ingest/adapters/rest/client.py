"""Asks one question over HTTP until it is answered, within a deadline, and hands out no secret."""

import email.utils
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

import httpx

from home.addresses import Addresses, PrivateAddress
from home.errors import Unreachable
from ingest.adapters.rest.body import document, unpacked
from ingest.adapters.rest.credentials import Credentials
from ingest.adapters.rest.declaration import Sealed
from ingest.adapters.rest.wire import Wire
from ingest.errors import IngestError, Unfit

MOST_REDIRECTS = 5
LONGEST_WAIT_S = 60.0
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 509, 520, 521, 522, 523, 524})
"""Answers that another attempt may not meet again."""


@dataclass(frozen=True)
class Pace:
    """The clock of a client; a test puts its own in."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    today: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True)
class Page:
    """One answered question."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    content: Any
    """The JSON; `None` for an answer without content."""


class _Again(Exception):
    """This attempt failed, another may not; `wait_s` is what the service asked for."""

    def __init__(self, said: str, wait_s: float | None = None) -> None:
        super().__init__(said)
        self.wait_s = wait_s


class Client:
    """One conversation with one interface: its credentials, its limits, its one deadline."""

    def __init__(self, sealed: Sealed, pace: Pace) -> None:
        self.name, self.declaration, self.pace = sealed.name, sealed.declaration, pace
        self._credentials = Credentials(sealed)
        self.headers, self.params = self._credentials.headers, self._credentials.params
        self.hidden = self._credentials.hidden
        self.home = httpx.URL(sealed.declaration.address)
        self._wire = Wire(Addresses(sealed.allow), pace.now, sealed.declaration.ca_file)
        self._began = pace.now()
        self._end = self._began + sealed.declaration.deadline_s
        self._next = self._began
        self._bytes = 0

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def first(self, params: Mapping[str, str], body: Any) -> httpx.Request:
        """The question for a page, with what the declaration adds to it."""
        url = self.home.copy_merge_params({**self.params, **params})
        return self._request(url, body)

    def follow(self, address: str) -> httpx.Request:
        """The question at an address that the service gave; raises `Unfit` where it leads elsewhere."""
        try:
            url = self.home.join(address)
        except httpx.InvalidURL as error:
            raise Unfit("next", f"{self.name}: the next page is at no valid address ({error}).") from error
        if _origin(url) != _origin(self.home):
            raise Unfit(
                "off-host",
                f"{self.name}: the next page is said to be at {_shown(url)}, "
                f"which is not {self.home.scheme}://{self.home.netloc.decode()}.",
                hint="Baton follows pages on the declared scheme, host and port only.",
            )
        return self._request(url.copy_merge_params(self._credentials.secret_params()), self.declaration.body)

    def without_secrets(self, address: str) -> str:
        """An address that may be kept: `follow` adds again what is left out here."""
        url = self.home.join(address)
        for name in self._credentials.secret_params():
            url = url.copy_remove_param(name)
        return self.hidden(str(url))

    def ask(self, request: httpx.Request, where: str) -> Page:
        """The answer, tried as often as declared.

        Raises `Unreachable` when there is none, `Unfit` for one that must not be trusted, `IngestError`
        when the service refuses.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._once(request, where)
            except _Again as error:
                self._wait(error, attempt, where)

    def _request(self, url: httpx.URL, body: Any) -> httpx.Request:
        if self.declaration.method == "POST":
            return httpx.Request("POST", url, headers=self.headers, json=body if body is not None else {})
        return httpx.Request("GET", url, headers=self.headers)

    def _once(self, request: httpx.Request, where: str) -> Page:
        self._pause()
        self._wire.until = min(self._end, self.pace.now() + self.declaration.timeout_s)
        try:
            for _ in range(MOST_REDIRECTS + 1):
                answer = self._wire.handle_request(request)
                answer.request = request
                try:
                    if not answer.has_redirect_location:
                        return self._page(answer, where)
                finally:
                    answer.close()
                request = self._redirected(request, answer, where)
        except PrivateAddress as error:
            raise Unfit("address", f"{where}: {error.message}.", hint=error.hint) from error
        except Unreachable as error:
            raise _Again(error.message) from error
        except httpx.TimeoutException as error:
            seconds = min(self.declaration.timeout_s, self.declaration.deadline_s)
            raise _Again(f"no whole answer within {seconds:g} s") from error
        except httpx.TransportError as error:
            raise _Again(
                f"the connection failed: {self.hidden(str(error)) or type(error).__name__}"
            ) from error
        except (httpx.InvalidURL, httpx.DecodingError, ValueError) as error:
            raise Unfit("format", f"{where}: {self.hidden(str(error))}.") from error
        raise Unfit("loop", f"{where}: redirects more than {MOST_REDIRECTS} times.")

    def _page(self, answer: httpx.Response, where: str) -> Page:
        status = answer.status_code
        if status >= 400 or status in PASSING:
            self._refused(answer, where)
        if status == 204:
            return Page(status, answer.headers, b"", None)
        if status not in (200, 201, 203):
            raise Unfit(
                "status",
                f"{where}: answered {status} {answer.reason_phrase}, which is no whole answer.",
            )
        most = min(self.declaration.page_bytes, self.declaration.total_bytes - self._bytes)
        body = unpacked(answer, most, where)
        self._bytes += len(body)
        return Page(status, answer.headers, body, document(answer, body, where))

    def _refused(self, answer: httpx.Response, where: str) -> NoReturn:
        status, reason = answer.status_code, answer.reason_phrase
        try:
            body = unpacked(answer, 1 << 20, where)[:300].decode(errors="replace")
        except (Unfit, httpx.TransportError):
            body = ""
        said = self.hidden(" ".join(body.split())[:200])
        text = f"{status} {reason}".strip() + (f": {said}" if said and said[:1] != "<" else "")
        if status in PASSING:
            raise _Again(text, self._asked_to_wait(answer.headers.get("retry-after", "")))
        hints = {
            401: "Check the credentials under auth.",
            403: "Check the credentials and what they may see.",
            404: "Check the address.",
        }
        raise IngestError(
            f"{where}: the service refused: {text}.", hint=hints.get(status, "Nothing was loaded.")
        )

    def _asked_to_wait(self, value: str) -> float | None:
        """Seconds until the moment of a `Retry-After` header, given in seconds or as a date."""
        value = value.strip()
        if value.isdecimal():
            return float(value[:9])
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - self.pace.today()).total_seconds())

    def _wait(self, error: _Again, attempt: int, where: str) -> None:
        """Wait before another attempt; raises `Unreachable` where there is no attempt or no time left."""
        tried = f"tried {attempt} time{'s' * (attempt > 1)} in {self.pace.now() - self._began:.0f} s"
        if attempt >= self.declaration.attempts:
            self._give_up(f"{where}: {tried}; last: {error}", error)
        wait = error.wait_s
        if wait is None:
            wait = min(LONGEST_WAIT_S, self.declaration.backoff_s * 2 ** (attempt - 1))
            wait *= 0.5 + self.pace.chance() / 2
        left = self._end - self.pace.now()
        if wait >= left:
            asked = f", and it asks to wait {wait:.0f} s" if error.wait_s is not None else ""
            limit = f"{self.declaration.deadline_s:g} s"
            self._give_up(f"{where}: {tried}; last: {error}{asked}; the deadline of {limit} is over", error)
        self.pace.sleep(wait)

    def _give_up(self, message: str, error: Exception) -> NoReturn:
        raise Unreachable(
            f"{message.rstrip('.')}.",
            hint="Nothing was loaded. Try again later; a named source goes on where it stopped.",
        ) from error

    def _pause(self) -> None:
        """Keep to the declared rate."""
        if self.declaration.rate is None:
            return
        wait = self._next - self.pace.now()
        if wait > 0:
            self.pace.sleep(wait)
        self._next = max(self._next, self.pace.now()) + 1 / self.declaration.rate

    def _redirected(self, request: httpx.Request, answer: httpx.Response, where: str) -> httpx.Request:
        """The question a redirect asks for; credentials stay with the host they were meant for."""
        target = request.url.join(answer.headers["location"])
        if target.scheme not in ("http", "https") or (request.url.scheme == "https" != target.scheme):
            raise Unfit(
                "redirect",
                f"{where}: redirects to {_shown(target)}, which is less safe.",
            )
        if target.userinfo:
            raise Unfit("redirect", f"{where}: redirects to an address with credentials in it.")
        repeated = request.method == "POST" and answer.status_code in (307, 308)
        headers = {n: v for n, v in request.headers.items() if n not in ("host", "content-length")}
        if _origin(target) != _origin(request.url) and not _only_safer(request.url, target):
            if repeated:
                raise Unfit("redirect", f"{where}: redirects what was posted to {_shown(target)}.")
            headers = {n: headers[n] for n in ("accept", "accept-encoding", "user-agent")}
        if repeated:
            return httpx.Request("POST", target, headers=headers, content=request.content)
        headers.pop("content-type", None)
        return httpx.Request("GET", target, headers=headers)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host.lower(), url.port or (443 if url.scheme == "https" else 80)


def _only_safer(old: httpx.URL, new: httpx.URL) -> bool:
    """From http to https of the same host, on the usual ports."""
    return (
        old.host.lower() == new.host.lower()
        and (old.scheme, new.scheme) == ("http", "https")
        and old.port is None
        and new.port is None
    )


def _shown(url: httpx.URL) -> str:
    """An address without user, password and query."""
    return f"{url.scheme}://{url.host}{f':{url.port}' if url.port else ''}{url.path}"

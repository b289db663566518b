"""Says what a database answered when it did not do as asked, without its password."""

import re
from typing import Any
from urllib.parse import quote, quote_plus

from home.errors import BatonError, Unreachable
from ingest.errors import IngestError, Unfit

LOST = re.compile(
    r"connection (?:was )?(?:lost|closed|reset|failed|aborted|already closed)|closed the connection|"
    r"server closed|terminating connection|connection to (?:the )?(?:server|client)|gone away|broken pipe|"
    r"connection timed out|ssl (?:syscall|connection)|eof detected|packet sequence|not connected|"
    r"conflict with recovery|no connection to the server|shutting down|query execution was interrupted|"
    r"read_bytes|PQgetCopyData failed|connection was killed",
    re.IGNORECASE,
)
"""What drivers say when the other end is gone, not the query wrong."""
LABELS = re.compile(r"^.*\b(?:ERROR|FATAL):\s+|^connection failed: ")
"""What drivers put before the server's own words."""
HINTS = (
    (r"password|authentication|access denied|no pg_hba|role .* does not exist",
     "Check the user and the password, and that this user may connect from here."),
    (r"ssl|tls|certificate",
     "The server and the address disagree on encryption: see sslmode (PostgreSQL) or ssl_ca (MariaDB)."),
    (r"database .* does not exist|unknown database", "Check the database, the last part of the address."),
    (r"resolve|name or service|nodename|getaddrinfo|unknown host", "Check the name of the host."),
    (r"refused|unreachable|timed? ?out|no route", "Check the host and the port, and that the server runs."),
)  # fmt: skip
DEFAULT_HINT = "Check the address, the user and the password."


def said(error: BaseException, secrets: tuple[str, ...] = ()) -> str:
    """The first line of what the database itself said, with its secrets blotted out."""
    inner = getattr(error, "orig", None) or error
    arguments: tuple[Any, ...] = getattr(inner, "args", ())
    if len(arguments) == 2 and isinstance(arguments[0], int):  # (code, message), as MariaDB's driver has it
        text = str(arguments[1]) or f"error {arguments[0]}"
    else:
        text = str(inner)
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()] or [type(inner).__name__]
    return without(LABELS.sub("", lines[0]), secrets)


def without(text: str, secrets: tuple[str, ...]) -> str:
    """The text with each secret, also in the form it has in an address, replaced by stars."""
    for secret in secrets:
        for form in {secret, quote(secret, safe=""), quote_plus(secret)}:
            if form:
                text = text.replace(form, "***")
    return text


def unreachable(name: str, error: BaseException, secrets: tuple[str, ...]) -> Unreachable:
    """The error for a server that cannot be connected to, with what to look at first."""
    words = without(str(getattr(error, "orig", None) or error), secrets)
    hint = next((hint for pattern, hint in HINTS if re.search(pattern, words, re.IGNORECASE)), DEFAULT_HINT)
    return Unreachable(f"{name} did not let us in: {said(error, secrets)}", hint=hint)


def translated(name: str, error: BaseException, secrets: tuple[str, ...], done: int = 0) -> BatonError:
    """The error in our words: `Unreachable` for a lost connection, else what is wrong with the query."""
    if isinstance(error, UnicodeDecodeError):
        return Unfit("encoding", f"{name} holds text that is not in its encoding: {error}")
    if _lost(error):
        after = f" after {done:,} rows" if done else ""
        return Unreachable(
            f"{name} was lost{after}: {said(error, secrets)}",
            hint="Nothing half-loaded was kept. Try again; a named source goes on where it stopped.",
        )
    words = said(error, secrets)
    if re.search(r"permission denied|command denied", words, re.IGNORECASE):
        return IngestError(f"{name}: {words}", hint="Ask for the right to read it.")
    return IngestError(f"{name}: {words}", hint="Mend the query; nothing was loaded.")


def _lost(error: BaseException) -> bool:
    if getattr(error, "connection_invalidated", False):
        return True
    inner: Any = getattr(error, "orig", None) or error
    if isinstance(inner, ConnectionError | TimeoutError | EOFError):
        return True
    state = str(getattr(inner, "sqlstate", None) or "")
    if state[:2] in ("08", "57") or state == "40001":
        return True
    return LOST.search(str(inner)) is not None

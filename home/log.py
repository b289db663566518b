"""Logs as JSON lines, with what was being done, without secrets."""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from home.telemetry import TRACEPARENT, at_work

HIDDEN = "***"
SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|secret|token$|api[-_ ]?key|private[-_ ]?key|access[-_ ]?key|mask_key"
    r"|credential|authorization|cookie|(^|[-_])auth$|signature$|bearer",
    re.IGNORECASE,
)
"""Names of fields, headers and parameters whose value is nobody's business."""
_NAME = (
    r"[\w-]*(?:password|passwd|passphrase|secret|token|api[-_]?key|private[-_]?key|access[-_]?key"
    r"|credentials?|signature)"
)
SECRETS = re.compile(
    # Passwords in addresses, the value of an Authorization header or of a cookie, and whatever follows a
    # name that says it is secret: in JSON, in Python's repr, in a query, in key=value.
    r"(?P<url>://[^:/@\s]*:)[^@/\s]+(?=@)"
    r"|(?P<scheme>\b(?:bearer|basic|digest)\s+)[\w.~+/=-]{6,}"
    r"|(?P<header>\b(?:authorization|cookie|set-cookie)\b[\"']?\s*[:=]\s*)(?!\s*[\"']?(?:bearer|basic)\b)[^\r\n]+"
    rf"|(?P<field>\b{_NAME}\b[\"']?\s*[:=]\s*)(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s\"',&}})\]]+)",
    re.IGNORECASE,
)
REFERENCE = re.compile(r"[:=]\s*[\"']?(?:env|file):[^\s\"',&})\]]+[\"']?$")
EXTRA = ("status", "ms", "plan", "step", "task", "worker", "log", "connector")
NOISY = ("httpx", "httpcore", "watchdog", "matplotlib", "asyncio", "multipart", "urllib3")


def redact(text: str) -> str:
    """`text` with everything that looks like a secret replaced by `***`; references to secrets stay."""
    return SECRETS.sub(_hidden, text)


def _hidden(match: re.Match[str]) -> str:
    if match["field"] and REFERENCE.search(match[0]):
        return match[0]
    return (match["url"] or match["scheme"] or match["header"] or match["field"]) + HIDDEN


def redacted(value: Any, name: str = "") -> Any:
    """Plain data without secrets: what has a secret's name loses its value, texts are read through."""
    if isinstance(value, Mapping):
        return {key: redacted(inner, str(key)) for key, inner in value.items()}
    if name and SECRET_NAME.search(name) and value not in (None, "", (), []):
        kept = isinstance(value, str) and re.fullmatch(r"(env|file):.+", value)
        return value if kept else HIDDEN
    if isinstance(value, list | tuple):
        return [redacted(inner, name) for inner in value]
    return redact(value) if isinstance(value, str) else value


class JsonFormatter(logging.Formatter):
    """One JSON object per record: time, level, logger, message, run, step, attempt, trace, extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        line |= _about(record)
        extra = {k: record.__dict__[k] for k in EXTRA if record.__dict__.get(k) is not None}
        line |= redacted(extra)
        if record.exc_info:
            line["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def _about(record: logging.LogRecord) -> dict[str, Any]:
    """What was being done: as the record says, else as its context says."""
    now = at_work()
    found = {"run": getattr(record, "run", None) or now.run, "step": now.step, "attempt": now.attempt}
    match = TRACEPARENT.fullmatch(now.trace or "")
    if match:
        found |= {"trace_id": match[1], "span_id": match[2]}
    return {name: value for name, value in found.items() if value is not None}


def log_to_stderr(level: str = "info") -> None:
    """Send every record of this process from `level` on to stderr as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in list(root.manager.loggerDict):  # libraries that brought handlers write as everybody does
        logger = logging.getLogger(name)
        if logger.handlers:
            logger.handlers.clear()
            logger.propagate = True
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))

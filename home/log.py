"""Logs as JSON lines, without secrets."""

import json
import logging
import re
from datetime import UTC, datetime

# Passwords in addresses, bearer tokens, and fields whose name says they are secret.
SECRETS = re.compile(
    r"(?P<url>://[^:/@\s]+:)[^@/\s]+(?=@)"
    r"|(?P<bearer>[Bb]earer\s+)[\w.~+/=-]+"
    r"|(?P<field>\b(?:password|passwd|secret|token|api_?key)\b[\"']?\s*[:=]\s*[\"']?)[^\s\"',}]+"
)
EXTRA = ("status", "ms", "run", "plan", "step", "task", "worker", "log")


def redact(text: str) -> str:
    """`text` with everything that looks like a secret replaced by `***`."""
    return SECRETS.sub(lambda m: (m["url"] or m["bearer"] or m["field"]) + "***", text)


class JsonFormatter(logging.Formatter):
    """One JSON object per record: time, level, logger, message, and the known extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        line |= {k: record.__dict__[k] for k in EXTRA if record.__dict__.get(k) is not None}
        if record.exc_info:
            line["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def log_to_stderr(level: int = logging.INFO) -> None:
    """Send every record of this process to stderr as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "watchdog", "matplotlib", "asyncio", "multipart"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

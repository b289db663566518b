"""Sends a message as the help desk does, signed as Standard Webhooks says: `send.py JSON [ADDRESS]`.

The secret is that of the environment variable SUPPORT_SECRET; the answer is printed.
"""

import os
import sys
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook

ADDRESS = "http://127.0.0.1:8787/api/hooks/desk"


def signed(secret: str, message: str, id: str, at: datetime) -> dict[str, str]:
    """The headers of a message."""
    return {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(id, at, message),
    }


def main(message: str, address: str = ADDRESS) -> None:
    """Send one message; its id is the moment, so that each is a new one."""
    now = datetime.now(UTC)
    headers = signed(os.environ["SUPPORT_SECRET"], message, f"msg_{now.timestamp():.6f}", now)
    answer = httpx.post(address, content=message, headers=headers)
    sys.stdout.write(f"{answer.status_code} {answer.text}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

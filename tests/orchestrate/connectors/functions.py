"""Functions that Python steps of the tests call."""

import asyncio
from typing import Any

SEEN: list[str] = []
RUNNING: set[str] = set()


def approve(data: dict[str, Any], key: str) -> dict[str, Any]:
    SEEN.append(key)
    return {"approved": True, "echo": data, "key": key}


async def approve_soon(data: dict[str, Any]) -> dict[str, Any]:
    return {"approved": True}


async def never(data: dict[str, Any], key: str) -> dict[str, Any]:
    RUNNING.add(key)
    try:
        await asyncio.Event().wait()
    finally:
        RUNNING.discard(key)
    return {}


def wrong(data: dict[str, Any]) -> int:
    return 7


def fail(data: dict[str, Any]) -> dict[str, Any]:
    raise ValueError("no")


def judge(data: dict[str, Any]) -> dict[str, Any]:
    """A model: what it is told to say."""
    return {"label": data.get("label", "yes"), "confidence": data.get("confidence", 0.99), "version": "v1"}


def judge_anew(data: dict[str, Any]) -> dict[str, Any]:
    return judge(data) | {"version": "v2"}

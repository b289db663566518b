"""What watches an engine: metrics where they are asked for, traces where a collector is named."""

import os

from home.settings import Settings
from orchestrate.engine.observer import Observer, Observers

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def watched(settings: Settings, worker: str, *others: Observer) -> Observer:
    """Everything that an engine called `worker` tells of its work."""
    address = endpoint(settings)
    if not address:
        return Observers(*others)
    from orchestrate.watching.tracing import exporting

    return Observers(exporting(address, worker), *others)


def endpoint(settings: Settings) -> str:
    """Where traces go: the setting, else what the environment names; empty for nowhere."""
    if settings.otlp_endpoint:
        return f"{settings.otlp_endpoint.rstrip('/')}/v1/traces"
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return ""
    traces, base = (os.environ.get(name, "") for name in ENDPOINTS)
    return traces or (f"{base.rstrip('/')}/v1/traces" if base else "")

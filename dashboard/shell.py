"""The HTML that carries every page: Streamlit's own, told where the service is so that links open clean."""

from functools import cache
from pathlib import Path
from typing import Any

from dashboard.parts.navigation import NAMES

# Opened at /data, Streamlit's script would first look for its service under /data and log two errors.
WHERE = "<script>window.__streamlit = { BACKEND_BASE_URL: window.location.origin + '/' }</script>"
MARK = "<title>Streamlit</title>"


@cache
def page() -> str:
    """Streamlit's page with the address of its service and our title in it."""
    import streamlit

    text = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    return text.replace(MARK, f"<title>Baton</title>\n{WHERE}", 1)


def routes() -> list[Any]:
    """One route for `/` and for each page of the navigation."""
    from starlette.requests import Request
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    async def show(_: Request) -> HTMLResponse:
        return HTMLResponse(page(), headers={"cache-control": "no-cache"})

    return [Route(path, show) for path in ("/", *(f"/{name}" for name in NAMES))]

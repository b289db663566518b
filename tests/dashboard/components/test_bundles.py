"""What is built and committed: unchanged, complete with its licences, and asking for nothing outside."""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dashboard.components import assets

SOURCES = assets.ASSETS.parent / "src"

# Most addresses in a bundle only name things: XML namespaces, schemas, home pages in notices. These would be
# fetched: scripts, imports, style sheets, workers, sockets, images, fonts, beacons.
FETCHING = re.compile(
    r"""(?:\b(?:fetch|import|importScripts|Worker|EventSource|WebSocket|sendBeacon|open)\s*\(\s*"""
    r"""|\bfrom\s*|\bsrc\s*[=:]\s*|\.src\s*=\s*|@import\s+(?:url\()?\s*|\burl\(\s*)["'`]?(?:https?:)?//[\w.-]+""",
    re.IGNORECASE,
)


def built() -> list[Path]:
    return sorted(p for p in assets.ASSETS.rglob("*") if p.is_file())


def test_every_file_has_its_sum() -> None:
    lines = (assets.ASSETS / "SHA256SUMS").read_text().splitlines()
    said = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    found = {
        p.relative_to(assets.ASSETS).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in built()
        if p.name != "SHA256SUMS"
    }
    assert found == said


@pytest.mark.parametrize("file", [p for p in built() if p.suffix in {".js", ".css"}], ids=lambda p: p.name)
def test_nothing_built_fetches_from_outside(file: Path) -> None:
    assert FETCHING.findall(file.read_text(encoding="utf-8")) == []


def test_the_search_for_fetches_finds_some() -> None:
    for code in (
        'import x from "https://cdn.example/x.js"',
        "fetch(`//cdn.example/data`)",
        "a.src='http://example.org/pixel.gif'",
        "@import url(https://fonts.example/css)",
        "background:url('//cdn.example/x.png')",
        'new Worker("https://cdn.example/w.js")',
    ):
        assert FETCHING.search(code), code
    assert not FETCHING.search('const xmlns="http://www.w3.org/2000/svg"')


def test_every_package_is_named_with_its_licence() -> None:
    table = (assets.ASSETS / "THIRD_PARTY.md").read_text(encoding="utf-8")
    lock = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))
    for name in json.loads((SOURCES / "package.json").read_text(encoding="utf-8"))["dependencies"]:
        version = lock["packages"][f"node_modules/{name}"]["version"]
        assert f"| {name} | {version} |" in table
    for licence in re.findall(r"\]\((licences/[^)]+)\)", table):
        assert (assets.ASSETS / licence).stat().st_size > 500


def test_no_registry_is_written_down() -> None:
    lock = (SOURCES / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert all("integrity" in p for name, p in json.loads(lock)["packages"].items() if name)


def test_addresses_change_with_the_content() -> None:
    address = assets.url("process_map.js")
    digest = hashlib.sha256((assets.ASSETS / "process_map.js").read_bytes()).hexdigest()
    assert address == f"/assets/process_map.js?v={digest[:12]}"


@pytest.mark.parametrize("name", ["process_map.css", "variant_explorer.css", "bpmn_view.css"])
def test_styles_are_not_taken_for_paths(name: str) -> None:
    from streamlit.components.v2.component_path_utils import ComponentPathUtils

    assert ComponentPathUtils.looks_like_inline_content(assets.style(name).strip())
    assert ComponentPathUtils.looks_like_inline_content(assets.LOADER.strip())


def test_the_logic_of_the_drawings() -> None:
    """Node's own test runner on the pure modules."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    tests = sorted((Path(__file__).parent / "js").glob("*.test.mjs"))
    done = subprocess.run([node, "--test", *map(str, tests)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr

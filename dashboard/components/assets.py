"""The built browser files: where they lie, at which address, and how a component loads them."""

from functools import cache
from hashlib import sha256
from pathlib import Path

ASSETS = Path(__file__).parent / "built"
"""The folder that the service mounts at `MOUNT`."""

MOUNT = "/assets"

LOADER = """// Loads a component's bundle once; the address changes with its content, so browsers may keep it.
export default async function (component) {
  const bundle = new URL(component.data.assets.bundle, document.baseURI).href
  try {
    const { default: mount } = await import(bundle)
    return mount(component)
  } catch (error) {
    const root = component.parentElement.querySelector('.root')
    root.textContent = 'This part of the page could not be loaded from ' + bundle + ': ' + error.message
  }
}
"""
"""The JavaScript every component is registered with: small, since Streamlit sends it with each new data."""


@cache
def url(name: str) -> str:
    """The address of a built file, with a fingerprint of its content."""
    return f"{MOUNT}/{name}?v={sha256((ASSETS / name).read_bytes()).hexdigest()[:12]}"


@cache
def style(name: str) -> str:
    """The text of a built style sheet, on two lines: Streamlit takes one line with a slash for a path."""
    return f"/* {name} */\n" + (ASSETS / name).read_text(encoding="utf-8")

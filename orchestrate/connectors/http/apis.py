"""The OpenAPI documents of this system, by name: tables `[apis.NAME]` of `baton.toml`."""

import tomllib
from pathlib import Path

from home.errors import SettingError


def apis_of(home: Path) -> dict[str, str]:
    """Name of each API to the file or URL of its document; raises `SettingError`."""
    file = home / "baton.toml"
    if not file.is_file():
        return {}
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8")).get("apis", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{file} is not readable TOML: {error}.") from error
    found = {}
    for name, table in tables.items() if isinstance(tables, dict) else ():
        if not isinstance(table, dict) or not isinstance(table.get("openapi"), str):
            raise SettingError(
                f"{file}: the API {name!r} names no document.", hint='Write openapi = "FILE or URL".'
            )
        found[name] = table["openapi"]
    return found

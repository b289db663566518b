"""Named SQL: one `.sql` file per question, read once."""

from functools import cache
from importlib.resources import files


@cache
def read_sql(package: str, name: str) -> str:
    """The text of `name` (with or without `.sql`) in `package`, such as `("mining.sql", "flows")`."""
    folder, _, sub = package.partition(".")
    path = files(folder)
    for part in filter(None, sub.split(".")):
        path = path / part
    return (path / f"{name.removesuffix('.sql')}.sql").read_text(encoding="utf-8")


def literal(text: str) -> str:
    """`text` as an SQL literal."""
    return "'" + text.replace("'", "''").replace("\0", "") + "'"


def migrations(package: str, folder: str) -> list[tuple[int, str]]:
    """`(number, sql)` of every `NNN_name.sql` in `package/folder`, in order."""
    path = files(package)
    for part in folder.split("/"):
        path = path / part
    found = []
    for entry in path.iterdir():
        number, _, rest = entry.name.partition("_")
        if rest.endswith(".sql") and number.isdigit():
            found.append((int(number), entry.read_text(encoding="utf-8")))
    return sorted(found)

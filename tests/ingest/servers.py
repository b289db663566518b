"""Databases to read from, each behind one door: run statements, and read through the adapter."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from ingest.adapter import ROW, Chunk, Content, Options
from ingest.adapters.sql_database import SqlDatabaseAdapter


class Server:
    """A database of its own on a server, or in a file."""

    def __init__(self, kind: str, url: str) -> None:
        self.kind, self.url = kind, url

    def connect(self) -> Any:
        """A connection that commits each statement."""
        if self.kind == "sqlite":
            return sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None)
        if self.kind == "postgresql":
            import psycopg

            return psycopg.connect(self.url, autocommit=True)
        return maria(self.url)

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements; the rows of the last."""
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def many(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        """Run one statement with each of the rows, all in one transaction; `?` marks a value."""
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute("begin")
            cursor.executemany(statement if self.kind == "sqlite" else statement.replace("?", "%s"), rows)
            cursor.execute("commit")


def maria(url: str) -> Any:
    """A connection to MariaDB by its URL."""
    import pymysql
    from sqlalchemy import make_url

    found = make_url(url)
    return pymysql.connect(
        host=found.host,
        port=found.port or 3306,
        user=found.username,
        password=found.password or "",
        database=found.database,
        autocommit=True,
    )


def chunks(url: str, **options: Any) -> Iterator[Chunk]:
    """What the adapter reads from an address."""
    return SqlDatabaseAdapter().read(Content(name="the database", address=url), Options(**options)).chunks


def read(url: str, **options: Any) -> list[dict[str, str | None]]:
    """The rows the adapter reads from an address, as text by column."""
    found = []
    for chunk in chunks(url, **options):
        if chunk.events is not None:
            found += chunk.events.drop_columns([ROW]).to_pylist()
    return found


def sqlite_server(folder: Path) -> Server:
    """A new SQLite file."""
    path = folder / "erp.sqlite"
    sqlite3.connect(path).close()
    return Server("sqlite", f"sqlite:///{path}")

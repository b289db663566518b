"""PostgreSQL stores that tests hand on to each other, emptied: a new database costs the server 300 files."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import make_url

from home.database import Database

SHAPE = """
  select table_schema, table_name, column_name, data_type from information_schema.columns
  where table_schema not in ('pg_catalog', 'information_schema') order by 1, 2, 3
"""
TABLES = "select tablename from pg_tables where schemaname = 'public' and tablename <> 'schema_version'"
OTHERS = """
  select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid()
"""


class KeptStores:
    """Stores at the newest version that nobody has used, or as if, made where none is free."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.free: list[str] = []
        self.shapes: dict[str, list[Any]] = {}
        self.seeds: dict[str, list[tuple[str, list[Any]]]] = {}

    @contextmanager
    def one(self) -> Iterator[str]:
        """The address of a store that is empty and nobody else's."""
        name = self.free.pop() if self.free else self._new()
        try:
            yield self._url(name)
        finally:
            if self._emptied(name):
                self.free.append(name)
            else:
                drop(self.server, name)

    def close(self) -> None:
        """Drop what was kept."""
        while self.free:
            drop(self.server, self.free.pop())

    def _new(self) -> str:
        name = create(self.server)
        Database(self._url(name)).close()
        with _connected(self._url(name)) as connection:
            self.shapes[name] = connection.execute(SHAPE).fetchall()
            self.seeds[name] = [
                (table, connection.execute(f'select * from "{table}"').fetchall())
                for (table,) in connection.execute(TABLES).fetchall()
            ]
        return name

    def _url(self, name: str) -> str:
        return of_database(self.server, name)

    def _emptied(self, name: str) -> bool:
        """Leave only what migrations insert; false where a test has changed what tables there are."""
        with _connected(self._url(name)) as connection:
            connection.execute(OTHERS)
            if connection.execute(SHAPE).fetchall() != self.shapes[name]:
                return False
            connection.execute("set session_replication_role = replica")  # in any order
            for table, rows in self.seeds[name]:
                connection.execute(f'delete from "{table}"')
                for row in rows:
                    connection.execute(f'insert into "{table}" values ({", ".join(["%s"] * len(row))})', row)
            for (sequence,) in connection.execute("select sequencename from pg_sequences").fetchall():
                connection.execute(f'alter sequence "{sequence}" restart')
        return True


def create(server: str) -> str:
    """Make an empty database on a server; its name."""
    name = f"t{secrets.token_hex(6)}"
    with _connected(server) as connection:
        # The other strategy writes every page to the log first: four times the work.
        connection.execute(f'create database "{name}" strategy file_copy')
    return name


def drop(server: str, name: str) -> None:
    """Drop a database, whoever is connected to it."""
    with _connected(server) as connection:
        connection.execute(f'drop database "{name}" with (force)')


def of_database(server: str, name: str) -> str:
    """The address of another database of a server."""
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _connected(url: str) -> Any:
    import psycopg

    return psycopg.connect(url, autocommit=True)

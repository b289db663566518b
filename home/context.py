"""What a command works with: settings, clock, stores, and the job it reports to."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from home.clock import Clock, SystemClock
from home.jobs import Job
from home.settings import Configuration, Settings

if TYPE_CHECKING:
    from home.database import Database
    from home.duck import EventStore

P = ParamSpec("P")
R = TypeVar("R")


class Stores:
    """The two stores of a home folder, opened when first asked for and closed together."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._events: EventStore | None = None
        self._state: Database | None = None

    @property
    def events(self) -> "EventStore":
        """The event logs, in DuckDB. Only the process that holds the home lock may ask."""
        if self._events is None:
            from home.duck import EventStore
            from home.scratch import sweep

            sweep(self._settings.home)
            self._events = EventStore(
                self._settings.home / "events.duckdb", memory_limit=self._settings.memory_limit
            )
        return self._events

    @property
    def state(self) -> "Database":
        """Plans, runs, tasks and audit, in SQLite or PostgreSQL."""
        if self._state is None:
            from home.database import Database
            from home.settings import dereference

            url = self._settings.database_url
            self._state = Database(
                dereference(url) if url else f"sqlite:///{self._settings.home / 'state.sqlite'}"
            )
        return self._state

    def close(self) -> None:
        """Close what was opened."""
        for store in (self._events, self._state):
            if store is not None:
                store.close()
        self._events = self._state = None


class Context:
    """Handed to every command. One per call; stores and clock are shared by the process."""

    def __init__(
        self,
        configuration: Configuration,
        stores: Stores | None = None,
        *,
        clock: Clock | None = None,
        job: Job | None = None,
        actor: str | None = None,
        compute: Callable[..., object] | None = None,
    ) -> None:
        self.configuration = configuration
        self.settings = configuration.settings
        self.stores = stores or Stores(self.settings)
        self.clock: Clock = clock or SystemClock()
        self.job = job or Job()
        self.actor = actor or operating_system_user()
        self._compute = compute

    @property
    def home(self) -> Path:
        """The home folder."""
        return self.settings.home

    @property
    def events(self) -> "EventStore":
        """The event logs."""
        return self.stores.events

    @property
    def state(self) -> "Database":
        """The transactional store."""
        return self.stores.state

    def compute(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a heavy pure function: here on the command line, in a warm child process in the service.

        `function` is importable by name; what goes in and out is plain data (numbers, text, lists,
        DataFrames), never a connection.
        """
        if self._compute is None:
            return function(*args, **kwargs)
        return self._compute(self.job, function, *args, **kwargs)  # type: ignore[return-value]


def operating_system_user() -> str:
    """The name of the user this process runs as."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"

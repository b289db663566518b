"""What the service process shares, and where its pages and its API run commands."""

import re
import secrets
import shutil
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from home.children import Children
from home.context import Context, Stores
from home.errors import Refused
from home.ids import ALPHABET
from home.jobs import Job
from home.registry import Registry
from home.settings import Configuration, configure
from orchestrate.records import audited

if TYPE_CHECKING:
    from ingest.schedule import Scheduler
    from orchestrate.watching.metrics import Metrics
    from orchestrate.worker import Worker

TICKET = re.compile(r"[0-9a-z]{20}")
_current: "Runtime | None" = None
_making = threading.Lock()


class Runtime:
    """One per process. Every command of the registry can be run on it, from any thread."""

    def __init__(self, configuration: Configuration, registry: Registry) -> None:
        self.configuration = configuration
        self.settings = configuration.settings
        self.registry = registry
        self.stores = Stores(self.settings)
        self.children = Children(
            size=2,
            memory_bytes=self.settings.child_memory_bytes,
            deadline_s=self.settings.child_deadline_s,
            preload=("mining._pm4py", "mining.grow"),
        )
        self.jobs: dict[str, Job] = {}
        self.ran: Counter[str] = Counter()
        """How often each command has succeeded here; what a page kept of before may be outdated after."""
        self._metrics: Metrics | None = None
        self._worker: Worker | None = None
        self._scheduler: Scheduler | None = None

    def run(
        self,
        name: str,
        request: Any = None,
        /,
        *,
        actor: str | None = None,
        job: Job | None = None,
        **fields: Any,
    ) -> Any:
        """Run the command `name` with a request model, or with its fields; the response model."""
        command = self.registry.get(name)
        if request is None:
            request = command.request(**fields)
        elif isinstance(request, Mapping):
            request = command.request(**request)
        answer = audited.run(command, self.context(actor=actor, job=job), request)
        self.ran[name] += 1
        return answer

    def context(self, *, actor: str | None = None, job: Job | None = None) -> Context:
        """A context on the shared stores."""
        return Context(self.configuration, self.stores, actor=actor, job=job, compute=self.children.compute)

    @property
    def metrics(self) -> "Metrics":
        """What this process counts, with what is true of all workers."""
        if self._metrics is None:
            from dashboard.health import ages
            from orchestrate.watching.fleet import Fleet
            from orchestrate.watching.metrics import Metrics

            self._metrics = Metrics()
            self._metrics.also(Fleet(lambda: self.stores.state, self.context().clock, lambda: ages(self)))
        return self._metrics

    def open(self, *, worker: bool = False) -> None:
        """Open both stores (slow: DuckDB replays its log, migrations run), start schedule and worker.

        Not to be called inside an event loop.
        """
        _ = self.stores.events, self.stores.state, self.metrics
        from ingest.schedule import Scheduler

        self._scheduler = Scheduler(self.context)
        self._scheduler.start()
        if worker:
            from orchestrate.worker import DRIVER, Worker

            self._worker = Worker(self.context(), DRIVER, self.metrics)
            self._worker.start()
        self.children.warm()  # last: until then the service itself wants the processor

    def close(self) -> None:
        """Give runs back, end children, close stores."""
        for job in list(self.jobs.values()):
            job.cancel()
        if self._scheduler is not None:
            self._scheduler.stop()
        if self._worker is not None:
            self._worker.stop()
        self.children.close()
        self.stores.close()

    def new_upload(self, name: str) -> tuple[str, Path]:
        """A ticket for a file that somebody sends, and where to write it."""
        ticket = "".join(secrets.choice(ALPHABET) for _ in range(20))
        folder = self.settings.home / "uploads" / ticket
        folder.mkdir(parents=True)
        # The name tells a reader what the sender called it; it must not tell the system where to write.
        safe = re.sub(r"[^\w.() -]", "_", name.rsplit("/", 1)[-1])[-120:].lstrip(".") or "file"
        return f"upload:{ticket}", folder / safe

    def upload_path(self, ticket: str) -> Path:
        """The file behind an upload ticket; raises `Refused` for anything else."""
        name = ticket.removeprefix("upload:")
        folder = self.settings.home / "uploads" / name
        found = sorted(folder.iterdir()) if TICKET.fullmatch(name) and folder.is_dir() else []
        if len(found) != 1:
            raise Refused(f"There is no upload {ticket!r}.", hint="Send the file to /api/uploads first.")
        return found[0]

    def forget_upload(self, ticket: str) -> None:
        """Remove an upload; one that is gone is no error."""
        name = ticket.removeprefix("upload:")
        if TICKET.fullmatch(name):
            shutil.rmtree(self.settings.home / "uploads" / name, ignore_errors=True)


def install(runtime: Runtime) -> None:
    """Make `runtime` the one of this process."""
    global _current
    _current = runtime


def current() -> Runtime:
    """The runtime of this process; a page run outside the service gets one on the configured home."""
    global _current
    with _making:
        if _current is None:
            from home.registry import load

            _current = Runtime(configure(), load())
        return _current

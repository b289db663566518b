"""The service that owns a home folder, reached over HTTP: same commands, same answers."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from home.contracts import InputFile
from home.errors import BatonError, Cancelled, ExitCode, Unreachable
from home.ids import ALPHABET
from home.registry import Command

Progress = Callable[[float | None, str], None] | None


def running_service(home: Path) -> "Service | None":
    """The service of this home folder, if its lock is held and it answers; `service.json` is a hint."""
    hint = home / "service.json"
    if not hint.is_file():
        return None
    import httpx

    try:
        found = json.loads(hint.read_text(encoding="utf-8"))
        service = Service(found["address"], found["token"])
        service.client.get("/api/health", timeout=2).raise_for_status()
    except (OSError, ValueError, KeyError, httpx.HTTPError):
        return None
    return service


class Service:
    """A client of one running service."""

    def __init__(self, address: str, token: str) -> None:
        import httpx

        self.client = httpx.Client(
            base_url=address,
            headers={"authorization": f"Bearer {token}"},
            timeout=None,  # noqa: S113 - a load may take an hour; Ctrl-C is the way out
            trust_env=False,
        )

    def run(self, command: Command, request: Any, *, progress: Progress = None) -> Any:
        """Run a command there: files are sent, Ctrl-C cancels, errors come back as they would here."""
        job = _job_id()
        body = self._with_uploads(command, request)
        done = threading.Event()
        if progress is not None:
            threading.Thread(target=self._follow, args=(job, progress, done), daemon=True).start()
        try:
            answer = self._post(command, body, job)
        except KeyboardInterrupt:
            self.client.delete(f"/api/jobs/{job}", timeout=5)
            raise Cancelled() from None
        finally:
            done.set()
        if answer.status_code == 200:
            sent = {ticket: getattr(request, name) for name, ticket in body.items() if _is_ticket(ticket)}
            return command.response.model_validate_json(answer.content).as_asked(sent)
        raise _error(answer, command)

    def _post(self, command: Command, body: dict[str, Any], job: str) -> Any:
        import httpx

        try:
            return self.client.post(f"/api/{command.name.replace(' ', '/')}", params={"job": job}, json=body)
        except httpx.HTTPError as error:
            raise Unreachable(
                f"The service at {self.client.base_url} did not answer: {error}.",
                hint="See its log, or stop it and run the command again.",
            ) from error

    def _with_uploads(self, command: Command, request: Any) -> dict[str, Any]:
        """The request as JSON, each input file sent ahead and replaced by its ticket."""
        body: dict[str, Any] = request.model_dump(mode="json")
        for name, field in command.request.model_fields.items():
            value = body.get(name)
            if isinstance(value, str) and any(isinstance(m, InputFile) for m in field.metadata):
                path = Path(value)
                if path.is_file():
                    with path.open("rb") as file:
                        body[name] = self._sent(path.name, file)
                elif path.is_dir():
                    with TemporaryFile() as file:
                        _zip(path, file)
                        body[name] = self._sent(f"{path.resolve().name}.zip", file)
        return body

    def _sent(self, name: str, file: IO[bytes]) -> str:
        """Send a file ahead; the ticket that stands for it."""
        answer = self.client.post("/api/uploads", params={"name": name}, content=file)
        if answer.status_code != 200:
            raise _error(answer)
        ticket: str = answer.json()["upload"]
        return ticket

    def _follow(self, job: str, progress: Callable[[float | None, str], None], done: threading.Event) -> None:
        import httpx

        while not done.wait(0.3):
            try:
                found = self.client.get(f"/api/jobs/{job}", timeout=2)
            except httpx.HTTPError:
                continue
            if found.status_code == 200:
                progress(found.json()["fraction"], found.json()["message"])


def _is_ticket(value: object) -> bool:
    return isinstance(value, str) and value.startswith("upload:")


def _zip(folder: Path, file: IO[bytes]) -> None:
    """Put the files of a folder into an archive, for a service that may run elsewhere."""
    import zipfile

    with zipfile.ZipFile(file, "w", strict_timestamps=False) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(folder).as_posix())
    file.seek(0)


class RemoteError(BatonError):
    """An error that the service reported, with its own code, exit and, where it has one, report."""

    def __init__(self, found: dict[str, Any], command: Command | None) -> None:
        super().__init__(found["message"], hint=found["hint"])
        self.code = found["code"]  # type: ignore[misc]
        self.exit_code = ExitCode(found.get("exit", ExitCode.FAILED))  # type: ignore[misc]
        report = found.get("report")
        self.report = command.response.model_validate(report) if command and report else None


def _error(answer: Any, command: Command | None = None) -> BatonError:
    try:
        return RemoteError(answer.json()["error"], command)
    except (ValueError, KeyError, TypeError):
        return Unreachable(f"The service answered {answer.status_code}.", hint="See its log.")


def _job_id() -> str:
    import secrets

    return "job-" + "".join(secrets.choice(ALPHABET) for _ in range(14))

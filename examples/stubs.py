"""Stub services of the examples: `python -m examples.stubs invoice-approval --port 8091`.

No real system: a server on the loopback address that answers as `examples/NAME/stubs.toml` says, so that
every way an example can go may be tried. A `[[service]]` of that file has

    path      of its address
    key       the field of a request that says which case it is about
    answer    what comes back; "{field}" is filled from the request
    cases     by case, what is different: any of the fields below, and `answer`

    status    answers this instead, with the text in `says`
    lost      does the work, and breaks off without an answer
    slow_s    does the work, and answers so many seconds later
    later_s   answers 202, and posts the answer to the address in the header Reply-To later; inf: never
    times     only the first so many calls of the case are different; without it all are

Work is done once per `Idempotency-Key`: sent again, a request gets the first one's answer. `GET /calls`
lists what was asked, one call a line: method, path, case, status, `lost`, `again` where the key was known,
key; `GET /calls?CASE&PATH` only those with these words.
"""

import argparse
import json
import sys
import threading
import tomllib
import urllib.request
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

FOLDER = Path(__file__).parent
HOST = "127.0.0.1"
Json = dict[str, Any]


class Stub:
    """The services of one example. `url` is where they are; nothing else is reachable from outside."""

    def __init__(self, example: str, port: int = 0) -> None:
        declared = tomllib.loads((FOLDER / example / "stubs.toml").read_text(encoding="utf-8"))
        self.services = {service["path"]: service for service in declared["service"]}
        self.calls: list[str] = []
        self._done: dict[str, Json] = {}
        self._asked: Counter[tuple[str, str]] = Counter()
        self._lock, self._closing = threading.Lock(), threading.Event()
        self._owed: list[threading.Thread] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            """Hands every request to the stub."""

            def do_GET(self) -> None:
                stub.answer(self)

            do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, *_: object) -> None:
                """`/calls` is the log."""

        self._server = ThreadingHTTPServer((HOST, port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://{HOST}:{self._server.server_port}"

    def serve(self) -> None:
        """Answer until `close`."""
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Stop answering; slow answers break off."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def settle(self) -> None:
        """Wait until every answer that was promised for later has been posted."""
        while self._owed:
            self._owed.pop().join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request, and write it down."""
        address = urlsplit(request.path)
        if address.path == "/calls":
            with self._lock:
                wanted = {word for word in address.query.split("&") if word}
                lines = [line for line in self.calls if wanted <= set(line.split())]
            _send(request, 200, "".join(f"{line}\n" for line in lines))
            return
        service, given = self.services.get(address.path), _given(request, address.query)
        if service is None:
            _send(request, 404, {"error": f"the stub has no {address.path}"})
            return
        case = str(given.get(service["key"], "-"))
        with self._lock:
            self._asked[address.path, case] += 1
            own = service.get("cases", {}).get(case, {})
            if self._asked[address.path, case] > own.get("times", sys.maxsize):
                own = {}
            told = service | own
            key = request.headers.get("Idempotency-Key", "")
            # Nonsense is not remembered: a mended service answers the same key well.
            status, body, again = self._outcome(told, given, key if "answer" not in own else "")
            marks = [mark for mark, so in (("lost", told.get("lost")), ("again", again)) if so]
            line = " ".join((request.command, address.path, case, str(status), *marks, key))
            self.calls.append(line.rstrip())
        if status == 202:
            self._later(told["later_s"], request.headers["Reply-To"], body)
            body = {}
        elif told.get("lost"):
            request.close_connection = True
            return
        elif not again:
            self._closing.wait(told.get("slow_s", 0))
        _send(request, status, body)

    def _outcome(self, told: Json, given: Json, key: str) -> tuple[int, Json, bool]:
        """Status, body, and whether the work had been done before."""
        if "status" in told:
            return told["status"], {"error": told.get("says", "out of order")}, False
        again = key in self._done
        body = self._done[key] if again else _filled(told.get("answer", {}), given)
        if key:
            self._done[key] = body
        return (202 if "later_s" in told else 200), body, again

    def _later(self, seconds: float, address: str, body: Json) -> None:
        def post() -> None:
            if not self._closing.wait(seconds):
                data, kind = json.dumps(body).encode(), {"Content-Type": "application/json"}
                urllib.request.urlopen(urllib.request.Request(address, data, kind), timeout=10).close()  # noqa: S310

        if seconds < float("inf"):
            self._owed.append(threading.Thread(target=post, daemon=True))
            self._owed[-1].start()


def _given(request: BaseHTTPRequestHandler, query: str) -> Json:
    """The fields of a request and of the objects in it: a compensation has the run's under `data`."""
    text = request.rfile.read(int(request.headers.get("Content-Length") or 0))
    body = json.loads(text) if text else dict(parse_qsl(query))
    for inner in [value for value in body.values() if isinstance(value, dict)]:
        body |= inner
    return body


def _filled(answer: Any, given: Json) -> Any:
    if isinstance(answer, dict):
        return {name: _filled(value, given) for name, value in answer.items()}
    return answer.format_map(given) if isinstance(answer, str) else answer


def _send(request: BaseHTTPRequestHandler, status: int, body: Json | str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    request.send_response(status)
    request.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
    request.send_header("Content-Length", str(len(text.encode())))
    request.send_header("X-Stub", "this is no real system")
    with suppress(ConnectionError):  # whoever asked has not waited for the answer
        request.end_headers()
        request.wfile.write(text.encode())


def main(arguments: list[str] | None = None) -> None:
    """Serve the stubs of one example until Ctrl-C."""
    known = sorted(file.parent.name for file in FOLDER.glob("*/stubs.toml"))
    parser = argparse.ArgumentParser(prog="examples.stubs", description="Stub services of an example.")
    parser.add_argument("example", choices=known)
    parser.add_argument("--port", type=int, default=8091)
    told = parser.parse_args(arguments)
    try:
        stub = Stub(told.example, told.port)
    except OSError as error:
        parser.error(f"cannot serve at port {told.port}: {error.strerror}; try another --port")
    paths = ", ".join(stub.services)
    with suppress(KeyboardInterrupt):
        sys.stdout.write(f"Stubs of {told.example} at {stub.url}: {paths}. Ctrl-C ends them.\n")
        sys.stdout.flush()
        stub.serve()


if __name__ == "__main__":
    main()

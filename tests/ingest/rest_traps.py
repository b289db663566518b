"""A REST service that misbehaves in every way we know, and what must come of each."""

import gzip
import json
import socketserver
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

RECORDS = [
    {"id": n, "case_id": f"c{n % 3}", "activity": f"step {n}", "timestamp": f"2026-03-{n:02d}T08:00:00Z"}
    for n in range(1, 11)
]
TOKEN = "s3cr3t-t0ken"  # never to be seen in any message


@dataclass
class Asked:
    """One request as the service saw it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    times: int
    """How often this service was asked before."""
    service: "Service"

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    def number(self, name: str, default: int) -> int:
        return int(parse_qs(urlsplit(self.target).query).get(name, [str(default)])[0])


Answering = Callable[[Asked], bytes | Iterator[bytes]]


class Service:
    """A raw HTTP service on this machine; every connection answers one request."""

    def __init__(self, answering: Answering) -> None:
        self.seen: list[Asked] = []
        service = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    byte = self.rfile.readline()
                    if not byte:
                        return
                    head += byte
                lines = head.decode("latin-1").split("\r\n")
                method, target, _ = lines[0].split(" ", 2)
                headers = {
                    n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:]) if n
                }
                body = self.rfile.read(int(headers.get("content-length", 0)))
                asked = Asked(method, target, headers, body, len(service.seen), service)
                service.seen.append(asked)
                try:
                    answer = answering(asked)
                    for part in [answer] if isinstance(answer, bytes) else answer:
                        self.wfile.write(part)
                        self.wfile.flush()
                except OSError:
                    return  # the caller had enough

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads, request_queue_size = True, True, 64

        self.over = threading.Event()
        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


def answer(body: bytes | str, status: str = "200 OK", length: int | None = None, **headers: str) -> bytes:
    """A whole HTTP answer."""
    content = body.encode() if isinstance(body, str) else body
    named = {"content-type": "application/json"} | {n.replace("_", "-"): v for n, v in headers.items()}
    lines = [f"{name}: {value}" for name, value in named.items() if value != "-"]
    size = len(content) if length is None else length
    head = "\r\n".join([f"HTTP/1.1 {status}", *lines, f"content-length: {size}", "connection: close"])
    return head.encode("latin-1") + b"\r\n\r\n" + content


def said(document: Any, **headers: str) -> bytes:
    """A JSON answer."""
    return answer(json.dumps(document), **headers)


def pages_of(asked: Asked, size: int = 4) -> bytes:
    """The records by page number; the page after the last is empty."""
    page = asked.number("page", 1)
    return said({"items": RECORDS[(page - 1) * size : page * size], "page": page})


def first_then(first: Answering) -> Answering:
    """Misbehaves once, then answers."""

    def answering(asked: Asked) -> bytes | Iterator[bytes]:
        return first(asked) if asked.times == 0 else pages_of(asked)

    return answering


def broken_after(whole: int, then: Answering) -> Answering:
    """Answers whole pages, then misbehaves for ever."""

    def answering(asked: Asked) -> bytes | Iterator[bytes]:
        return pages_of(asked) if asked.times < whole else then(asked)

    return answering


@dataclass
class Trap:
    """What the service does, and what must come of it."""

    name: str
    answering: Answering
    outcome: str
    """`ok`, `unreachable` (exit 3), `refused` (exit 1), or the word of the refusal of the whole source."""
    says: str = ""
    """What the message must say (a regular expression)."""
    declared: dict[str, Any] = field(default_factory=dict)
    slept: list[float] | None = None
    """The waits between attempts, exactly."""
    requests: int | None = None
    rows: int = 10


def drip(asked: Asked) -> Iterator[bytes]:
    """A byte now and then, for ever."""
    yield b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n"
    while not asked.service.over.wait(0.02):
        yield b" "


def dripping_head(asked: Asked) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nx-slow: "
    while not asked.service.over.wait(0.02):
        yield b"a"


def silent(asked: Asked) -> Iterator[bytes]:
    asked.service.over.wait(20)
    yield b""


def bomb(packing: str) -> Answering:
    def answering(asked: Asked) -> bytes:
        body = b'{"items": [' + b" " * (100 << 20) + b"]}"
        if packing == "gzip":
            return answer(gzip.compress(body, 1), content_encoding="gzip")
        return answer(zlib.compress(body, 1), content_encoding="deflate")

    return answering


def chunked(*parts: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"".join(parts)


def cursor(following: Callable[[str], str | None]) -> Answering:
    """Pages by cursor; `following` says which cursor comes after which."""

    def answering(asked: Asked) -> bytes:
        at = parse_qs(urlsplit(asked.target).query).get("cursor", ["0"])[0]
        content = {"items": [{**RECORDS[0], "id": f"{at}-{asked.times}"}], "next": following(at)}
        return said(content)

    return answering


def deep(asked: Asked) -> bytes:
    return answer('{"items": [{"a": ' + '{"a":' * 5000 + "1" + "}" * 5000 + "}]}")


def links_away(where: str) -> Answering:
    def answering(asked: Asked) -> bytes:
        port = asked.service.port
        return said({"items": RECORDS}, link=f'<{where.format(port=port)}>; rel="next"')

    return answering


BY_PAGE = {"paginator": {"kind": "page"}, "records": "items"}
BY_CURSOR = {"paginator": {"kind": "cursor", "path": "next"}, "records": "items"}
BY_LINK = {"paginator": {"kind": "link"}, "records": "items"}
QUICK = {"timeout_s": 0.3, "deadline_s": 0.6, "attempts": 2, "backoff_s": 0.01}
OFTEN = {"attempts": 3}

HTML = "<!doctype html><html><head><title>Sign in - Acme</title></head><body>login</body></html>"
TRAPS = [
    Trap(
        "429, seconds",
        first_then(lambda a: answer("slow", "429 Too Many", retry_after="7")),
        "ok",
        slept=[7.0],
    ),
    Trap(
        "429, a date",
        first_then(lambda a: answer("slow", "429 Too Many", retry_after="Mon, 02 Mar 2026 08:00:09 GMT")),
        "ok",
        slept=[9.0],
    ),
    Trap(
        "429, longer than the deadline",
        lambda a: answer("slow", "429 Too Many", retry_after="86400"),
        "unreachable",
        "asks to wait 86400 s; the deadline of 3600 s",
        slept=[],
        requests=1,
    ),
    Trap(
        "429, nonsense",
        first_then(lambda a: answer("", "429 Too Many", retry_after="soon")),
        "ok",
        slept=[0.5],
    ),
    Trap(
        "503 twice", lambda a: pages_of(a) if a.times > 1 else answer("", "503 Away"), "ok", slept=[0.5, 1.0]
    ),
    Trap(
        "500 for ever",
        lambda a: answer('{"why": "db down"}', "500 Broken"),
        "unreachable",
        r"page 1: tried 3 times in \d+ s; last: 500 Broken: .*db down",
        OFTEN,
        slept=[0.5, 1.0],
        requests=3,
    ),
    Trap("dropped once", first_then(lambda a: iter(())), "ok", slept=[0.5]),
    Trap("dropped for ever", lambda a: iter(()), "unreachable", "the connection failed", OFTEN, requests=3),
    Trap(
        "away after two pages",
        broken_after(2, lambda a: answer("", "502 Bad Gateway")),
        "unreachable",
        "page 3: tried 3 times",
        OFTEN,
        requests=5,
    ),
    Trap("a body drips", drip, "unreachable", "no whole answer within 0.3 s", QUICK),
    Trap("headers drip", dripping_head, "unreachable", "no whole answer within 0.3 s", QUICK),
    Trap("silence", silent, "unreachable", "no whole answer within 0.3 s", QUICK),
    Trap("gzip bomb", bomb("gzip"), "limit", "more than 67,108,864 bytes unpacked", requests=1),
    Trap("deflate bomb", bomb("deflate"), "limit", "more than 67,108,864 bytes unpacked", requests=1),
    Trap(
        "gzip in gzip",
        lambda a: answer(gzip.compress(gzip.compress(b"[]")), content_encoding="gzip, gzip"),
        "format",
        "packed as 'gzip, gzip'",
    ),
    Trap(
        "brotli unasked",
        lambda a: answer(b"\x0b\x02\x80[]", content_encoding="br"),
        "format",
        "packed as 'br'",
    ),
    Trap(
        "gzip cut",
        lambda a: answer(gzip.compress(b"[" + b" " * 9999 + b"]")[:-9], content_encoding="gzip"),
        "corrupt",
        "truncated",
    ),
    Trap(
        "gzip, as it should be",
        lambda a: answer(
            gzip.compress(json.dumps({"items": RECORDS if a.number("page", 1) == 1 else []}).encode()),
            content_encoding="gzip",
        ),
        "ok",
    ),
    Trap(
        "deflate without its header",
        lambda a: answer(
            zlib.compress(json.dumps({"items": RECORDS if a.number("page", 1) == 1 else []}).encode())[2:-4],
            content_encoding="deflate",
        ),
        "ok",
    ),
    Trap(
        "the same page for ever",
        lambda a: said({"items": RECORDS}),
        "loop",
        "same content as the page before",
    ),
    Trap(
        "a cursor in a circle",
        cursor(lambda at: {"0": "a", "a": "b"}.get(at, "a")),
        "loop",
        "leads back",
        BY_CURSOR,
    ),
    Trap(
        "pages without end",
        cursor(lambda at: str(int(at) + 1)),
        "limit",
        "more than 25 pages",
        {"paginator": {"kind": "cursor", "path": "next", "most": 25}, "records": "items"},
    ),
    Trap("a cursor that is a structure", cursor(lambda at: {"a": 1}), "cursor", "no cursor", BY_CURSOR),
    Trap(
        "next on another host",
        links_away("http://169.254.169.254/latest"),
        "off-host",
        "169.254.169.254",
        BY_LINK,
    ),
    Trap("next on another port", links_away("http://127.0.0.1:1/x"), "off-host", "127.0.0.1:1", BY_LINK),
    Trap("next by another scheme", links_away("https://127.0.0.1:{port}/x"), "off-host", "https://", BY_LINK),
    Trap("next is a file", links_away("file:///etc/passwd"), "off-host", "file://", BY_LINK),
    Trap(
        "redirect into the private network",
        lambda a: answer("", "302 Found", location="http://10.0.0.1/admin"),
        "address",
        "10.0.0.1 is private or local; the setting http_allow does not name it",
    ),
    Trap(
        "redirect to an unsafe scheme",
        lambda a: answer("", "302 Found", location="ftp://127.0.0.1/x"),
        "redirect",
        "less safe",
    ),
    Trap(
        "redirect with credentials",
        lambda a: answer("", "302 Found", location=f"http://me:you@127.0.0.1:{a.service.port}/x"),
        "redirect",
        "credentials in it",
    ),
    Trap(
        "redirects in a circle",
        lambda a: answer("", "301 Moved", location="/again"),
        "loop",
        "redirects more than 5 times",
        requests=6,
    ),
    Trap(
        "redirect, harmless",
        lambda a: (
            pages_of(a)
            if a.path == "/v2"
            else answer("", "301 Moved", location=f"/v2?{urlsplit(a.target).query}")
        ),
        "ok",
    ),
    Trap(
        "a sign-in page",
        lambda a: answer(HTML, content_type="text/html"),
        "format",
        "an HTML page .'Sign in - Acme'",
    ),
    Trap("a sign-in page called JSON", lambda a: answer(HTML), "format", "an HTML page"),
    Trap("XML", lambda a: answer("<?xml version='1.0'?><a/>", content_type="text/xml"), "format", "XML"),
    Trap("JSON cut", lambda a: answer(json.dumps({"items": RECORDS})[:-30]), "truncated", "truncated"),
    Trap("no JSON", lambda a: answer("items: none"), "line", "not well-formed JSON"),
    Trap("NaN", lambda a: answer('{"items": [{"a": NaN}]}'), "line", "NaN"),
    Trap("nested too deep", deep, "depth", "deep"),
    Trap(
        "another encoding than declared",
        lambda a: answer('{"items": ["Zoë"]}'.encode("latin-1")),
        "encoding",
        "not valid utf-8",
    ),
    Trap(
        "an encoding as declared",
        lambda a: answer(
            json.dumps(
                {"items": [{**r, "who": "Zoë"} for r in RECORDS] if a.number("page", 1) == 1 else []},
                ensure_ascii=False,
            ).encode("latin-1"),
            content_type="application/json; charset=iso-8859-1",
        ),
        "ok",
    ),
    Trap(
        "no such encoding",
        lambda a: answer("{}", content_type="application/json; charset=klingon"),
        "encoding",
        "klingon",
    ),
    Trap(
        "an error with 200",
        lambda a: said({"errorMessages": [f"JQL is wrong near {TOKEN}"]}),
        "error",
        r"answered 200 with an error and no records: .*JQL is wrong near \*\*\*",
        {"auth": {"bearer": "env:TRAP_TOKEN"}},
    ),
    Trap(
        "an error beside records",
        lambda a: said({"items": RECORDS, "status": {"failed": "half"}}),
        "error",
        "reports an error: half",
        {**BY_PAGE, "error": "status.failed"},
    ),
    Trap("empty pages", lambda a: said({"items": []}), "ok", rows=0),
    Trap(
        "records missing",
        lambda a: said({"rows": RECORDS}),
        "records",
        "no records at 'items'. Lists of records found: 'rows'",
    ),
    Trap(
        "records that are no objects",
        lambda a: said({"items": [1, None] if a.number("page", 1) == 1 else []}),
        "ok",
        rows=0,
    ),
    Trap(
        "a length too long", lambda a: answer("[]", length=50), "unreachable", "the connection failed", OFTEN
    ),
    Trap(
        "a length too short",
        lambda a: answer(json.dumps({"items": RECORDS}), length=40),
        "truncated",
        "truncated",
    ),
    Trap(
        "two lengths",
        lambda a: answer("[]", **{"content-length": "7"}),
        "unreachable",
        "connection failed",
        OFTEN,
    ),
    Trap(
        "chunks of garbage",
        lambda a: chunked(b"zz\r\n[]\r\n0\r\n\r\n"),
        "unreachable",
        "connection failed",
        OFTEN,
    ),
    Trap(
        "chunks without an end", lambda a: chunked(b"2\r\n[]\r\n"), "unreachable", "connection failed", OFTEN
    ),
    Trap(
        "204",
        broken_after(2, lambda a: b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"),
        "ok",
        rows=8,
    ),
    Trap(
        "304",
        lambda a: b"HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n",
        "status",
        "304 Not Modified",
    ),
    Trap("206", lambda a: answer("[]", "206 Partial Content"), "status", "206 Partial"),
    Trap("an empty body", lambda a: answer(""), "empty", "empty body"),
    Trap(
        "a header of 1 MB",
        lambda a: answer("[]", x_big="a" * (1 << 20)),
        "unreachable",
        "connection failed",
        OFTEN,
    ),
    Trap(
        "no HTTP at all", lambda a: b"220 mail.example ESMTP\r\n", "unreachable", "connection failed", OFTEN
    ),
    Trap(
        "401",
        lambda a: answer(f"bad {TOKEN}", "401 Unauthorized"),
        "refused",
        r"401 Unauthorized: bad \*\*\*",
        {"auth": {"bearer": "env:TRAP_TOKEN"}},
        requests=1,
    ),
    Trap("403", lambda a: answer("no", "403 Forbidden"), "refused", "403 Forbidden", requests=1),
    Trap(
        "404",
        lambda a: answer(HTML, "404 Not Found", content_type="text/html"),
        "refused",
        "404 Not Found.$",
        requests=1,
    ),
    Trap(
        "not as many as counted",
        lambda a: said({"items": RECORDS if a.number("page", 1) == 1 else [], "total": 12}),
        "ok",
        declared={"paginator": {"kind": "page", "total": "total"}, "records": "items"},
    ),
    Trap(
        "a Jira error in a changelog",
        lambda a: said(
            {"items": [{"id": 1, "changelog": {"histories": ["x"]}}] if a.number("page", 1) == 1 else []}
        ),
        "ok",
        rows=0,
    ),
    Trap(
        "a key twice",
        lambda a: answer('{"items": [{"id": 1, "id": 2}]}' if a.number("page", 1) == 1 else '{"items": []}'),
        "ok",
        rows=0,
    ),
]

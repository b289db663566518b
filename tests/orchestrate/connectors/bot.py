"""A program that script steps of the tests run: what it does is its first argument."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main(what: str, *more: str) -> int:
    given = json.load(sys.stdin) if what not in ("deaf",) else {}
    if what == "echo":
        own = {
            name: value for name, value in os.environ.items() if name.startswith(("BATON", "BOT", "TRACE"))
        }
        sys.stdout.write(
            json.dumps({"approved": True, "echo": given, "environment": own, "argv": list(more)})
        )
    elif what == "exit":
        sys.stderr.write(f"it went wrong, {os.environ.get('BOT_TOKEN', 'without a token')}\n")
        return int(more[0])
    elif what == "sleep":
        child = subprocess.Popen(["/bin/sleep", "60"], start_new_session=len(more) > 1)
        Path(more[0]).write_text(f"{os.getpid()} {child.pid}")
        time.sleep(60)
    elif what == "leave":
        child = subprocess.Popen(["/bin/sleep", "60"])
        Path(more[0]).write_text(str(child.pid))
        sys.stdout.write("{}")
    elif what == "spin":
        while True:
            pass
    elif what == "memory":
        sys.stdout.write(len(bytearray(2**31)))
    elif what == "chatter":
        while True:
            sys.stdout.write("x" * 1000)
    elif what == "text":
        sys.stdout.write("hello")
    elif what == "list":
        sys.stdout.write("[1, 2]")
    else:
        sys.stdout.write("{}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))

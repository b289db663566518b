"""Sets limits on itself, then becomes the program: started by file name, alone, before any other code.

python -I -S launcher.py CPU_SECONDS MEMORY_BYTES FILE_BYTES PROGRAM ARGUMENT…
"""

import ctypes
import os
import resource
import signal
import sys

KILL_ME_WHEN_MY_PARENT_DIES = 1  # PR_SET_PDEATHSIG
NOT_STARTED = 127


def main(arguments: list[str]) -> None:
    """Limits hold for the program and what it starts; a worker that is killed takes its scripts along."""
    cpu, memory, file_size = map(int, arguments[:3])
    program = arguments[3:]
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(KILL_ME_WHEN_MY_PARENT_DIES, signal.SIGKILL)
    os.umask(0o077)
    try:
        os.execv(program[0], program)  # noqa: S606 - the program is on the allow-list, its arguments are a list
    except OSError as error:
        sys.stderr.write(f"{program[0]} cannot be started: {error.strerror}\n")
        raise SystemExit(NOT_STARTED) from None


if __name__ == "__main__":
    main(sys.argv[1:])

"""Runs a command and starts it again, after a growing pause, whenever it ends without having been asked to.

`python -m config.keep_running -m celery ...` runs the arguments under this Python. In production the service manager
does the same (docker-compose.yml: `restart`); here it keeps one killed process from taking the others along.
"""

import signal
import subprocess
import sys
import threading
import time
from types import FrameType

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# Whoever ran this long was well: the next pause is the first one again.
SETTLED_SECONDS = 60.0


class Keeper:
    """One command; `stop` ends it and its restarts."""

    def __init__(self, arguments: list[str]) -> None:
        self._arguments = arguments
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def stop(self, signum: int, _frame: FrameType | None) -> None:
        self._stopping.set()
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signum)

    def run(self) -> int:
        """Until asked to stop; the exit status of the last run."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = time.monotonic()
            self._child = subprocess.Popen([sys.executable, *self._arguments])
            status = self._child.wait()
            if self._stopping.is_set():
                return status
            if time.monotonic() - began > SETTLED_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            print(f"Ended with status {status}; starts again in {pause:.0f} s.", flush=True)
            if self._stopping.wait(pause):
                return status
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def main() -> int:
    keeper = Keeper(sys.argv[1:])
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, keeper.stop)
    return keeper.run()


if __name__ == "__main__":
    sys.exit(main())

"""Sends invented reports to a listener over several connections, and sends again what was not acknowledged."""

import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from bench._test_installation import Installation
from tests.support.processes import Process

FACILITIES = ("VALLEY", "WEST")  # sites that no file of results fills
_START_SECONDS = 60.0
_TEXT = (
    "EXAM: Bilateral screening mammogram.~COMPARISON: Two years ago, BI-RADS 2.~"
    "BREAST COMPOSITION: The breasts are heterogeneously dense (category C).~FINDINGS: {finding}~"
    "IMPRESSION: BI-RADS CATEGORY {category}"
)
_NEGATIVE = "1: Negative."
_RECALL = "0: Incomplete, need additional imaging evaluation."


def make_report(number: int, facility: str) -> bytes:
    """The same invented report each time; 12 in 100 open a recall."""
    is_recalled = random.Random(number).random() < 0.12
    day = date.today() - timedelta(days=2 + number % 20)
    born = date(1950, 1, 1) + timedelta(days=number * 37 % 9000)
    finding = "Mass, left breast, upper outer quadrant." if is_recalled else "No suspicious finding."
    text = _TEXT.format(finding=finding, category=_RECALL if is_recalled else _NEGATIVE)
    segments = [
        f"MSH|^~\\&|RIS|{facility}|RECALLDESK|C|{day:%Y%m%d}162000||ORU^R01^ORU_R01|{facility[0]}{number}|P|2.5.1",
        f"PID|1||B{number:07d}^^^{facility}^MR||Sample-{number % 9973}^T{number % 911}||{born:%Y%m%d}|F|||"
        f"{number % 400} Example St^^Pittsburgh^PA^15232||^PRN^PH^{number}@example.org^^724^55501{number % 90:02d}",
        f"OBR|1||X{facility[0]}{number:08d}|MAMSCR^Screening|||{day:%Y%m%d}091500{'|' * 15}{day:%Y%m%d}162000"
        "|||F|||||||1^Reader^Rada",
        f"OBX|1|TX|REPORT^Report||{text}||||||F",
    ]
    return "".join(f"{segment}\r" for segment in segments).encode()


def set_up_senders() -> None:
    """A site for each facility, and a sender that is known by it."""
    from bench._test_installation import create_site_that_is_always_open
    from exchange.models import Hl7Sender

    for facility in FACILITIES:
        site = create_site_that_is_always_open(code=facility)
        Hl7Sender.objects.create(
            name=facility, application="RIS", facility=facility, site=site, screening_codes=["MAMSCR"]
        )


class Feed(threading.Thread):
    """One connection; it sends `window` messages ahead, and after a break all that nobody answered."""

    def __init__(self, port: int, bodies: list[bytes], window: int = 20) -> None:
        super().__init__(daemon=True)
        self._port, self._bodies, self._window = port, bodies, window
        self.sent = 0
        self.refused = 0
        self.breaks = 0

    def run(self) -> None:
        while self.sent < len(self._bodies):
            try:
                with socket.create_connection(("127.0.0.1", self._port), 30) as connection:
                    self._send(connection)
            except OSError:
                self.breaks += 1
                time.sleep(0.2)

    def _send(self, connection: socket.socket) -> None:
        buffer = b""
        while self.sent < len(self._bodies):
            part = self._bodies[self.sent : self.sent + self._window]
            connection.sendall(b"".join(b"\x0b" + body + b"\x1c\r" for body in part))
            for _body in part:
                while b"\x1c\r" not in buffer:
                    received = connection.recv(65536)
                    if not received:
                        raise ConnectionResetError
                    buffer += received
                answer, _end, buffer = buffer.partition(b"\x1c\r")
                self.refused += b"MSA|AA|" not in answer
                self.sent += 1


@contextmanager
def listener(installation: Installation, port: int, number: int = 0) -> Iterator[Process]:
    process = start_listener(installation, port, number)
    try:
        yield process
    finally:
        process.kill()


def start_listener(installation: Installation, port: int, number: int = 0) -> Process:
    """The real command, once it accepts connections."""
    process = installation.start(f"listener{number}", "manage.py", "listen_hl7", "--port", str(port))
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.has_ended:
                break
            time.sleep(0.1)
        else:
            return process
    raise SystemExit(f"The listener did not start: {process.output[-2000:]}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _family(process: Process) -> list[str]:
    """The listener and the process that applies beside it, as folders of /proc."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [f"/proc/{pid}" for pid in (process.pid, *children)]


def cpu_seconds(process: Process) -> float:
    """Of both processes so far, in user and system mode."""
    stats = [Path(f"{folder}/stat").read_text().rpartition(")")[2].split() for folder in _family(process)]
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(process: Process) -> float:
    """The memory that both processes hold now, what they share counted once for each sharer's part."""
    parts = [Path(f"{folder}/smaps_rollup").read_text().splitlines() for folder in _family(process)]
    return sum(int(line.split()[1]) for lines in parts for line in lines if line.startswith("Pss:")) / 1024

"""Runs a mail server that keeps a line for each message and fails in the ways real ones do, chosen by a seed.

What happens to a message hangs on its number and on how often it came before, so the same seed gives the same faults.
The process may be killed and started again on its port. `Behaviour`, in a file beside the lines, may change at any
time.
"""

import asyncio
import hashlib
import json
import sys
import threading
import time
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

# Of a hundred messages: never taken (550), at first not now (451), at first kept and the answer lost, at first cut off.
REFUSED, BUSY, LOST, CUT = 3, 8, 13, 15
REPLIES = {"refused": "550 No thanks", "busy": "451 Try again later"}
BEHAVIOUR_FILE = "behaviour.json"


@dataclass(frozen=True, slots=True)
class Behaviour:
    seconds: float = 0.0  # that it takes over each message
    is_faulty: bool = False
    always_lost: tuple[str, ...] = ()  # the numbers of messages that it keeps each time and never answers


class DrillMailServer:
    """Decides and keeps; `tries` survives a restart because it is read back from the file."""

    def __init__(self, book: Path, seed: str) -> None:
        self.book, self.seed = book, seed
        self.tries: dict[str, int] = {}
        for line in book.read_text().splitlines():
            number = json.loads(line)["number"]
            self.tries[number] = self.tries.get(number, 0) + 1

    def _read_behaviour(self) -> Behaviour:
        return Behaviour(**json.loads((self.book.parent / BEHAVIOUR_FILE).read_text()))

    def choose_fate(self, number: str, behaviour: Behaviour) -> str:
        self.tries[number] = self.tries.get(number, 0) + 1
        if number in behaviour.always_lost:
            return "lost"
        if not behaviour.is_faulty:
            return "kept"
        dice = int(hashlib.sha256(f"{self.seed}:{number}".encode()).hexdigest(), 16) % 100
        if dice < REFUSED:
            return "refused"
        if self.tries[number] > 1:
            return "kept"
        return "busy" if dice < BUSY else "lost" if dice < LOST else "cut" if dice < CUT else "kept"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd with each message."""
        behaviour = self._read_behaviour()
        head = BytesHeaderParser().parsebytes(envelope.original_content or b"")
        number = str(head["X-Notification-ID"])
        fate = self.choose_fate(number, behaviour)
        told = {"to": envelope.rcpt_tos, "number": number, "message_id": str(head["Message-ID"])}
        await asyncio.sleep(behaviour.seconds / 2)
        with self.book.open("a") as book:
            book.write(json.dumps({**told, "at": time.time(), "fate": fate}) + "\n")
        await asyncio.sleep(behaviour.seconds / 2)
        if fate in ("lost", "cut") and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
            return "421 gone"  # nobody hears it
        return REPLIES.get(fate, "250 OK")


def main(port: int, book: Path, seed: str) -> None:
    Controller(DrillMailServer(book, seed), hostname="127.0.0.1", port=port).start()
    threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])

"""A mail server that fails in the ways real ones do, chosen by a seed.

What happens to a message hangs on its number and on how often it came before, so the same seed gives the same faults.
Every message that was kept is a line in a file: recipient, number, Message-ID, when. The process may be killed and
started again on its port.
"""

import asyncio
import hashlib
import json
import sys
import threading
import time
from email.parser import BytesHeaderParser
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

# Of a hundred messages: never taken (550), at first not now (451), at first kept and the answer lost, at first cut off.
REFUSED, BUSY, LOST, CUT = 3, 8, 13, 15
REPLIES = {"refused": "550 No thanks", "busy": "451 Try again later"}


class Faulty:
    """Decides and keeps; `tries` survives a restart because it is read back from the file."""

    def __init__(self, book: Path, seed: str) -> None:
        self.book, self.seed = book, seed
        self.tries: dict[str, int] = {}
        if book.exists():
            for line in book.read_text().splitlines():
                number = json.loads(line)["number"]
                self.tries[number] = self.tries.get(number, 0) + 1

    def fate(self, number: str) -> str:
        self.tries[number] = self.tries.get(number, 0) + 1
        dice = int(hashlib.sha256(f"{self.seed}:{number}".encode()).hexdigest(), 16) % 100
        if dice < REFUSED:
            return "refused"
        if self.tries[number] > 1:
            return "kept"
        return "busy" if dice < BUSY else "lost" if dice < LOST else "cut" if dice < CUT else "kept"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd with each message."""
        head = BytesHeaderParser().parsebytes(envelope.original_content or b"")
        number = str(head["X-Notification-ID"])
        fate = self.fate(number)
        told = {"to": envelope.rcpt_tos, "number": number, "name": str(head["Message-ID"])}
        with self.book.open("a") as book:
            book.write(json.dumps({**told, "at": time.time(), "fate": fate}) + "\n")
        if fate in ("lost", "cut") and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
            return "421 gone"  # nobody hears it
        return REPLIES.get(fate, "250 OK")


def main(port: int, book: Path, seed: str) -> None:
    Controller(Faulty(book, seed), hostname="127.0.0.1", port=port).start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])

"""A mail server for tests that keeps every message and can be told to fail."""

import asyncio
import email
import email.policy
import enum
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from types import TracebackType
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

START_SECONDS = 10.0


class SmtpReply(enum.Enum):
    """What the server says once it was handed a message."""

    ACCEPT = "250 OK"
    BUSY = "451 Try again later"
    REFUSE = "550 No such mailbox"
    REFUSE_BY_NAME = "550 5.1.1 Zq7family, Zq7given has no mailbox here"  # as some servers quote whom they refuse
    DROP_CONNECTION = "the connection is cut and nothing is kept"
    ACCEPT_WITHOUT_REPLY = "the message is kept and the connection is cut before the 250"


@dataclass(frozen=True)
class ReceivedMail:
    """One message as it came over the wire."""

    recipients: tuple[str, ...]
    raw: bytes
    sender: str = ""  # the envelope's: where undeliverable mail goes back to

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        parsed = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


class SmtpSink:
    """A mail server on a loopback port that the operating system chose. Set `answer` to make it fail.

    `answer` is one Answer for everything, or a function of the recipient's address.
    """

    def __init__(self) -> None:
        self.received: list[ReceivedMail] = []
        self.reply: SmtpReply | Callable[[str], SmtpReply] = SmtpReply.ACCEPT
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._ready = threading.Event()

    @property
    def url(self) -> str:
        """The EMAIL_URL of this server."""
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise RuntimeError("the mail server of the tests did not start")
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_SECONDS)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        listening = self._loop.create_server(lambda: SMTP(self, loop=self._loop), "127.0.0.1", 0)
        server = self._loop.run_until_complete(listening)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in (tasks := asyncio.all_tasks(self._loop)):
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd with each message."""
        recipients = tuple(envelope.rcpt_tos)
        answer = self.reply(recipients[0]) if callable(self.reply) else self.reply
        if answer in {SmtpReply.ACCEPT, SmtpReply.ACCEPT_WITHOUT_REPLY}:
            sender = envelope.mail_from or ""
            self.received.append(ReceivedMail(recipients, envelope.original_content or b"", sender))
        if answer in {SmtpReply.DROP_CONNECTION, SmtpReply.ACCEPT_WITHOUT_REPLY} and isinstance(
            server.transport, asyncio.Transport
        ):
            server.transport.abort()
            return "421 gone"  # nobody hears it
        return answer.value

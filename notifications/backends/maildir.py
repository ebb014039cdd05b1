"""Email backend that stores each message in a local Maildir, which the demo inbox shows."""

import mailbox
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage as DjangoMessage
from django.core.mail.backends.base import BaseEmailBackend

_PRIVATE_DIR_MODE = 0o700


class EmailBackend(BaseEmailBackend):
    """Django email backend; set it as `EMAIL_BACKEND`."""

    def send_messages(self, email_messages: Sequence[DjangoMessage]) -> int:
        for message in email_messages:
            store_mail(message.message().as_bytes())
        return len(email_messages)


@dataclass(frozen=True, slots=True)
class StoredMail:
    """One message in the inbox; `key` is the name of its file."""

    key: str
    received_at: datetime
    message: EmailMessage

    def get_text_part(self, subtype: str) -> str:
        """The text of its plain or html part; empty when it has none."""
        found: Any = self.message.get_body((subtype,))
        return str(found.get_content()) if found is not None else ""

    @property
    def attachments(self) -> list[EmailMessage]:
        return list(self.message.iter_attachments())


def store_mail(message: bytes) -> None:
    """Add one message in RFC 5322 bytes to the Maildir."""
    key = _open_maildir().add(message)
    arrived = time.time()  # the process clock, which the demo sets back; the file system uses the real one
    os.utime(_maildir_path() / "new" / key, (arrived, arrived))


def is_maildir_backend_active() -> bool:
    """Whether mail of this installation is stored here and not sent."""
    return str(settings.EMAIL_BACKEND) == f"{EmailBackend.__module__}.{EmailBackend.__qualname__}"


def list_keys_newest_first() -> list[str]:
    """The keys of all messages; no message is opened."""
    folder = _maildir_path() / "new"
    files = [entry for entry in folder.iterdir() if entry.is_file()] if folder.is_dir() else []
    return [path.name for path in sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)]


def read_mail(key: str) -> StoredMail | None:
    """One message, None when there is none with that key."""
    path = _maildir_path() / "new" / key
    if path.name != key or not path.is_file():
        return None
    with path.open("rb") as file:
        message = BytesParser(EmailMessage, policy=policy.default).parse(file)
    return StoredMail(key, datetime.fromtimestamp(path.stat().st_mtime, UTC), message)


def _maildir_path() -> Path:
    return Path(settings.MAIL_INBOX_DIR)


def _open_maildir() -> mailbox.Maildir:
    folder = _maildir_path()
    folder.parent.mkdir(mode=_PRIVATE_DIR_MODE, parents=True, exist_ok=True)
    return mailbox.Maildir(folder, create=True)

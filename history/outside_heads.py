"""Keeps the newest block of the ledger outside the database: in a file, and by setting in a system log and by mail.

Whoever can rewrite the whole ledger cannot rewrite these. `verify_history` compares the file with the ledger by itself;
a line of the system log or a mail is compared by a person, or put into the file.
"""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from logging.handlers import SysLogHandler
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import timezone

from history.models import LedgerBlock


@dataclass(slots=True)
class KeptHeads:
    """The digest of each block whose head was kept; those after a restore from a back-up hold no more."""

    digests: dict[int, str] = field(default_factory=dict)
    restores: list[dict[str, Any]] = field(default_factory=list)

    @property
    def newest(self) -> int:
        return max(self.digests, default=0)


def keep_head() -> str:
    """Write down the newest block everywhere; the line that was written, empty while nothing is sealed."""
    block = LedgerBlock.objects.order_by("-number").first()
    if block is None:
        return ""
    line = json.dumps({"at": timezone.now().isoformat(), "block": block.number, "digest": block.digest})
    _append_line(line)
    if settings.HISTORY_HEAD_SYSLOG:
        _send_to_syslog(line)
    if settings.HISTORY_HEAD_EMAIL:
        server = get_connection(**settings.ALERT_EMAIL_SERVER)
        EmailMessage(
            "Recall Desk: head of the history", line, settings.SERVER_EMAIL, settings.HISTORY_HEAD_EMAIL,
            connection=server,
        ).send()  # fmt: skip
    return line


def record_restore(reason: str) -> int:
    """Say that the database was brought back from a back-up: heads after its newest block hold no more."""
    block = LedgerBlock.objects.order_by("-number").first()
    number = block.number if block else 0
    _append_line(json.dumps({"at": timezone.now().isoformat(), "restored_to": number, "reason": reason}))
    return number


def read_heads() -> KeptHeads:
    kept = KeptHeads()
    for entry in _read_lines():
        if "restored_to" in entry:
            kept.restores.append(entry)
            kept.digests = {number: one for number, one in kept.digests.items() if number <= entry["restored_to"]}
        else:
            kept.digests[entry["block"]] = entry["digest"]
    return kept


def _read_lines() -> Iterator[dict[str, Any]]:
    if not settings.HISTORY_HEAD_FILE.exists():
        return
    with settings.HISTORY_HEAD_FILE.open() as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _append_line(line: str) -> None:
    descriptor = os.open(settings.HISTORY_HEAD_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def _send_to_syslog(line: str) -> None:
    """By UDP to host:port, or to the socket file of this machine."""
    address = settings.HISTORY_HEAD_SYSLOG
    parts = urlsplit(f"//{address}")
    target = address if address.startswith("/") else (parts.hostname or "", parts.port or 514)
    handler = SysLogHandler(address=target)
    try:
        handler.handle(logging.LogRecord("recalldesk", logging.INFO, "", 0, f"recalldesk history {line}", None, None))
    finally:
        handler.close()

"""Reads bounces, complaints and answers of calendars from a Maildir or standard input and records them."""

import logging
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from notifications.inbound import bounces, calendar_replies, delivery_reports

log = logging.getLogger(__name__)

STDIN = "-"
EX_TEMPFAIL = 75  # of sysexits.h: a mail server that pipes a message here tries again later


class Command(BaseCommand):
    help = (
        "Read undeliverable mail and complaints: the new messages of a Maildir, which are then marked as seen, or one "
        "message on standard input (--maildir -), as a mail server pipes it. Mail that is no report is left as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--maildir", required=True, metavar="PATH", help="A Maildir, or - for one message.")

    def handle(self, *_args: Any, **options: Any) -> None:
        where = options["maildir"]
        counts: Counter[str] = Counter()
        if where == STDIN:
            counts[_record_mail(sys.stdin.buffer.read())] += 1
        else:
            counts = _read_maildir(Path(where))
        shown = {name: counts[name] for name in ("recorded", "duplicate", "deferred", "ignored")}
        summary = _(
            "%(recorded)d reports taken, %(duplicate)d known already, %(deferred)d left for later, "
            "%(ignored)d other mails."
        )
        self.stdout.write(summary % shown)
        if where == STDIN and counts["deferred"]:
            sys.exit(EX_TEMPFAIL)


def _read_maildir(folder: Path) -> Counter[str]:
    if not (folder / "new").is_dir() or not (folder / "cur").is_dir():
        raise CommandError(_("%(folder)s is no Maildir.") % {"folder": folder})
    counts: Counter[str] = Counter()
    for path in sorted((folder / "new").iterdir()):
        result = _record_mail(path.read_bytes())
        counts[result] += 1
        if result in ("recorded", "duplicate"):
            path.rename(folder / "cur" / f"{path.name}:2,S")
    return counts


def _record_mail(raw: bytes) -> str:
    """What became of the mail. Never raises because of its content: anybody may write to that address."""
    try:
        bounce = bounces.parse_bounce_mail(raw)
        reply = None if bounce else calendar_replies.parse_calendar_reply(raw)
    except Exception as error:  # noqa: BLE001  a mail that breaks the parser must not keep the next one from being read
        log.warning("a mail in the bounce mailbox cannot be read: %s", type(error).__name__)
        return "ignored"
    visit = calendar_replies.find_visit(reply) if reply else None
    if reply is not None and visit is not None:
        return "recorded" if calendar_replies.record_calendar_reply(reply, visit) else "duplicate"
    row = delivery_reports.find_message(bounce.public_id, bounce.message_id) if bounce else None
    if bounce is None or row is None:
        return "ignored"
    try:
        return "recorded" if delivery_reports.record_report(row, bounce.outcome) else "duplicate"
    except delivery_reports.StillSending:
        return "deferred"

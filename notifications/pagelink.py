"""Does this mail carry a link to the patient's own page? A fresh one for each mail, which nobody but she ever sees.

The token stands in the mail alone: the database holds its hash, and the copy that is kept shows asterisks.
"""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from clinic.actors import SYSTEM
from clinic.models import Site
from notifications import maildir
from notifications.kinds import Channel, Kind
from notifications.models import Notification
from patients import links

WITHHELD: Final = "********"
# Where her page has something to show that the mail speaks of. A result that a person tells, and a biopsy, have none.
KINDS = frozenset(
    {
        Kind.RECALL_NOTICE,
        Kind.PLEASE_CALL,
        Kind.PRIORS_WAIT,
        Kind.APPOINTMENT_CONFIRMATION,
        Kind.APPOINTMENT_CHANGED,
        Kind.APPOINTMENT_CANCELLED,
        Kind.APPOINTMENT_REMINDER,
        Kind.MISSED_APPOINTMENT,
        Kind.OUTCOME_NORMAL,
        Kind.OUTCOME_BENIGN,
        Kind.OUTCOME_PROBABLY_BENIGN,
        Kind.FOLLOW_UP_DUE,
    }
)


def belongs_into(row: Notification, site: Site) -> bool:
    """Whether the clinic wants it, the kind has it, and its reader can open it."""
    return site.page_link and row.channel == Channel.EMAIL and row.kind in KINDS and _can_be_opened()


def issue(row: Notification, site: Site) -> str:
    """The token for one mail; empty where it carries no link. Written in the caller's transaction, before it leaves."""
    return links.issue(row.recall.patient, by=SYSTEM) if belongs_into(row, site) else ""


def address(token: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse('portal:link', args=[token])}"


def _can_be_opened() -> bool:
    """An address of this machine alone is of use only where the mail does not leave it either."""
    if maildir.is_in_use():
        return True
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    try:
        return not (ipaddress.ip_address(host).is_loopback or ipaddress.ip_address(host).is_unspecified)
    except ValueError:
        return host != "localhost"

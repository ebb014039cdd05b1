"""Issues the link to the patient's page that an email carries.

Each mail has a token of its own, which stands in that mail alone: the database holds its hash, and the stored copy of
the mail shows asterisks.
"""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from clinic.actors import SYSTEM
from clinic.models import Site
from notifications.backends import maildir
from notifications.enums import Channel, NotificationKind
from notifications.models import Notification
from patients import links

MASKED_TOKEN: Final = "********"  # noqa: S105  replaces the token of a link
# The kinds whose subject the patient's page shows. It shows no biopsy and no result that a person has to tell.
PATIENT_LINK_KINDS = frozenset(
    {
        NotificationKind.RECALL_NOTICE,
        NotificationKind.HELD_TIME,
        NotificationKind.PLEASE_CALL,
        NotificationKind.PRIORS_WAIT,
        NotificationKind.APPOINTMENT_CONFIRMATION,
        NotificationKind.APPOINTMENT_CHANGED,
        NotificationKind.APPOINTMENT_CANCELLED,
        NotificationKind.APPOINTMENT_REMINDER,
        NotificationKind.EARLIER_OFFER,
        NotificationKind.EARLIER_TAKEN,
        NotificationKind.MISSED_APPOINTMENT,
        NotificationKind.OUTCOME_NORMAL,
        NotificationKind.OUTCOME_BENIGN,
        NotificationKind.OUTCOME_PROBABLY_BENIGN,
        NotificationKind.FOLLOW_UP_DUE,
    }
)


def includes_patient_link(notification: Notification, site: Site) -> bool:
    """Whether the site sends links, this kind carries one by email, and patients can reach the server."""
    return (
        site.page_link
        and notification.channel == Channel.EMAIL
        and notification.kind in PATIENT_LINK_KINDS
        and _is_publicly_reachable()
    )


def issue_link_token(notification: Notification, site: Site, address: str) -> str:
    """The token for one mail to that address, empty where it carries no link.

    Stored in the caller's transaction, before sending.
    """
    if not includes_patient_link(notification, site):
        return ""
    return links.issue_link(notification.recall.patient, by=SYSTEM, address=address)


def patient_link_url(token: str) -> str:
    """The absolute address that opens the patient's page."""
    return f"{settings.PUBLIC_URL}{reverse('portal:link', args=[token])}"


def _is_publicly_reachable() -> bool:
    """A loopback address counts as reachable only where mail is not sent from this machine either."""
    if maildir.is_maildir_backend_active():
        return True
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    try:
        return not (ipaddress.ip_address(host).is_loopback or ipaddress.ip_address(host).is_unspecified)
    except ValueError:
        return host != "localhost"

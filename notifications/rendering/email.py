"""Builds the email of one notification: headers, text and HTML parts, calendar invite, and the copy to keep."""

from email.mime.text import MIMEText
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import salted_hmac

from notifications.enums import NotificationKind
from notifications.models import Notification, RenderedMessage
from notifications.planning.channel_selection import get_email_address
from notifications.planning.reconcile import mail_domain
from notifications.planning.snapshot import RecallSnapshot
from notifications.rendering import patient_link
from notifications.rendering.calendar_invite import METHOD_BY_KIND, build_calendar_invite
from notifications.rendering.context import single_line
from notifications.rendering.markdown import render_email
from patients.channels import Channels

NOTIFICATION_ID_HEADER = "X-Notification-ID"
METADATA_NOTIFICATION_ID = "notification_id"
UNSUBSCRIBE_SIGNER = signing.Signer(salt="notifications.stop", sep=".")  # links in mail that was sent use this salt


def build_email(
    row: Notification,
    situation: RecallSnapshot,
    channels: Channels,
    connection: Any = None,
    page_token: str = patient_link.MASKED_TOKEN,
) -> tuple[EmailMultiAlternatives, RenderedMessage]:
    """The message for Django's mail backends and the copy to keep. The same row makes the same Message-ID each time.

    The copy never holds what opens the page; without a token the message itself does not either: it is a preview.
    """
    words = render_email(row, situation, detailed=channels.detail_allowed, page_token=page_token)
    sender = formataddr((single_line(words.site.sender_name), parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))
    headers = _headers(row)
    if settings.BOUNCE_ADDRESS:
        headers["From"] = sender  # what the patient sees; what cannot be delivered goes back to the other address
    envelope = settings.BOUNCE_ADDRESS or sender
    address = get_email_address(situation.recall, row.kind, channels)
    mail = EmailMultiAlternatives(words.subject, words.text, envelope, [address], connection=connection)
    mail.extra_headers = headers
    # Mail providers hand it back with each of their reports; other backends take no notice.
    mail.metadata = {METADATA_NOTIFICATION_ID: str(row.public_id)}  # type: ignore[attr-defined]
    mail.attach_alternative(words.html, "text/html")
    copy = RenderedMessage(
        notification=row,
        address=address,
        subject=words.subject,
        text=_mask_token(page_token, words.text),
        html=_mask_token(page_token, words.html),
    )
    visit = next((v for v in situation.appointments if v.pk == row.appointment_id), None)
    if visit is not None and NotificationKind(row.kind) in METHOD_BY_KIND:
        with translation.override(row.language):
            method, copy.calendar = build_calendar_invite(row, visit, address)
        mail.attach(_calendar_part(method, copy.calendar))
    return mail, copy


def _headers(row: Notification) -> dict[str, str]:
    return {
        "Message-ID": row.message_id,
        NOTIFICATION_ID_HEADER: str(row.public_id),
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers, please
        "Content-Language": row.language,
        **list_unsubscribe_headers(row),
        **thread_headers(row),
    }


def list_unsubscribe_headers(row: Notification) -> dict[str, str]:
    """The two headers of RFC 8058, both covered by the DKIM signature where the mail server signs.

    Empty for a referring doctor, who cannot stop a patient's emails.
    """
    if row.kind == NotificationKind.REFERRER_NOTICE:
        return {}
    return {"List-Unsubscribe": f"<{unsubscribe_url(row)}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def unsubscribe_url(row: Notification) -> str:
    """The absolute address of the unsubscribe page; its token is the notification's public id, signed."""
    token = UNSUBSCRIBE_SIGNER.sign(row.public_id.hex)
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('unsubscribe', args=[token])}"


def _mask_token(token: str, words: str) -> str:
    return words.replace(token, patient_link.MASKED_TOKEN) if token else words


def thread_headers(row: Notification) -> dict[str, str]:
    """All messages about a recall stand together under a name that no message bears and that tells nothing."""
    name = salted_hmac("notifications.thread", f"{row.recall_id}:{row.patient_id}", algorithm="sha256").hexdigest()[:32]
    root = f"<{name}@{mail_domain()}>"
    return {"References": root, "In-Reply-To": root}


def _calendar_part(method: str, sheet: str) -> MIMEText:
    part = MIMEText(sheet, "calendar", "utf-8")
    part.set_param("method", method)
    part.add_header("Content-Disposition", "attachment", filename="visit.ics")
    return part

"""Builds the email of one notification: headers, text and HTML parts, calendar invite, and the copy to keep."""

from email.mime.text import MIMEText
from email.utils import formataddr, parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import salted_hmac

from notifications.enums import EDUCATION_KINDS, NotificationKind
from notifications.models import Notification, RenderedMessage
from notifications.planning.channel_selection import get_email_address
from notifications.planning.plan import may_say_details
from notifications.planning.reconcile import mail_domain
from notifications.planning.snapshot import RecallSnapshot
from notifications.rendering import patient_link, series_links
from notifications.rendering.blocks import get_visit
from notifications.rendering.calendar_invite import METHOD_BY_KIND, build_calendar_invite
from notifications.rendering.context import single_line
from notifications.rendering.markdown import render_email
from patients.channels import PatientChannels

NOTIFICATION_ID_HEADER = "X-Notification-ID"
METADATA_NOTIFICATION_ID = "notification_id"
UNSUBSCRIBE_SIGNER = signing.Signer(salt="notifications.stop", sep=".")  # links in mail that was sent use this salt


def build_email(
    notification: Notification,
    snapshot: RecallSnapshot,
    channels: PatientChannels,
    connection: Any = None,
    page_token: str = patient_link.MASKED_TOKEN,
) -> tuple[EmailMultiAlternatives, RenderedMessage]:
    """The message for Django's mail backends, and the copy to store. A notification always gives the same Message-ID.

    The copy never holds the token of the patient's page. Without `page_token` the message itself masks it: a preview.
    Raises KeyError, LookupError or ValueError where the text cannot be filled.
    """
    rendered = render_email(
        notification, snapshot, detailed=may_say_details(snapshot, notification.kind, channels), page_token=page_token
    )
    mailbox = settings.EDUCATION_FROM_EMAIL if notification.kind in EDUCATION_KINDS else settings.DEFAULT_FROM_EMAIL
    sender = formataddr((single_line(rendered.site.sender_name), parseaddr(mailbox)[1]))
    headers = _headers(notification)
    if settings.BOUNCE_ADDRESS:
        headers["From"] = sender  # shown to the patient; bounces go to the envelope sender
    envelope = settings.BOUNCE_ADDRESS or sender
    address = get_email_address(snapshot.recall, notification.kind, channels)
    mail = EmailMultiAlternatives(rendered.subject, rendered.text, envelope, [address], connection=connection)
    mail.extra_headers = headers
    # Mail providers return it with each delivery report; other backends ignore it.
    mail.metadata = {METADATA_NOTIFICATION_ID: str(notification.public_id)}  # type: ignore[attr-defined]
    mail.attach_alternative(rendered.html, "text/html")
    copy = RenderedMessage(
        notification=notification,
        address=address,
        subject=rendered.subject,
        text=_mask_token(page_token, rendered.text),
        html=_mask_token(page_token, rendered.html),
    )
    visit = get_visit(notification, snapshot)
    if visit is not None and NotificationKind(notification.kind) in METHOD_BY_KIND:
        with translation.override(notification.language):
            method, copy.calendar = build_calendar_invite(notification, visit, address)
        mail.attach(_calendar_part(method, copy.calendar))
    return mail, copy


def _headers(notification: Notification) -> dict[str, str]:
    headers = message_headers(notification.message_id, notification.public_id, notification.language)
    if notification.kind in EDUCATION_KINDS:  # a way out of its own, and no thread with messages about the recall
        return headers | list_unsubscribe_headers(series_links.stop_url(notification.public_id))
    if notification.kind != NotificationKind.REFERRER_NOTICE:  # a doctor cannot stop a patient's emails
        headers |= list_unsubscribe_headers(unsubscribe_url(notification.public_id))
    return headers | thread_headers(notification)


def message_headers(message_id: str, public_id: UUID, language: str) -> dict[str, str]:
    """What every email of ours bears; reports about it name one of the first two."""
    return {
        "Message-ID": message_id,
        NOTIFICATION_ID_HEADER: str(public_id),
        "Auto-Submitted": "auto-generated",  # RFC 3834: asks for no automatic replies
        "Content-Language": language,
    }


def list_unsubscribe_headers(url: str) -> dict[str, str]:
    """The two headers of RFC 8058, both covered by the DKIM signature where the mail server signs."""
    return {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def unsubscribe_url(public_id: UUID) -> str:
    """The absolute address of the unsubscribe page; its token is the message's public id, signed."""
    token = UNSUBSCRIBE_SIGNER.sign(public_id.hex)
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('unsubscribe', args=[token])}"


def _mask_token(token: str, text: str) -> str:
    return text.replace(token, patient_link.MASKED_TOKEN) if token else text


def thread_headers(notification: Notification) -> dict[str, str]:
    """Headers that group all messages about a recall in one thread; its root id is a keyed hash that no message has."""
    name = salted_hmac(
        "notifications.thread", f"{notification.recall_id}:{notification.patient_id}", algorithm="sha256"
    ).hexdigest()[:32]
    root = f"<{name}@{mail_domain()}>"
    return {"References": root, "In-Reply-To": root}


def _calendar_part(method: str, calendar: str) -> MIMEText:
    part = MIMEText(calendar, "calendar", "utf-8")
    part.set_param("method", method)
    part.add_header("Content-Disposition", "attachment", filename="visit.ics")
    return part

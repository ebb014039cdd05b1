"""The signed unsubscribe address of an email and its RFC 8058 headers."""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from notifications.enums import NotificationKind
from notifications.models import Notification

SIGNER = signing.Signer(salt="notifications.stop", sep=".")


def list_unsubscribe_headers(row: Notification) -> dict[str, str]:
    """The two headers of RFC 8058; both go into the mail's signature where the mail server signs.

    None to a referring doctor, who cannot stop a patient's emails.
    """
    if row.kind == NotificationKind.REFERRER_NOTICE:
        return {}
    return {"List-Unsubscribe": f"<{unsubscribe_url(row)}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def unsubscribe_url(row: Notification) -> str:
    token = SIGNER.sign(row.public_id.hex)
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('unsubscribe', args=[token])}"

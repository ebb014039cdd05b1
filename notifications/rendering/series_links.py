"""The links in the messages of the series about breast health: one confirms it, one ends it, neither does more."""

from typing import Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

# Links in mail that was sent use these salts.
CONFIRM_SIGNER: Final = signing.Signer(salt="notifications.series.confirm", sep=".")
STOP_SIGNER: Final = signing.Signer(salt="notifications.series.stop", sep=".")


def confirm_url(public_id: UUID) -> str:
    """The absolute address of the page that confirms; its token is the message's public id, signed."""
    return _url("series_confirm", CONFIRM_SIGNER, public_id)


def stop_url(public_id: UUID) -> str:
    """The same of the page that ends the series (RFC 8058), and nothing else."""
    return _url("series_stop", STOP_SIGNER, public_id)


def _url(name: str, signer: signing.Signer, public_id: UUID) -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse(name, args=[signer.sign(public_id.hex)])}"

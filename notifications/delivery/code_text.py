"""Sends the code that proves a number, at once and by the same provider as every text message.

It is no notification: nothing of it is stored, and it is sent while the patient waits for it or not at all.
"""

import logging
import textwrap
import uuid
from enum import Enum

from django.conf import settings

from clinic.models import Site
from notifications.content import loader
from notifications.delivery import sms_gateway
from notifications.delivery.restore_guard import check_may_send
from notifications.enums import AttemptResult
from notifications.rendering.context import NUMBER_CODE_TEXT
from notifications.rendering.sms import MAX_CLINIC_NAME_LENGTH, to_single_sms
from patients.contact_validation import format_phone

log = logging.getLogger(__name__)


class TextResult(Enum):
    """What became of the text: it left (or may have), cannot leave now, or never reaches that number."""

    SENT = "sent"
    NOT_NOW = "not now"
    REFUSED = "refused"
    UNSUBSCRIBED = "unsubscribed"


def can_send_texts() -> bool:
    """Whether this installation has a provider of text messages."""
    return bool(settings.SMS_URL)


def send_code(site: Site, number: str, code: str, language: str) -> TextResult:
    """Hand the code over to the provider; nothing of it is logged. Not to be called inside a transaction."""
    if not can_send_texts() or not check_may_send():
        return TextResult.NOT_NOW
    try:
        sms_gateway.get_provider().send(number, build_code_text(site, code, language), uuid.uuid4().hex)
    except loader.NotReviewed:
        return TextResult.NOT_NOW
    except sms_gateway.SmsError as error:
        log.warning("a code by text message was not sent: %s", error.failure.detail)
        if error.unsubscribed:
            return TextResult.UNSUBSCRIBED
        result = error.failure.result
        if result == AttemptResult.UNCERTAIN:  # it may be on its way, and another one may be asked for
            return TextResult.SENT
        return TextResult.REFUSED if result == AttemptResult.PERMANENT else TextResult.NOT_NOW
    return TextResult.SENT


def build_code_text(site: Site, code: str, language: str) -> str:
    """In the patient's language where that text may be sent in it; no word about health.

    Raises NotReviewed where the site sends only reviewed texts and this one is not.
    """
    language = loader.get_available_language(NUMBER_CODE_TEXT, language, site)
    text = loader.get_message_text(NUMBER_CODE_TEXT, language, detailed=False, site=site)
    name = textwrap.shorten(site.sender_name, MAX_CLINIC_NAME_LENGTH, placeholder="")
    phone = format_phone(site.phone, site.country)
    return to_single_sms(text.body.substitute(clinic_name=name, clinic_phone=phone, code=code))

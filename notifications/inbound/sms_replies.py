"""Receives answers to text messages: STOP ends texts at once, any other answer opens a work item.

The only page that the provider calls: every request must carry its signature (`X-Twilio-Signature`).
Domain fact: consent may be revoked in any reasonable way, and STOP, QUIT, END, REVOKE, OPT OUT, CANCEL and UNSUBSCRIBE
are always one (47 CFR 64.1200(a)(10)).
"""

import re

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from clinic.actors import PATIENT
from notifications.delivery import sms_gateway
from patients.actions import record_consent
from patients.models import Consent, ContactPoint, Patient
from recalls.actions import open_patient_work_item
from recalls.enums import WorkItemKind

STOP_WORDS = frozenset(
    {
        "STOP",
        "STOPALL",
        "QUIT",
        "END",
        "REVOKE",
        "OPTOUT",
        "CANCEL",
        "UNSUBSCRIBE",
        "ALTO",
        "PARAR",
        "BASTA",
        "CANCELAR",
    }
)
SMS_STOP_SOURCE = "text message: STOP"


@csrf_exempt
@login_not_required
@require_POST
def sms_inbound(request: HttpRequest) -> HttpResponse:
    """Answers nothing back: the provider itself confirms a STOP."""
    fields = {name: str(value) for name, value in request.POST.items()}
    url = f"{settings.PUBLIC_URL}{reverse('sms_inbound')}"
    signature = request.headers.get("X-Twilio-Signature", "")
    if not settings.SMS_URL or not sms_gateway.get_provider().has_valid_signature(url, fields, signature):
        return HttpResponseForbidden()
    handle_sms_reply(fields.get("From", ""), fields.get("Body", ""))
    return HttpResponse("<Response></Response>", content_type="text/xml")


@transaction.atomic
def handle_sms_reply(number: str, words: str) -> None:
    """For everybody who is reached at that number; what the patient wrote is not kept here."""
    points = ContactPoint.objects.filter(kind=ContactPoint.Kind.MOBILE, value=number)
    for patient in Patient.objects.filter(contact_points__in=points):
        if is_stop_reply(words):
            record_consent(patient, Consent.Subject.SMS, granted=False, source=SMS_STOP_SOURCE, by=PATIENT)
        else:
            reason = _("The patient answered a text message. The provider shows the answer.")
            open_patient_work_item(patient, WorkItemKind.PATIENT_REQUEST, reason)


def is_stop_reply(words: str) -> bool:
    """The first word, or the first two for "opt out"; letter case and marks do not matter."""
    said = re.findall(r"[^\W\d_]+", words.upper())
    return bool(said) and (said[0] in STOP_WORDS or "".join(said[:2]) == "OPTOUT")

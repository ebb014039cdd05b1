"""Stops emails with one click from the mail program (RFC 8058).

A GET shows a button and changes nothing, since scanners open every link. The address is opaque: it names a message by
its random number, signed, and opens nothing else. Stopping emails never stops the recall: what would have been told
goes another way.
"""

import uuid

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from clinic.actors import PATIENT
from clinic.models import Site
from notifications.content import loader
from notifications.enums import NotificationKind
from notifications.models import LaySummary, Notification
from notifications.planning.channel_fallback import get_emailed_address, get_emailed_summary_address
from notifications.rendering.email import UNSUBSCRIBE_SIGNER
from patients.actions import record_consent
from patients.addresses import has_address, mark_address_unusable
from patients.contact_validation import format_phone
from patients.models import Consent, ContactPoint, Patient
from recalls.actions import lock_open_recalls
from recalls.signals import patient_changed

CONSENT_SOURCE = "stop link in an email"


@csrf_exempt  # a mail program posts without having seen any page; the signed number is what lets it in
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    found = _recipient_for_token(token)
    if found is None:
        return render(request, "notifications/unsubscribe.html", {"step": "unknown"}, status=404)
    written_to, site, address = found
    if request.method == "POST":
        withdraw_email_consent(written_to, address)
    context = {"step": "stopped" if request.method == "POST" else "ask", "clinic": site.sender_name}
    context["phone"] = format_phone(site.phone, site.country)
    with translation.override(loader.base_language(written_to.language)):
        return render(request, "notifications/unsubscribe.html", context)


@transaction.atomic
def withdraw_email_consent(written_to: Patient, address: str) -> None:
    """The patient wants no email: written down, and each open recall looks for another way. Safe to repeat.

    A lay summary asks again before it leaves, and then goes on paper. Where the patient has another address by now,
    whoever reads the old one stops that one alone.
    """
    patient = written_to.merged_into or written_to
    lock_open_recalls(patient)
    if address and not has_address((written_to, patient), address):
        mark_address_unusable(address, ContactPoint.UnusableReason.COMPLAINED, by=PATIENT, patient=patient)
    elif record_consent(patient, Consent.Subject.EMAIL, granted=False, source=CONSENT_SOURCE, by=PATIENT) is None:
        return
    with translation.override(settings.LANGUAGE_CODE):  # staff read the tasks
        patient_changed.send(sender=Patient, patient=patient)


def _recipient_for_token(token: str) -> tuple[Patient, Site, str] | None:
    """Whom the email with that link was sent to, by which site, and to which address ("" where that is not kept).

    A doctor stops nobody's emails.
    """
    try:
        number = uuid.UUID(UNSUBSCRIBE_SIGNER.unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    rows = Notification.objects.select_related("recall__site", "patient__merged_into")
    row = rows.filter(public_id=number).exclude(kind=NotificationKind.REFERRER_NOTICE).first()
    if row is not None:
        return row.patient, row.recall.site, get_emailed_address(row)
    summary = LaySummary.objects.select_related("site", "exam__patient").filter(public_id=number).first()
    return (summary.exam.patient, summary.site, get_emailed_summary_address(summary)) if summary else None

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
from notifications.content import loader
from notifications.enums import NotificationKind
from notifications.models import Notification
from notifications.planning.reconcile import reconcile_messages
from notifications.planning.snapshot import load_snapshot
from notifications.rendering.email import UNSUBSCRIBE_SIGNER
from patients.actions import record_consent
from patients.contact_validation import format_phone
from patients.models import Consent
from recalls.models import Recall

CONSENT_SOURCE = "stop link in an email"


@csrf_exempt  # a mail program posts without having seen any page; the signed number is what lets it in
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    row = _notification_for_token(token)
    if row is None:
        return render(request, "notifications/unsubscribe.html", {"step": "unknown"}, status=404)
    if request.method == "POST":
        withdraw_email_consent(row)
    site = row.recall.site
    context = {"step": "stopped" if request.method == "POST" else "ask", "clinic": site.sender_name}
    context["phone"] = format_phone(site.phone, site.country)
    with translation.override(loader.base_language(row.patient.language)):
        return render(request, "notifications/unsubscribe.html", context)


@transaction.atomic
def withdraw_email_consent(row: Notification) -> None:
    """The patient wants no email: written down, and each open recall looks for another way. Safe to repeat."""
    patient = row.patient.merged_into or row.patient
    rows = Recall.objects.still_open().filter(patient=patient).select_related("site", "patient", "exam")
    recalls = list(rows.select_for_update(of=("self",)).order_by("pk"))
    if record_consent(patient, Consent.Subject.EMAIL, granted=False, source=CONSENT_SOURCE, by=PATIENT) is None:
        return
    for recall in recalls:
        with translation.override(settings.LANGUAGE_CODE):  # staff read the tasks
            reconcile_messages(load_snapshot(recall))


def _notification_for_token(token: str) -> Notification | None:
    try:
        number = uuid.UUID(UNSUBSCRIBE_SIGNER.unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    rows = Notification.objects.select_related("recall__site", "patient__merged_into")
    return (
        rows.filter(public_id=number).exclude(kind=NotificationKind.REFERRER_NOTICE).first()
    )  # a doctor stops nobody's emails

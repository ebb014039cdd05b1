"""Receives answers to text messages: STOP ends texts at once, START allows them again, the rest opens a work item.

A clear answer to an offered time does what it says (`offer_replies`), as does one about the booked visit
(`visit_replies`); one that names what is in the way opens the task to help (`barrier_replies`).

The only page that the provider calls: every request must carry its signature (`X-Twilio-Signature`).
Domain fact: consent may be revoked in any reasonable way, and STOP, QUIT, END, REVOKE, OPT OUT, CANCEL and UNSUBSCRIBE
are always one (47 CFR 64.1200(a)(10)).
"""

import re
from enum import Enum

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from clinic.actors import PATIENT
from notifications.delivery import sms_gateway
from notifications.inbound.barrier_replies import note_barrier
from notifications.inbound.offer_replies import answer_offer
from notifications.inbound.visit_replies import answer_about_visit
from patients.actions import record_consent
from patients.models import Consent, ContactPoint, Patient
from recalls.actions import lock_open_recalls, open_task_about
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, WorkItemKind
from recalls.models import Appointment
from recalls.signals import patient_changed

# With any of these at its head an answer opts out, whatever follows.
_STOP_WORDS_EN = {"STOP", "STOPALL", "QUIT", "END", "REVOKE", "OPTOUT", "CANCEL", "UNSUBSCRIBE"}
STOP_WORDS = frozenset(_STOP_WORDS_EN | {"ALTO", "PARAR", "BASTA", "CANCELAR"})
# These opt out where they stand alone: "Fin de semana es mejor" is about a visit.
STOP_WORDS_ALONE = frozenset(["FIN", "BAJA", "PARE", "DETENER", "NOMAS", "NOMÁS"])
# These alone bring texts back to a patient who had stopped them; "Start at 9 is fine" is about a visit.
START_WORDS_ALONE = frozenset(["START", "UNSTOP", "INICIAR", "EMPEZAR", "COMENZAR", "REANUDAR"])
_POLITE_WORDS = frozenset(["PLEASE", "PLS", "THANKS", "THANK", "YOU", "POR", "FAVOR", "GRACIAS"])
SMS_STOP_SOURCE = "text message: STOP"
SMS_START_SOURCE = "text message: START"
_MAX_REASON_LENGTH = 300
# Of one patient; the first that understands the text has it.
_CLEAR_ANSWERS = (answer_about_visit, answer_offer, note_barrier)
# Words of the list that people also use for a visit.
_MAY_MEAN_A_VISIT = frozenset(["CANCEL", "CANCELAR"])


class ReplyKind(Enum):
    """What an answer to a text message asks for."""

    STOP = "stop"
    STOP_AND_MORE = "stop, and something else"
    START = "start"
    OTHER = "other"


@csrf_exempt
@login_not_required
@require_POST
def sms_inbound(request: HttpRequest) -> HttpResponse:
    """Answers nothing back: the provider itself confirms a STOP."""
    signature = request.headers.get("X-Twilio-Signature", "")
    if not settings.SMS_URL or not signature:
        return HttpResponseForbidden()  # before anything of the body is read
    fields = {name: str(value) for name, value in request.POST.items()}
    url = f"{settings.PUBLIC_URL}{reverse('sms_inbound')}"
    if not sms_gateway.get_provider().has_valid_signature(url, fields, signature):
        return HttpResponseForbidden()
    handle_sms_reply(fields.get("From", ""), fields.get("Body", ""))
    return HttpResponse("<Response></Response>", content_type="text/xml")


@transaction.atomic
def handle_sms_reply(number: str, words: str) -> None:
    """For everybody who is reached at that number. Words are kept only where they change a consent."""
    kind, said = classify_reply(words), " ".join(words.split())
    points = ContactPoint.objects.filter(kind=ContactPoint.Kind.MOBILE, value=number)
    reached = Patient.objects.filter(contact_points__in=points).select_related("site", "merged_into__site")
    patients = list(dict.fromkeys(each.merged_into or each for each in reached))
    lock_open_recalls(*patients)
    is_one_persons = kind == ReplyKind.OTHER and len(patients) == 1
    if is_one_persons and any(answer(patients[0], words) for answer in _CLEAR_ANSWERS):
        return
    for patient in patients:
        if kind == ReplyKind.START and _has_stopped_texts(patient):
            _record_sms_consent(patient, SMS_START_SOURCE, said, granted=True)
            continue
        if kind in (ReplyKind.STOP, ReplyKind.STOP_AND_MORE):
            _record_sms_consent(patient, SMS_STOP_SOURCE, said, granted=False)
        if kind == ReplyKind.STOP_AND_MORE:
            reason = _("The patient stopped text messages and wrote: “%(words)s”") % {"words": said}
            open_task_about(patient, WorkItemKind.PATIENT_REQUEST, Truncator(reason).chars(_MAX_REASON_LENGTH))
        elif kind != ReplyKind.STOP:
            reason = _("The patient answered a text message. The provider shows the answer.")
            open_task_about(patient, WorkItemKind.PATIENT_REQUEST, reason)
        elif _may_mean_a_visit(patient, words):
            reason = _("The patient wrote “cancel”: text messages have ended. Ask about the visit: it stays booked.")
            open_task_about(patient, WorkItemKind.PATIENT_REQUEST, reason)


def _may_mean_a_visit(patient: Patient, words: str) -> bool:
    """The law's word ends the texts; whoever has a visit booked may think it is off now."""
    if not _MAY_MEAN_A_VISIT.intersection(re.findall(r"[^\W\d_]+", words.upper())):
        return False
    visits = Appointment.objects.filter(recall__patient=patient, status__in=ACTIVE_APPOINTMENT_STATUSES)
    return visits.filter(starts_at__gt=timezone.now()).exists()


def _record_sms_consent(patient: Patient, source: str, words: str, *, granted: bool) -> None:
    record_consent(patient, Consent.Subject.SMS, granted=granted, source=source, words=words, by=PATIENT)
    patient_changed.send(sender=Patient, patient=patient)


def _has_stopped_texts(patient: Patient) -> bool:
    newest = patient.consents.filter(subject=Consent.Subject.SMS).first()
    return newest is not None and not newest.granted


def classify_reply(words: str) -> ReplyKind:
    """Judged by its first words; letter case, marks and words of courtesy do not matter."""
    said = [word for word in re.findall(r"[^\W\d_]+", words.upper()) if word not in _POLITE_WORDS]
    if not said:
        return ReplyKind.OTHER
    whole = "".join(said)
    if whole in STOP_WORDS | STOP_WORDS_ALONE and not re.search(r"\d", words):
        return ReplyKind.STOP
    if whole in START_WORDS_ALONE and not re.search(r"\d", words):
        return ReplyKind.START
    if said[0] in STOP_WORDS or said[:2] == ["OPT", "OUT"]:
        return ReplyKind.STOP_AND_MORE
    return ReplyKind.OTHER

"""Saves the answers of the contact plan by the same actions as the desk's forms, in the patient's name.

Each is written in one transaction with the mark that its question was asked. Staff read the history, so its words are
in the language of the installation.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from clinic.actors import PATIENT
from notifications.delivery.code_text import TextResult, can_send_texts, send_code
from patients.contact_plan import actions as plans
from patients.contact_plan import number_codes
from patients.contact_plan.models import ContactPlan, MayAnswer, NumberCheck
from patients.contact_plan.number_codes import CodeResult
from patients.models import Consent, ContactPoint, Patient, ResultWish
from patients.record_history import log_changes
from portal.patient_requests import save_wish
from recalls import actions
from recalls.actions import RecordEdit

MOBILE, HOME, OTHER = ContactPoint.Kind.MOBILE, ContactPoint.Kind.HOME, ContactPoint.Kind.OTHER
P = ParamSpec("P")


def _one_answer(
    save: Callable[Concatenate[Patient, P], None],
) -> Callable[Concatenate[Patient, P], None]:
    @wraps(save)
    def saved(patient: Patient, /, *args: P.args, **kwargs: P.kwargs) -> None:
        with transaction.atomic(), translation.override(settings.LANGUAGE_CODE):
            save(patient, *args, **kwargs)

    return saved


@_one_answer
def save_language(patient: Patient, language: str) -> None:
    """The language to call and write in."""
    if language != patient.language:
        _edit(patient, RecordEdit(details={"language": language}))


def why_no_code(patient: Patient, kind: ContactPoint.Kind) -> NumberCheck | None:
    """Why no code may be sent to a number of that kind; None where one may. Two queries at most."""
    if patient.do_not_call:
        return NumberCheck.DO_NOT_CALL
    if kind != MOBILE:
        return NumberCheck.LANDLINE
    if not can_send_texts():
        return NumberCheck.NO_TEXTS
    return NumberCheck.OPTED_OUT if sms_consent(patient) is False else None


def sms_consent(patient: Patient) -> bool | None:
    """What the patient said last about texts; None where nobody asked. One query."""
    newest = patient.consents.filter(subject=Consent.Subject.SMS).first()
    return newest.granted if newest else None


def is_verified(patient: Patient, number: str) -> bool:
    """Whether a code proved this very number, and nothing has spoken against it since. One query."""
    return patient.contact_points.filter(kind=MOBILE, value=number, unusable="", verified_at__isnull=False).exists()


@_one_answer
def save_number(patient: Patient, kind: ContactPoint.Kind, number: str, check: NumberCheck) -> None:
    """Write the number, however far it is proven; a proven one that was marked as wrong works after all.

    Without a number only the check is noted: the patient wants no calls.
    """
    if number:
        works = (kind,) if check == NumberCheck.CODE else ()
        points = {kind: number}
        if kind == HOME and patient.contact_points.filter(kind=MOBILE, value=number).exists():
            points[MOBILE] = ""  # it gets no texts, so it stood there by mistake
        _edit(patient, RecordEdit(contact_points=points, works_after_all=works))
    plans.record_number(patient, kind, check, by=PATIENT)
    number_codes.end_codes(patient)


def send_new_code(patient: Patient, number: str, language: str) -> TextResult:
    """Make a code and send it. Raises CodeRefused; a code that did not leave ends at once."""
    _row, code = number_codes.issue_code(patient, number)
    result = send_code(patient.site, number, code, language)
    if result != TextResult.SENT:
        number_codes.end_codes(patient)
    return result


def check_code(patient: Patient, typed: str, *, texts: bool) -> CodeResult:
    """Compare, and where it is right write the number as verified; `texts`: texts about visits are agreed to."""
    result, number = number_codes.check_code(patient, typed)
    if result == CodeResult.CORRECT:
        save_number(patient, MOBILE, number, NumberCheck.CODE)
        if texts:
            _agree_to_texts(patient)
    return result


@_one_answer
def _agree_to_texts(patient: Patient) -> None:
    _edit(patient, RecordEdit(consents={Consent.Subject.SMS: True}))


@_one_answer
def save_calls(patient: Patient, best_time: str, voicemail: str) -> None:
    """`best_time`: a `PartOfDay`, empty for no matter when."""
    _edit(patient, RecordEdit(details={"voicemail": voicemail}, best_time=best_time))
    plans.record_calls(patient)


@_one_answer
def save_people(patient: Patient, may_answer: MayAnswer, name: str, phone: str) -> None:
    """Whoever may hear results is the person of the wish about results; any other's phone is the other phone.

    The other phone is taken away again only where it was given for such a person.
    """
    plan = ContactPlan.objects.filter(patient=patient).first()
    was_message = plan is not None and plan.may_answer == MayAnswer.MESSAGE
    if may_answer == MayAnswer.MESSAGE and phone:
        _edit(patient, RecordEdit(contact_points={OTHER: phone}))
    elif was_message and plan is not None and plan.other_name:
        _edit(patient, RecordEdit(contact_points={OTHER: ""}))
    hears = may_answer == MayAnswer.RESULTS
    _change_wish(patient, {"proxy_name": name if hears else "", "proxy_phone": phone if hears else ""})
    plans.record_people(patient, may_answer, name, by=PATIENT)


@_one_answer
def save_result_wish(patient: Patient, wish: Mapping[str, Any]) -> None:
    """`wish`: columns of `ResultWish`. It is the last question: the plan is finished where all are answered."""
    _change_wish(patient, wish)
    plans.record_result_wish(patient, by=PATIENT)


def _change_wish(patient: Patient, columns: Mapping[str, Any]) -> None:
    """Only what changes; in the history of the recall where there is one, else in that of the record."""
    known = ResultWish.objects.filter(patient=patient).first()
    stands = known or ResultWish()
    if all(getattr(stands, name) == value for name, value in columns.items()):
        return
    before = str(known or "")
    if not save_wish(patient, columns, _("Said in the contact plan.")):
        after = str(ResultWish.objects.get(patient=patient))
        log_changes(patient, {"result_wish": (before, after)}, by=PATIENT, source=plans.SOURCE)


def _edit(patient: Patient, edit: RecordEdit) -> None:
    actions.edit_record(patient, edit, by=PATIENT, source=plans.SOURCE)

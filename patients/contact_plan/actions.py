"""What may happen to a contact plan: a question is answered, the number is verified, all is said."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from clinic.actors import Actor
from clinic.models import User
from patients.actions import lock_patient
from patients.contact_plan.models import ContactPlan, MayAnswer, NumberCheck
from patients.models import ContactPoint, Patient
from patients.record_history import log_changes

SOURCE = "contact plan"
NUMBER, CALLS, PEOPLE, RESULT = "number", "calls", "people", "result"


@transaction.atomic
def record_number(
    patient: Patient, kind: ContactPoint.Kind, check: NumberCheck, *, by: User | Actor, source: str = SOURCE
) -> None:
    """The question of the number is answered, and `check` says how far it is proven; the history keeps each change."""
    lock_patient(patient)
    plan = _get_plan(patient)
    points = patient.contact_points.filter(kind=kind)
    point = points.first()
    was_verified = point is not None and point.verified_at is not None
    # Whoever wants no calls was asked for no number: what a code proved of the one on record stands.
    was_asked = check != NumberCheck.DO_NOT_CALL
    is_verified = check == NumberCheck.CODE if was_asked else was_verified
    if point is not None and was_asked:
        points.update(verified_at=timezone.now() if is_verified else None)
    if check != plan.number_check or is_verified != was_verified:
        log_changes(patient, {f"{kind}_verified": (plan.number_check, check)}, by=by, source=source)
    _answer(plan, NUMBER, number_check=check)


@transaction.atomic
def record_calls(patient: Patient) -> None:
    """The questions of hours and voicemail are answered; the answers stand in the record."""
    lock_patient(patient)
    _answer(_get_plan(patient), CALLS)


@transaction.atomic
def record_people(
    patient: Patient, may_answer: MayAnswer, other_name: str, *, by: User | Actor, source: str = SOURCE
) -> None:
    """Keep who else may answer; the history keeps each change."""
    lock_patient(patient)
    plan = _get_plan(patient)
    log_people(plan, may_answer, other_name, by=by, source=source)
    _answer(plan, PEOPLE, may_answer=may_answer, other_name=other_name)


@transaction.atomic
def record_result_wish(patient: Patient, *, by: User | Actor, source: str = SOURCE) -> None:
    """The last question is answered; where all are, the plan is finished."""
    lock_patient(patient)
    plan = _get_plan(patient)
    _answer(plan, RESULT)
    if plan.is_answered:
        before, plan.finished_at = plan.finished_at, timezone.now()
        plan.save(update_fields=["finished_at"])
        days = [f"{at.astimezone(patient.site.zone):%Y-%m-%d}" if at else "" for at in (before, plan.finished_at)]
        if days[0] != days[1]:
            log_changes(patient, {"contact_plan": (days[0], days[1])}, by=by, source=source)


def log_people(plan: ContactPlan, may_answer: str, other_name: str, *, by: User | Actor, source: str) -> None:
    """Into the record's history, where it is another answer than before."""
    old, new = (f"{who}:{name}" if who else "" for who, name in _answers(plan, may_answer, other_name))
    if old != new:
        log_changes(plan.patient, {"may_answer": (old, new)}, by=by, source=source)


def _answers(plan: ContactPlan, may_answer: str, other_name: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (plan.may_answer, plan.other_name), (may_answer, other_name)


def _get_plan(patient: Patient) -> ContactPlan:
    """Locked with the patient: two answers at once are kept one after the other."""
    plan, _is_new = ContactPlan.objects.get_or_create(patient=patient)
    return plan


def _answer(plan: ContactPlan, question: str, **values: Any) -> None:
    changed = {f"{question}_at": timezone.now(), **values}
    for name, value in changed.items():
        setattr(plan, name, value)
    plan.save(update_fields=list(changed))

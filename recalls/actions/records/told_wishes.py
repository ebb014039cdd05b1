"""Action that keeps what a file or another system tells of a patient's wishes, where the patient said nothing here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from patients.actions import set_contact_points, set_result_wish
from patients.contact_plan.actions import log_people
from patients.contact_plan.models import ContactPlan, MayAnswer
from patients.models import ContactPoint, Patient, ResultWish
from patients.record_history import log_changes
from recalls.actions.records.details import set_best_time
from recalls.actions.transition import UserOrActor
from recalls.models import CallPreference


@dataclass(frozen=True, slots=True)
class ToldWishes:
    """What a row tells; empty texts say nothing. `wish`: columns of `ResultWish`."""

    best_time: str = ""
    other_name: str = ""
    other_phone: str = ""
    wish: Mapping[str, Any] | None = None

    def __bool__(self) -> bool:
        return bool(self.best_time or self.other_name or self.wish)


@transaction.atomic
def fill_wishes(patient: Patient, told: ToldWishes, *, by: UserOrActor, source: str) -> tuple[bool, dict[str, str]]:
    """Keep what is told where nothing is known; whether anything was, and by column what was not believed.

    What the patient or staff said here stands. Another person may take a message by such a row, and never hear
    results: that is the patient's own to say.
    """
    refused: dict[str, str] = {}
    changed = [
        _fill_best_time(patient, told.best_time, by, source, refused),
        _fill_people(patient, told, by, source, refused),
        _fill_result_wish(patient, told.wish or {}, by, source, refused),
    ]
    return any(changed), refused


def _fill_best_time(patient: Patient, part: str, by: UserOrActor, source: str, refused: dict[str, str]) -> bool:
    known = CallPreference.objects.filter(patient=patient).first()
    if not part or (known and known.part == part):
        return False
    if known:
        refused["best_time"] = _stands(known.get_part_display())
        return False
    set_best_time(patient, part, by=by, source=source)
    return True


def _fill_people(patient: Patient, told: ToldWishes, by: UserOrActor, source: str, refused: dict[str, str]) -> bool:
    if not told.other_name:
        return False
    known = ContactPlan.objects.filter(patient=patient).first() or ContactPlan()
    if known.may_answer or ResultWish.objects.filter(patient=patient).exclude(proxy_name="").exists():
        if known.other_name != told.other_name:
            who = known.get_may_answer_display() if known.may_answer else _("another person may hear results")
            refused["may_answer"] = _stands(who)
        return False
    plan, _is_new = ContactPlan.objects.get_or_create(patient=patient)
    log_people(plan, MayAnswer.MESSAGE, told.other_name, by=by, source=source)
    plan.may_answer, plan.other_name = MayAnswer.MESSAGE, told.other_name
    plan.save(update_fields=["may_answer", "other_name"])
    if told.other_phone and not patient.contact_points.filter(kind=ContactPoint.Kind.OTHER).exists():
        set_contact_points(patient, {ContactPoint.Kind.OTHER: told.other_phone}, by=by, source=source)
    return True


def _fill_result_wish(
    patient: Patient, wish: Mapping[str, Any], by: UserOrActor, source: str, refused: dict[str, str]
) -> bool:
    known = ResultWish.objects.filter(patient=patient).first()
    if not wish or (known and all(getattr(known, name) == value for name, value in wish.items())):
        return False
    if known:
        refused["result_by"] = _stands(str(known) or _("no matter how"))
        return False
    set_result_wish(patient, dict(wish), by=by)
    log_changes(patient, {"result_wish": ("", str(ResultWish.objects.get(patient=patient)))}, by=by, source=source)
    return True


def _stands(what: object) -> str:
    return _("The record says otherwise (%(what)s), and that stands.") % {"what": what}

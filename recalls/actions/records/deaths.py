"""Actions that record a death at every site, and take one back that was recorded in error."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.actors import actor_for
from desk.datetime_display import format_day
from patients.actions import clear_death, record_death
from patients.models import Patient
from recalls.actions.closing import open_again
from recalls.actions.progress import go_on
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import AppointmentStatus, ClosureReason, State
from recalls.models import Appointment, Recall, RecallEvent, ScreeningExam


def mark_deceased(
    recall: Recall, died_on: date, *, date_is_right: bool = False, **kwargs: Unpack[ActionKwargs]
) -> RecallEvent:
    """Record the death, in whatever state the recall is: open recalls of the patient close, every message stops.

    Raises ValidationError for a day after which the patient came to an exam or a visit, until a person says that
    `date_is_right`: a mistyped year would end the case of a living patient.
    """
    if not date_is_right:
        check_not_seen_after(died_on, recall.patient)

    def save_death(transition: Transition) -> None:
        record_death(transition.recall.patient, died_on, by=transition.actor)
        transition.next_state = State.CLOSED

    return _apply_to_every_recall(recall, "mark_deceased", save_death, kwargs)


def not_deceased(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Take a death recorded in error back: the recalls that it closed go on where their results ask for.

    So does one whose result was amended in the meantime.
    """

    def take_back_death(transition: Transition) -> None:
        clear_death(transition.recall.patient, by=transition.actor)
        transition.next_state = transition.from_state
        if transition.recall.closure_reason == ClosureReason.DECEASED:
            transition.recall.closure_reason = ""
            open_again(transition)
        elif transition.recall.result_since is not None:  # amended meanwhile, and told to nobody
            go_on(transition)

    return _apply_to_every_recall(recall, "not_deceased", take_back_death, kwargs)


def check_not_seen_after(died_on: date, *records: Patient) -> None:
    """Raise ValidationError where one of these records says that the patient was here after that day."""
    seen_on = _last_seen_on(records)
    if seen_on is not None and seen_on > died_on:
        words = _("The patient was here on %(seen)s, after %(died)s. Check the day and the year.")
        raise ValidationError(words % {"seen": f"{format_day(seen_on)} {seen_on.year}", "died": died_on.isoformat()})


def _last_seen_on(records: Sequence[Patient]) -> date | None:
    """The day, at the site, of the newest exam or attended visit, also at other sites. Two queries."""
    exams = ScreeningExam.objects.filter(patient__in=records).aggregate(newest=Max("exam_date"))
    came = Appointment.objects.filter(recall__patient__in=records, status=AppointmentStatus.ATTENDED)
    visit = came.select_related("site").order_by("starts_at").last()
    days = [exams["newest"], calendar.local_day(visit.site, visit.starts_at) if visit else None]
    return max((day for day in days if day is not None), default=None)


def _apply_to_every_recall(
    recall: Recall, step: str, apply_changes: Callable[[Transition], None], kwargs: ActionKwargs
) -> RecallEvent:
    """A death is true at every site, also where the person who records it does not work."""
    with transaction.atomic():
        event = apply_step(recall, step, apply_changes, **kwargs)
        everywhere = replace(actor_for(kwargs["by"]), user=None)
        others = Recall.objects.filter(patient_id=recall.patient_id).exclude(pk=recall.pk)
        if step == "not_deceased":  # one opened after the death was recorded has nothing to take back
            others = others.filter(events__step="mark_deceased").distinct()
        for other in others.select_related("site").order_by("pk"):
            note, key = kwargs.get("note", ""), kwargs.get("key")
            apply_step(other, step, apply_changes, by=everywhere, note=note, key=key)
    return event

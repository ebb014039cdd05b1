"""Says which numbers a list in a text message has, until when one of them answers it, and who answered none.

No number answers an offer (1, 2, 3), and none is used again while an earlier text may still be answered: a late or
doubled answer can mean nothing else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.calendar import SendWindow
from clinic.models import Site
from patients.models import Patient
from recalls.actions.contact import open_work_item
from recalls.actions.transition import active_appointment
from recalls.enums import State, WorkItemKind
from recalls.models import Appointment, ContactAttempt, Recall, RecallEvent, WorkItem
from recalls.permissions import StepUnavailable
from recalls.scheduling.self_booking import CHANGE_UNTIL

CHOOSE_FOR: Final = timedelta(hours=24)  # from the hour at which the text may leave
REMEMBERED_FOR: Final = timedelta(days=21)  # in which a text may still be answered: its numbers are not used again
_ASKED_WITHIN: Final = timedelta(days=7)  # after that nobody is reminded any more
_ENTRIES: Final = {"offer_times": "times", "ask_cancel_reason": "reasons"}  # where an event keeps its numbers


def next_numbers(patient: Patient, step: str, numbers: Sequence[tuple[str, ...]], now: datetime) -> tuple[str, ...]:
    """Empty where every number may still be read as an answer to an earlier list."""
    lists = RecallEvent.objects.filter(recall__patient=patient, step=step, at__gt=now - REMEMBERED_FOR)
    used = {number for data in lists.values_list("data", flat=True) for number in data[_ENTRIES[step]]}
    return next((some for some in numbers if used.isdisjoint(some)), ())


def answer_until(site: Site, visit: Appointment | None, now: datetime, within: timedelta = CHOOSE_FOR) -> datetime:
    """So long from when the text may leave, no later than the visit may be changed.

    Raises StepUnavailable where the text could not leave before that.
    """
    leaves = calendar.next_send_time(SendWindow.ANY_DAY, site, now)
    until = leaves + within
    if visit is not None:
        until = min(until, visit.starts_at - CHANGE_UNTIL)
    if until <= leaves:
        raise StepUnavailable(_("Please call to change this visit."))
    return until


def name_visit(visit: Appointment | None) -> dict[str, Any]:
    """The visit that a list is about, at the time that it has now, as an event names it."""
    return {"visit": visit.pk, "sequence": visit.sequence} if visit else {}


def standing_event(recall: Recall, step: str, now: datetime) -> RecallEvent | None:
    """The newest list of that step while it may be answered: what it is about stands, and its time is not over."""
    event: RecallEvent | None = recall.events.filter(step=step).order_by("-version").first()
    return event if event is not None and _is_standing(event, recall, now) else None


def _is_standing(event: RecallEvent, recall: Recall, now: datetime) -> bool:
    if recall.state_since > event.at or datetime.fromisoformat(event.data["until"]) <= now:
        return False
    return is_about(event.data, active_appointment(recall))


def is_about(data: Any, visit: Appointment | None) -> bool:
    """Whether the list is about that visit, at the time that it has; with None, about none."""
    return {name: data[name] for name in ("visit", "sequence") if name in data} == name_visit(visit)


def ask_where_nothing_was_chosen(now: datetime) -> int:
    """Open the task to call those who asked for a list and answered none; how many. Twice it opens none.

    Not where a person has called them since, or a task about them was opened since.
    """
    asked = RecallEvent.objects.filter(step__in=_ENTRIES, at__gt=now - _ASKED_WITHIN, at__lt=now)
    asked = asked.filter(recall__state__in=(State.TO_CONTACT, State.SCHEDULED), recall__state_since__lte=F("at"))
    tasks = WorkItem.objects.filter(
        recall=OuterRef("recall"), kind=WorkItemKind.PATIENT_REQUEST, opened_at__gte=OuterRef("at")
    )
    calls = ContactAttempt.objects.filter(recall=OuterRef("recall"), at__gte=OuterRef("at"))
    open_ones = asked.exclude(Exists(tasks)).exclude(Exists(calls)).select_related("recall__site", "recall__patient")
    return sum(_ask(event, now) for event in open_ones)


def _ask(event: RecallEvent, now: datetime) -> bool:
    """Nobody is called who moved the visit meanwhile."""
    is_over = datetime.fromisoformat(event.data["until"]) <= now
    if not is_over or not is_about(event.data, active_appointment(event.recall)):
        return False
    sentences = {
        "held": _("The patient wanted another time than the one that is held, and chose none of those texted."),
        "times": _("The patient wanted to move the visit, and chose none of the times texted: it stays booked."),
        "reasons": _("The patient wanted to cancel the visit, and gave no reason by text: it stays booked."),
    }
    said = next(sentence for key, sentence in sentences.items() if key in event.data)
    open_work_item(event.recall, WorkItemKind.PATIENT_REQUEST, said)
    return True

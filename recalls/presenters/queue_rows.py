"""Rows of the queue page as plain values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic import calendar
from clinic.models import Site, User
from clinic.roles import get_roles
from desk.languages import language_name
from patients.models import Patient
from recalls.assignment import current_assignee, display_name
from recalls.contact_ladder import current_ladder_attempts, is_ladder_complete
from recalls.edit_presence import get_claim_holder
from recalls.enums import AppointmentStatus, ContactResult, State, WorkItemKind
from recalls.models import ContactAttempt, Recall
from recalls.presenters.case_marks import (
    ResolutionProgress,
    format_missed_visits,
    format_result_wish,
    format_risk,
    resolution_progress,
    result_teller,
)
from recalls.presenters.datetime_display import (
    TimeRemaining,
    display_datetime,
    format_clock_time,
    format_recent_day,
    time_remaining,
)
from recalls.presenters.next_action import NextActionFacts, describe_next_action
from recalls.scheduling.lane_times import is_marked_as_here
from recalls.workflow import STEPS_BY_NAME

# Why a queue may be empty, and what fills it again.
_EMPTY_QUEUE_TEXTS: dict[State, Any] = {
    State.AWAITING_PRIORS: gettext_lazy("A result that needs prior images for comparison comes in here."),
    State.TO_CONTACT: gettext_lazy(
        "Everybody who was called back has a visit booked or is at a later stage. New results, missed visits and "
        "ended holds come in here automatically."
    ),
    State.SCHEDULED: gettext_lazy("No visit is booked. Booking one from “To contact” brings it here."),
    State.AWAITING_OUTCOME: gettext_lazy("Everybody who came has an outcome. Marking a patient as come fills it."),
    State.RESULT_TO_TELL: gettext_lazy(
        "Every result has been told. An outcome, a signed pathology result or a written result that did not arrive "
        "brings the patient here."
    ),
    State.TO_HAND_OVER: gettext_lazy(
        "Nobody waits for a referral. A malignant or high-risk result that was told brings the patient here."
    ),
    State.FOLLOW_UP: gettext_lazy(
        "A probably benign outcome brings the patient here until the next short-interval follow-up comes near."
    ),
    State.BIOPSY_TO_BOOK: gettext_lazy("No biopsy waits to be booked. An outcome of 4 or 5 brings the patient here."),
    State.BIOPSY_BOOKED: gettext_lazy("No biopsy is booked."),
    State.AWAITING_PATHOLOGY: gettext_lazy("No pathology result is owed. A biopsy that was done brings it here."),
    State.AWAITING_CONCORDANCE: gettext_lazy("Every pathology result has been signed by a radiologist."),
    State.ON_HOLD: gettext_lazy("Nobody is on hold. A held recall comes back by itself on its date."),
}


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One recall on a list."""

    pk: int
    url: str
    name: str
    age: int
    # The patient's language where it is not the desk's own.
    other_language: str
    interpreter: str
    site: Site
    # The category of the worst open lesion, and whether it is a 4, a 5 or cancer.
    risk: str
    is_at_risk: bool
    missed_visits: str
    # The patient's newest open task, such as what was asked for on the patient's page.
    work_item: str
    next_action: str
    # Of a result that is still to be told: since when, who tells it, and how the patient wants to hear it.
    untold_since: str
    result_teller: str
    result_wish: str
    resolution: ResolutionProgress
    due: TimeRemaining
    time_to_target: TimeRemaining | None
    last_attempt: str
    # To whom it was given; empty while it is everybody's.
    assigned_to: str
    # Who has the recall open at this moment, if not the person who reads.
    opened_by: str
    # What the person who reads did with it today.
    handled_today: str
    # Whether the next action is due by the end of today, at the site.
    is_due_today: bool
    # The day of the next action: "today", "yesterday", "Mon 30 Nov".
    due_day: str
    # Whether the patient may still be at the clinic after the screening, so that the lane may be offered.
    may_be_here: bool
    # Whether every try of the ladder was made, and the person who reads may not close the recall.
    is_for_signer: bool


def empty_queue_text(state: State) -> str:
    return str(_EMPTY_QUEUE_TEXTS[state])


def interpreter_text(patient: Patient) -> str:
    return _("interpreter needed") if patient.interpreter_needed else ""


def facts_from_annotations(row: Any, now: datetime, free_at: datetime | None = None) -> NextActionFacts:
    """The facts that `queue.with_next_action_facts` put beside the recall, with its prefetched tries."""
    return NextActionFacts(
        attempts=current_ladder_attempts(row),
        entered_by_step=row.arrived_by or "",
        visit_at=row.visit_at,
        visit_confirmed=row.visit_status == AppointmentStatus.CONFIRMED,
        priors_requested_at=row.priors_asked_at,
        priors_received=row.priors_received,
        first_call_part="" if row.suspicious else row.first_call_part or "",
        no_slot_before_target=bool(free_at and row.target_at and now <= row.target_at < free_at),
    )


def build_queue_rows(
    recalls: Iterable[Recall], sites: dict[int, Site], now: datetime, reader: User | None = None,
    free_at: Mapping[int, datetime | None] | None = None,
) -> list[QueueRow]:  # fmt: skip
    """Rows for recalls from `queues`; the sites are the signed-in person's own, read once."""
    free = free_at or {}
    return [_queue_row(recall, sites[recall.site_id], now, reader, free.get(recall.site_id)) for recall in recalls]


def _queue_row(recall: Any, site: Site, now: datetime, reader: User | None, free_at: datetime | None) -> QueueRow:
    recall.site = site
    today, is_untold = calendar.local_day(site, now), recall.state == State.RESULT_TO_TELL
    due_at, facts = recall.due_at or now, facts_from_annotations(recall, now, free_at)
    return QueueRow(
        pk=recall.pk,
        url=reverse("recall", args=[recall.pk]),
        name=str(recall.patient),
        age=recall.patient.age_on(today),
        other_language="" if _is_desk_language(recall.patient) else language_name(recall.patient.language),
        interpreter=interpreter_text(recall.patient),
        site=site,
        risk=format_risk(recall, recall.worst_category),
        is_at_risk=recall.suspicious,
        missed_visits=format_missed_visits(recall.missed_visits),
        work_item=_work_item_text(recall),
        next_action=describe_next_action(recall, facts, now=now),
        untold_since=_untold_since_text(recall, now) if is_untold else "",
        result_teller=result_teller(recall, site, today) if is_untold else "",
        result_wish=format_result_wish(recall) if is_untold else "",
        resolution=resolution_progress(recall, site, today),
        due=time_remaining(site, due_at, now),
        time_to_target=time_remaining(site, recall.target_at, now) if recall.target_at and recall.is_open else None,
        last_attempt=_last_attempt_text(site, facts.attempts, now),
        assigned_to=display_name(person) if (person := current_assignee(recall, today)) else "",
        opened_by=_opened_by_text(recall, now, reader),
        handled_today=_handled_today_text(recall, site),
        is_due_today=calendar.local_day(site, due_at) <= today,
        due_day=format_recent_day(calendar.local_day(site, due_at), today),
        may_be_here=is_marked_as_here(recall, now),
        is_for_signer=reader is not None and _is_for_signer(recall, facts, reader, now),
    )


def _is_desk_language(patient: Patient) -> bool:
    return patient.language.split("-")[0] == settings.LANGUAGE_CODE.split("-")[0]


def _is_for_signer(recall: Recall, facts: NextActionFacts, reader: User, now: datetime) -> bool:
    """Whether only a signature as lost is left, which this reader may not give."""
    lost = STEPS_BY_NAME["close_lost"]
    may_sign = get_roles(reader) & (lost.roles_at_risk if recall.suspicious and lost.roles_at_risk else lost.roles)
    return recall.state in lost.from_states and not may_sign and is_ladder_complete(recall, facts.attempts, now)


def _untold_since_text(recall: Recall, now: datetime) -> str:
    """ "Result since Tue 24 Nov, 2:30 pm"."""
    if recall.result_since is None:
        return ""
    return _("Result since %(when)s") % {"when": display_datetime(recall.site, recall.result_since, now)}


def _work_item_text(recall: Any) -> str:
    if not recall.task_kind:
        return ""
    label = str(WorkItemKind(recall.task_kind).label)
    return f"{label} ({recall.task_reason})" if recall.task_kind == WorkItemKind.PATIENT_REQUEST else label


def _opened_by_text(recall: Recall, now: datetime, reader: User | None) -> str:
    other = get_claim_holder(recall, reader, now) if reader else None
    if other is None:
        return ""
    minutes = int((now - other.since).total_seconds() // 60)
    words = {"who": other.name, "minutes": minutes}
    if minutes < 1:
        return _("open at %(who)s, just now") % words
    return ngettext("open at %(who)s, %(minutes)d min", "open at %(who)s, %(minutes)d min", minutes) % words


def _handled_today_text(recall: Any, site: Site) -> str:
    """ "Book visit, 10:40 am"."""
    at = getattr(recall, "worked_at", None)
    return f"{STEPS_BY_NAME[recall.worked_step].label}, {format_clock_time(at.astimezone(site.zone))}" if at else ""


def _last_attempt_text(site: Site, attempts: Sequence[ContactAttempt], now: datetime) -> str:
    if not attempts:
        return _("none yet")
    last = attempts[-1]
    return f"{ContactResult(last.result).label}, {display_datetime(site, last.at, now)}"

"""Rows of the radiologist's worklist."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from recalls.enums import State, WorkItemKind
from recalls.models import Recall, SignOffRequest, WorkItem
from recalls.presenters.case_marks import format_risk, result_teller
from recalls.presenters.datetime_display import TimeRemaining, format_recent_day, time_remaining
from recalls.presenters.next_action import describe_next_action
from recalls.presenters.queue_rows import facts_from_annotations
from recalls.presenters.recall_header import format_findings
from recalls.scheduling.lane_times import is_marked_as_here
from recalls.workflow import STEPS_BY_NAME


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One case that waits for the reader; `url` leads to where it is answered."""

    url: str
    name: str
    age: int
    mrn: str
    findings: str
    next_action: str
    due: TimeRemaining | None
    # The category of the worst open lesion, or the mark of a 4 or 5.
    risk: str = ""
    is_at_risk: bool = False
    # Whether the patient may still be at the clinic after the screening.
    may_be_here: bool = False


# The step that answers a case of each pile; the screen for earlier pictures offers both answers.
_ANSWER_STEP_BY_STATE: dict[str, str] = {
    State.AWAITING_OUTCOME: "record_outcome",
    State.AWAITING_PRIORS: "resolve_by_priors",
    State.AWAITING_CONCORDANCE: "sign_concordance",
    State.RESULT_TO_TELL: "result_told",
    State.TO_CONTACT: "close_lost",
    State.BIOPSY_TO_BOOK: "close_lost",
}


def answer_url(recall: Recall) -> str:
    """Where a case of the worklist is answered."""
    return reverse("step", args=[recall.pk, _ANSWER_STEP_BY_STATE[recall.state]])


def build_worklist_rows(recalls: Iterable[Recall], sites: dict[int, Site], now: datetime) -> list[WorklistRow]:
    return [_worklist_row(recall, sites[recall.site_id], now) for recall in recalls]


def _worklist_row(recall: Any, site: Site, now: datetime) -> WorklistRow:
    recall.site, today = site, calendar.local_day(site, now)
    action = describe_next_action(recall, facts_from_annotations(recall, now), now=now)
    teller = result_teller(recall, site, today) if recall.state == State.RESULT_TO_TELL else ""
    return WorklistRow(
        url=answer_url(recall),
        name=str(recall.patient),
        age=recall.patient.age_on(today),
        mrn=recall.patient.mrn,
        findings="; ".join(format_findings(recall.exam)),
        risk=format_risk(recall, recall.worst_category),
        is_at_risk=recall.suspicious,
        may_be_here=is_marked_as_here(recall, now),
        next_action=f"{action}. {teller}" if teller else action,
        due=time_remaining(site, recall.due_at, now) if recall.due_at else None,
    )


def build_task_rows(items: Iterable[WorkItem], sites: dict[int, Site], now: datetime) -> list[WorklistRow]:
    """Tasks that only a radiologist does, each with the step that answers it; their recalls are read."""
    return [_task_row(item, sites[item.site_id], now) for item in items]


def _task_row(item: WorkItem, site: Site, now: datetime) -> WorklistRow:
    today = calendar.local_day(site, now)
    opened = format_recent_day(calendar.local_day(site, item.opened_at), today)
    return WorklistRow(
        url=_task_url(item),
        name=str(item.patient),
        age=item.patient.age_on(today),
        mrn=item.patient.mrn,
        findings=str(item.get_kind_display()),
        next_action=_("%(why)s (since %(when)s)") % {"why": item.reason, "when": opened},
        due=None,
    )


def _task_url(item: WorkItem) -> str:
    """Prior images that have come and a corrected result are answered where the recall's state asks for a reading.

    Where an outcome stands already it is amended, if the images or the correction change it.
    """
    if item.recall is None:
        return reverse("work_items")
    state = State(item.recall.state)
    if item.kind == WorkItemKind.DOCTOR_QUESTION:
        return reverse("recall", args=[item.recall_id])
    if state in STEPS_BY_NAME["resolve_by_priors"].from_states and item.kind == WorkItemKind.PRIORS_TO_COMPARE:
        return reverse("step", args=[item.recall_id, "resolve_by_priors"])
    if state == State.AWAITING_OUTCOME:
        return reverse("step", args=[item.recall_id, "record_outcome"])
    if state in _STATES_WITH_AN_OUTCOME:
        return reverse("step", args=[item.recall_id, "amend_outcome"])
    return reverse("recall", args=[item.recall_id])


# Nobody comes here without an outcome but by a biopsy right after the screening, whose page says so.
_STATES_WITH_AN_OUTCOME = frozenset({State.RESULT_TO_TELL, State.FOLLOW_UP, State.TO_HAND_OVER, State.CLOSED})


def build_signature_rows(
    requests: Iterable[SignOffRequest], sites: dict[int, Site], now: datetime
) -> list[WorklistRow]:
    """What waits for a second signature, each with who asked and why."""
    return [_signature_row(request, sites[request.site_id], now) for request in requests]


def _signature_row(request: SignOffRequest, site: Site, now: datetime) -> WorklistRow:
    patient, today = request.recall.patient, calendar.local_day(site, now)
    asked = format_recent_day(calendar.local_day(site, request.requested_at), today)
    who = request.requested_by.get_full_name() or request.requested_by.get_username()
    return WorklistRow(
        url=reverse("step", args=[request.recall_id, request.step]),
        name=str(patient),
        age=patient.age_on(today),
        mrn=patient.mrn,
        findings=str(STEPS_BY_NAME[request.step].label),
        next_action=_("Asked for %(when)s by %(who)s: %(why)s") % {"when": asked, "who": who, "why": request.note},
        due=None,
    )

"""Rows of the radiologist's worklist."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from recalls.enums import State
from recalls.models import Outcome, Recall
from recalls.presenters.datetime_display import TimeRemaining, format_recent_day, time_remaining
from recalls.presenters.next_action import describe_next_action
from recalls.presenters.queue_rows import facts_from_annotations
from recalls.presenters.recall_header import format_findings


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


# The step that answers a case of each pile; the screen for earlier pictures offers both answers.
_ANSWER_STEP_BY_STATE: dict[str, str] = {
    State.AWAITING_OUTCOME: "record_outcome",
    State.AWAITING_PRIORS: "resolve_by_priors",
    State.AWAITING_CONCORDANCE: "sign_concordance",
    State.TO_CONTACT: "close_lost",
}


def answer_url(recall: Recall) -> str:
    """Where a case of the worklist is answered."""
    return reverse("step", args=[recall.pk, _ANSWER_STEP_BY_STATE[recall.state]])


def build_worklist_rows(recalls: Iterable[Recall], sites: dict[int, Site], now: datetime) -> list[WorklistRow]:
    return [_worklist_row(recall, sites[recall.site_id], now) for recall in recalls]


def _worklist_row(recall: Recall, site: Site, now: datetime) -> WorklistRow:
    recall.site = site
    return WorklistRow(
        url=answer_url(recall),
        name=str(recall.patient),
        age=recall.patient.age_on(calendar.local_day(site, now)),
        mrn=recall.patient.mrn,
        findings="; ".join(format_findings(recall.exam)),
        next_action=describe_next_action(recall, facts_from_annotations(recall, now), now=now),
        due=time_remaining(site, recall.due_at, now) if recall.due_at else None,
    )


def build_unreleased_rows(outcomes: Iterable[Outcome], sites: dict[int, Site], now: datetime) -> list[WorklistRow]:
    """The outcomes that the patient may not be told of yet, each with who recorded it."""
    return [_unreleased_row(outcome, sites[outcome.recall.site_id], now) for outcome in outcomes]


def _unreleased_row(outcome: Outcome, site: Site, now: datetime) -> WorklistRow:
    patient, today = outcome.recall.patient, calendar.local_day(site, now)
    recorded = format_recent_day(calendar.local_day(site, outcome.at), today)
    return WorklistRow(
        url=reverse("step", args=[outcome.recall_id, "release_outcome"]),
        name=str(patient),
        age=patient.age_on(today),
        mrn=patient.mrn,
        findings=str(outcome.get_assessment_display()),
        next_action=_("Recorded %(when)s by %(who)s, not released to the patient")
        % {"when": recorded, "who": outcome.by},
        due=None,
    )

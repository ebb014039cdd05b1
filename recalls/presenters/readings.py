"""How does a recall read on the radiologist's worklist?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from recalls.models import Outcome, Recall
from recalls.presenters.moments import Left, day_and_ago, left_until
from recalls.presenters.page import findings_of
from recalls.presenters.rows import facts_of_row
from recalls.presenters.why import why_today
from recalls.states import State


@dataclass(frozen=True, slots=True)
class Reading:
    """One case that waits for her; `url` leads to where she answers."""

    url: str
    name: str
    age: int
    mrn: str
    findings: str
    why: str
    due: Left | None


# The step that answers a case of each pile; the screen for earlier pictures offers both answers.
_ANSWERED_BY: dict[str, str] = {
    State.AWAITING_OUTCOME: "record_outcome",
    State.AWAITING_PRIORS: "resolve_by_priors",
    State.AWAITING_CONCORDANCE: "sign_concordance",
    State.TO_CONTACT: "close_lost",
}


def answer_url(recall: Recall) -> str:
    """Where a case of the worklist is answered."""
    return reverse("step", args=[recall.pk, _ANSWERED_BY[recall.state]])


def reading_rows(recalls: Iterable[Recall], sites: dict[int, Site], now: datetime) -> list[Reading]:
    return [_reading(recall, sites[recall.site_id], now) for recall in recalls]


def _reading(recall: Recall, site: Site, now: datetime) -> Reading:
    recall.site = site
    return Reading(
        url=answer_url(recall),
        name=str(recall.patient),
        age=recall.patient.age_on(calendar.local_day(site, now)),
        mrn=recall.patient.mrn,
        findings="; ".join(findings_of(recall.exam)),
        why=why_today(recall, facts_of_row(recall, now), now=now),
        due=left_until(site, recall.due_at, now) if recall.due_at else None,
    )


def unreleased_rows(outcomes: Iterable[Outcome], sites: dict[int, Site], now: datetime) -> list[Reading]:
    """Her outcomes that the patient may not be told of yet."""
    return [_unreleased(outcome, sites[outcome.recall.site_id], now) for outcome in outcomes]


def _unreleased(outcome: Outcome, site: Site, now: datetime) -> Reading:
    patient, today = outcome.recall.patient, calendar.local_day(site, now)
    recorded = day_and_ago(calendar.local_day(site, outcome.at), today)
    return Reading(
        url=reverse("step", args=[outcome.recall_id, "release_outcome"]),
        name=str(patient),
        age=patient.age_on(today),
        mrn=patient.mrn,
        findings=str(outcome.get_assessment_display()),
        why=_("Recorded %(when)s, not released to the patient") % {"when": recorded},
        due=None,
    )

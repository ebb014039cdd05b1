"""How does a recall read among the results of a search?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from clinic import calendar
from clinic.models import Site
from recalls.models import Recall
from recalls.presenters.moments import day_words
from recalls.states import ClosureReason, State


@dataclass(frozen=True, slots=True)
class Found:
    """One recall with enough to tell two patients of one name apart."""

    url: str
    name: str
    born: str
    mrn: str
    state: str
    exam_day: str
    site: str


def found_rows(recalls: Iterable[Recall], sites: dict[int, Site], now: datetime) -> list[Found]:
    """Results with their patient and exam already read."""
    return [_found(recall, sites[recall.site_id], now) for recall in recalls]


def _found(recall: Recall, site: Site, now: datetime) -> Found:
    state = str(State(recall.state).label)
    if recall.closure_reason:
        state = f"{state}: {ClosureReason(recall.closure_reason).label}"
    return Found(
        url=reverse("recall", args=[recall.pk]),
        name=str(recall.patient),
        born=f"{recall.patient.birth_date:%Y-%m-%d}",
        mrn=recall.patient.mrn,
        state=state,
        exam_day=day_words(recall.exam.exam_date, calendar.local_day(site, now)),
        site=site.name,
    )

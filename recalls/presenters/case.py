"""What does a radiologist look at before she answers? The visit, what was said so far, and her earlier recalls."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import calendar
from recalls.models import Appointment, Outcome, Recall
from recalls.presenters.moments import Moment, day_words, moment
from recalls.presenters.page import findings_of
from recalls.states import AppointmentStatus, Assessment, ClosureReason, State


@dataclass(frozen=True, slots=True)
class Said:
    """One outcome, as it was said; `amended_because` is the reason why a later one took its place."""

    assessment: str
    sides: list[str]
    text: str
    by: str
    when: Moment
    told: str
    amended_because: str
    is_amended: bool


@dataclass(frozen=True, slots=True)
class Tissue:
    result: str
    specimen: str
    text: str
    by: str
    when: Moment


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier recall of hers, in one line."""

    url: str
    exam_day: str
    findings: str
    ended: str


@dataclass(frozen=True, slots=True)
class Case:
    """Everything beside the form; each list is newest first."""

    visit: str
    visit_when: Moment | None
    density: str
    sides: list[str]
    said: list[Said]
    tissue: list[Tissue]
    priors: list[str]
    earlier: list[Earlier]


def case_of(recall: Recall, earlier: Iterable[Recall], now: datetime) -> Case:
    """No query when the recall came from `views.access.whole_recall`."""
    visit = _last_visit(recall)
    exam = recall.exam
    return Case(
        visit=_visit_words(visit) if visit else "",
        visit_when=moment(visit.site, visit.starts_at, now) if visit else None,
        density=str(exam.get_density_display()) if exam.density else "",
        sides=_sides(exam.assessment_right, exam.assessment_left),
        said=said_of(recall, now),
        tissue=_tissue(recall, now),
        priors=[event.note for event in _newest_first(recall.events.all()) if _is_about_priors(event)],
        earlier=[_earlier(other, recall, now) for other in earlier],
    )


def said_of(recall: Recall, now: datetime) -> list[Said]:
    """Every outcome of this recall, the newest first; the amended ones are kept and marked."""
    rows = _newest_first(recall.outcomes.all())
    reasons = {row.amends_id: row.reason for row in rows if row.amends_id}
    return [_said(recall, row, reasons.get(row.pk), now) for row in rows]


def _said(recall: Recall, row: Outcome, amended_because: str | None, now: datetime) -> Said:
    return Said(
        assessment=str(row.get_assessment_display()),
        sides=_sides(row.assessment_right, row.assessment_left),
        text=row.text,
        by=row.by,
        when=moment(recall.site, row.at, now),
        told=_told(recall, row, now),
        amended_because=amended_because or "",
        is_amended=amended_because is not None,
    )


def _told(recall: Recall, row: Outcome, now: datetime) -> str:
    if not hasattr(row, "release"):
        return _("not released to the patient")
    when = {"when": moment(recall.site, row.release.release_at, now)}
    if row.release.release_at > now:
        return _("to be released to the patient %(when)s") % when
    return _("released to the patient %(when)s") % when


def _sides(right: str, left: str) -> list[str]:
    named = ((_("Right breast"), right), (_("Left breast"), left))
    return [f"{side}: {Assessment(value).label}" for side, value in named if value]


def _last_visit(recall: Recall) -> Appointment | None:
    came = [visit for visit in recall.appointments.all() if visit.status == AppointmentStatus.ATTENDED]
    return max(came, key=lambda visit: visit.pk, default=None)


def _visit_words(visit: Appointment) -> str:
    minutes = _("%(minutes)d minutes") % {"minutes": visit.length_minutes}
    with_help = [_("with an interpreter")] if visit.interpreter else []
    return ", ".join([str(visit.get_kind_display()), minutes, *with_help])


def _tissue(recall: Recall, now: datetime) -> list[Tissue]:
    rows = _newest_first(recall.pathology_results.all())
    return [
        Tissue(str(row.get_result_display()), row.specimen, row.text, row.by, moment(recall.site, row.at, now))
        for row in rows
    ]


def _earlier(other: Recall, recall: Recall, now: datetime) -> Earlier:
    outcomes = _newest_first(other.outcomes.all())
    ended = [str(outcomes[0].get_assessment_display())] if outcomes else []
    if not outcomes or other.closure_reason not in (ClosureReason.NORMAL, ClosureReason.BENIGN):
        ended.append(
            str(ClosureReason(other.closure_reason).label if other.closure_reason else State(other.state).label)
        )
    return Earlier(
        url=reverse("recall", args=[other.pk]),
        exam_day=day_words(other.exam.exam_date, calendar.local_day(recall.site, now)),
        findings="; ".join(findings_of(other.exam)),
        ended=", ".join(ended),
    )


def where_it_stands(recall: Recall) -> str:
    """Why it was closed, or the state it is in."""
    return str(ClosureReason(recall.closure_reason).label if recall.closure_reason else State(recall.state).label)


def _is_about_priors(event: Any) -> bool:
    return event.step in ("request_priors", "receive_priors") and bool(event.note)


def _newest_first(rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: row.pk, reverse=True)

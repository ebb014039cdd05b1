"""Rows of the list of supplemental tests, and one test in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from desk.languages import language_name
from patients.channels import get_patient_channels
from patients.contact_validation import format_phone
from recalls.enums import SupplementalStatus
from recalls.models import Recall, SupplementalScreening
from recalls.presenters.datetime_display import TimeRemaining, format_day, time_remaining
from recalls.presenters.queue_rows import interpreter_text


@dataclass(frozen=True, slots=True)
class SupplementalRow:
    """One test that is advised and not done."""

    url: str
    name: str
    age: int
    mrn: str
    test: str
    advised: str
    status: str
    due: TimeRemaining


@dataclass(frozen=True, slots=True)
class SupplementalDetail:
    """One test with its patient, as much as a caller needs, and what came of it."""

    name: str
    age: int
    birth_date: str
    mrn: str
    language: str
    interpreter: str
    phones: list[tuple[str, str]]
    test: str
    exam: str
    density: str
    status: str
    facts: list[tuple[Any, str]]
    note: str
    recall_url: str


def build_supplemental_rows(
    rows: Iterable[SupplementalScreening], sites: dict[int, Site], now: datetime
) -> list[SupplementalRow]:
    """No query: patients are read, and the sites' calendars."""
    return [_row(row, sites[row.site_id], now) for row in rows]


def _row(row: SupplementalScreening, site: Site, now: datetime) -> SupplementalRow:
    today, patient = calendar.local_day(site, now), row.patient
    return SupplementalRow(
        url=reverse("supplemental_test", args=[row.pk]),
        name=str(patient),
        age=patient.age_on(today),
        mrn=patient.mrn,
        test=str(row.get_kind_display()),
        advised=format_day(row.advised_on, today),
        status=_status_text(row),
        due=time_remaining(site, calendar.closing_time(site, row.due_on), now),
    )


def _status_text(row: SupplementalScreening) -> str:
    if row.status == SupplementalStatus.ADVISED and row.done_on:
        return _("Done, the result is awaited")
    return str(row.get_status_display())


def build_supplemental_detail(row: SupplementalScreening, site: Site, now: datetime) -> SupplementalDetail:
    """No query: contact points and consents are prefetched."""
    today, patient, exam = calendar.local_day(site, now), row.patient, row.exam
    days = ((_("Advised"), row.advised_on), (_("Due by"), row.due_on), (_("Done"), row.done_on))
    facts = [(name, format_day(day, today)) for name, day in days if day]
    if row.result:
        facts.append((_("Result"), str(row.get_result_display())))
    return SupplementalDetail(
        name=patient.full_name,
        age=patient.age_on(today),
        birth_date=f"{patient.birth_date:%Y-%m-%d}",
        mrn=patient.mrn,
        language=language_name(patient.language),
        interpreter=interpreter_text(patient),
        phones=[(f"tel:{one}", format_phone(one, site.country)) for one in get_patient_channels(patient).phones],
        test=str(row.get_kind_display()),
        exam=f"{format_day(exam.exam_date, today)}, {exam.get_assessment_display()}",
        density=str(exam.get_density_display()) if exam.density else "",
        status=_status_text(row),
        facts=facts,
        note=row.note,
        recall_url=reverse("recall", args=[row.recall_id]) if row.recall_id else "",
    )


def describe_supplemental_reason(recall: Recall) -> str:
    """ "Supplemental ultrasound, 4: Suspicious" where such a test opened the recall; no query when it is selected."""
    row = getattr(recall, "supplemental", None)
    return f"{row.get_kind_display()}: {row.get_result_display()}" if row else ""

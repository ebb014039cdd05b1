"""Rows of the chase list, grouped by institution."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy

from clinic import calendar
from clinic.actors import Actor
from clinic.models import Site
from recalls.enums import OutsideReportKind
from recalls.models import ReportRequest
from recalls.presenters.case_record import format_times_asked
from recalls.presenters.datetime_display import format_day, format_recent_day
from recalls.workflow import STEPS_BY_NAME

# The steps that a request leads to, in the order of the buttons, each with its short label here.
_LABEL_BY_STEP: dict[str, Any] = {
    "ask_report": gettext_lazy("Asked"),
    "record_outside": gettext_lazy("Record the result"),
    "close_report_request": gettext_lazy("Not to be had"),
}
_LABEL_BY_STEP_OF_FIRST_VISIT: dict[str, Any] = {
    "ask_report": gettext_lazy("Asked"),
    "record_outside": gettext_lazy("Was seen"),
    "not_seen_there": gettext_lazy("Was not seen"),
    "close_report_request": gettext_lazy("Not to be had"),
}


@dataclass(frozen=True, slots=True)
class StepLink:
    label: Any
    url: str


@dataclass(frozen=True, slots=True)
class ReportRequestRow:
    """One report that is owed; `links` are the steps that the reader's role may take."""

    name: str
    mrn: str
    url: str
    site: str
    kind: str
    asked: str
    times_asked: str
    ask_on: str
    is_past: bool
    links: list[StepLink]


@dataclass(frozen=True, slots=True)
class InstitutionGroup:
    """An institution with every phone number that was noted for it, and what it owes."""

    facility: str
    phones: str
    rows: list[ReportRequestRow]


def build_institution_groups(
    requests: Iterable[ReportRequest], sites: dict[int, Site], actor: Actor, now: datetime
) -> list[InstitutionGroup]:
    """Requests in the order of the institutions; no query where recall and patient were read."""
    groups = ((facility, list(rows)) for facility, rows in groupby(requests, key=lambda row: row.facility))
    return [
        InstitutionGroup(
            facility,
            ", ".join(dict.fromkeys(row.phone for row in rows if row.phone)),
            [_request_row(row, sites[row.site_id], actor, now) for row in rows],
        )
        for facility, rows in groups
    ]


def _request_row(row: ReportRequest, site: Site, actor: Actor, now: datetime) -> ReportRequestRow:
    today, patient = calendar.local_day(site, now), row.recall.patient
    is_first_visit = row.kind == OutsideReportKind.FIRST_VISIT
    labels = _LABEL_BY_STEP_OF_FIRST_VISIT if is_first_visit else _LABEL_BY_STEP
    return ReportRequestRow(
        name=str(patient),
        mrn=patient.mrn,
        url=reverse("recall", args=[row.recall_id]),
        site=site.name,
        kind=str(row.get_kind_display()),
        asked=format_recent_day(row.asked_on, today) if row.asked_on else "",
        times_asked=format_times_asked(row.times_asked),
        ask_on=format_day(row.ask_on, today),
        is_past=row.ask_on < today,
        links=[
            StepLink(label, reverse("step", args=[row.recall_id, name]))
            for name, label in labels.items()
            if actor.roles & STEPS_BY_NAME[name].roles
        ],
    )

"""Rows of a manager's list: on the page and in its CSV file."""

from collections.abc import Iterable, Mapping
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
from recalls.assignment import current_assignee, display_name
from recalls.enums import State
from recalls.presenters.case_marks import Lateness, format_risk, measure_lateness
from recalls.presenters.datetime_display import format_day
from recalls.presenters.next_action import describe_next_action
from recalls.presenters.queue_rows import facts_from_annotations, interpreter_text


@dataclass(frozen=True, slots=True)
class Phone:
    href: str
    text: str


@dataclass(frozen=True, slots=True)
class ManagerRow:
    """One recall of a list; `lateness` and `next_action` are empty once it is closed, `closed` while it is open."""

    pk: int
    version: int
    url: str
    patient_id: int
    name: str
    birth_date: str
    mrn: str
    phones: list[Phone]
    contact_note: str
    language: str
    site: str
    state: str
    risk: str
    is_at_risk: bool
    lateness: Lateness
    next_action: str
    assigned_to: str
    closed: str
    closed_because: str
    closed_by: str

    @property
    def cells(self) -> list[str]:
        """As `CSV_HEADER` names them."""
        return [
            self.name, self.birth_date, self.mrn, "; ".join(phone.text for phone in self.phones), self.contact_note,
            self.language, self.site, self.state, self.risk, self.lateness.past_target, self.lateness.overdue,
            self.next_action, self.assigned_to, self.closed, self.closed_because, self.closed_by,
        ]  # fmt: skip


def csv_header() -> list[str]:
    return [
        _("Patient"), _("Birth date"), _("MRN"), _("Phone"), _("Contact note"), _("Language"), _("Site"), _("State"),
        _("Risk"), _("Past target"), _("Next action overdue"), _("Next action"), _("Assigned to"), _("Closed"),
        _("Closed because"), _("Closed by"),
    ]  # fmt: skip


def build_manager_rows(recalls: Iterable[Any], sites: Mapping[int, Site], now: datetime) -> list[ManagerRow]:
    """Rows for recalls from `recall_lists.get_list_page`; no query."""
    return [_build_row(recall, sites[recall.site_id], now) for recall in recalls]


def _build_row(recall: Any, site: Site, now: datetime) -> ManagerRow:
    recall.site = site
    patient, today = recall.patient, calendar.local_day(site, now)
    words = [_contact_note(patient), interpreter_text(patient)]
    return ManagerRow(
        pk=recall.pk,
        version=recall.version,
        url=reverse("recall", args=[recall.pk]),
        patient_id=patient.pk,
        name=str(patient),
        birth_date=f"{patient.birth_date:%Y-%m-%d}",
        mrn=patient.mrn,
        phones=[
            Phone(f"tel:{number}", format_phone(number, site.country))
            for number in get_patient_channels(patient).phones
        ],
        contact_note=", ".join(word for word in words if word),
        language=language_name(patient.language),
        site=site.name,
        state=str(State(recall.state).label),
        risk=format_risk(recall, recall.worst_category),
        is_at_risk=recall.suspicious,
        lateness=measure_lateness(recall, site, now),
        next_action=describe_next_action(recall, facts_from_annotations(recall, now), now=now)
        if recall.is_open
        else "",
        assigned_to=display_name(person) if (person := current_assignee(recall, today)) else "",
        closed=format_day(calendar.local_day(site, recall.closed_at), today) if recall.closed_at else "",
        closed_because=str(recall.get_closure_reason_display()) if recall.closure_reason else "",
        closed_by=recall.closed_by,
    )


def _contact_note(patient: Any) -> str:
    """Why no number may be dialled, where that is so."""
    if patient.deceased_on:
        return _("deceased")
    if patient.do_not_call:
        return _("do not call")
    return "" if get_patient_channels(patient).phones else _("no phone that works")

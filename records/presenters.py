"""Puts a patient's record into sections of plain rows, for the page, for print and for the patient's copy."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from desk.datetime_display import display_datetime, format_day
from desk.languages import language_name
from notifications.models import LaySummary, Notification
from notifications.presenters.message_history import describe_tracking
from patients.channels import get_patient_channels, list_contact_points
from patients.contact_validation import format_phone
from patients.models import Consent, ContactPoint, Patient, PatientChange
from recalls.enums import Assessment, ClosureReason, State
from recalls.models import Appointment, OutsideReport, Recall, ScreeningExam, WorkItem
from recalls.presenters.booking.visit_parts import describe_parts
from recalls.presenters.contact_plan import describe_may_answer
from recalls.presenters.recall_header import format_findings
from records.changes import describe_change
from records.selectors import PatientRecord


@dataclass(frozen=True, slots=True)
class SectionRow:
    """The cells of one line; `url` leads to the page of its first cell, empty where there is none."""

    cells: tuple[str, ...]
    url: str = ""


@dataclass(frozen=True, slots=True)
class RecordSection:
    """A table of the record; `staff_only` ones are no part of the patient's copy."""

    key: str
    title: str
    headings: tuple[str, ...]
    rows: list[SectionRow]
    staff_only: bool = False


def build_facts(patient: Patient, now: datetime) -> list[tuple[str, str]]:
    """Label and value of what is known of the person, in the order of the page."""
    today = calendar.local_day(patient.site, now)
    preference = getattr(patient, "call_preference", None)
    wish = getattr(patient, "result_wish", None)
    plan = getattr(patient, "contact_plan", None)
    address = [patient.address_line, f"{patient.city}, {patient.state} {patient.postal_code}".strip(" ,")]
    facts = [
        (_("Born"), f"{patient.birth_date:%Y-%m-%d}, {patient.age_on(today)}"),
        ("MRN", patient.mrn),
        (_("Site"), patient.site.name),
        (_("Sex"), str(patient.get_sex_display())),
        (_("Address"), ", ".join(part for part in address if part)),
        (_("Language"), language_name(patient.language)),
        (_("Interpreter needed"), _("yes") if patient.interpreter_needed else _("no")),
        (_("Voicemail"), str(patient.get_voicemail_display())),
        (_("Do not call"), _("yes") if patient.do_not_call else _("no")),
        (_("Best reached"), str(preference or _("no matter when"))),
        (_("Can come"), str(getattr(patient, "visit_wish", None) or _("any time"))),
        (_("Breast implants"), _("yes") if patient.implants else _("no")),
        (_("Mobility needs"), patient.mobility),
        (_("Wants to hear results"), str(wish or "")),
        (_("Who else may answer"), describe_may_answer(plan) if plan else ""),
        (_("Race"), str(patient.get_race_display())),
        (_("Ethnicity"), str(patient.get_ethnicity_display())),
        (_("Insurance"), str(patient.get_insurance_display())),
        (_("Miles to the site"), "" if patient.distance_miles is None else str(patient.distance_miles)),
    ]
    if patient.deceased_on:
        facts.insert(0, (_("Died"), f"{patient.deceased_on:%Y-%m-%d}"))
    return [(label, value or _("none")) for label, value in facts]


def build_sections(record: PatientRecord, now: datetime) -> list[RecordSection]:
    """Every list of the record, the newest first."""
    patient, site = record.patient, record.patient.site
    when, what, how = _("When"), _("What"), _("How")
    return [
        RecordSection("contacts", _("Phone and email"), (what, _("Number or address"), _("State")), _contacts(patient)),
        RecordSection(
            "consents", _("Consents"), (what, _("Said"), when, _("How we know")), _consents(patient, site, now)
        ),
        RecordSection("recalls", _("Recalls"), (_("Screening of"), _("State"), _("Site")), _recalls(record.recalls)),
        RecordSection("visits", _("Visits"), (when, what, _("Where"), _("State")), _visits(record.visits, now)),
        RecordSection(
            "exams", _("Exams"),
            (_("Day"), _("Assessment"), _("Findings"), _("Read by"), _("Referred by"), _("Accession")),
            _exams(record.exams),
        ),
        RecordSection("reports", _("Outside reports"), (what, _("File")), _reports(record.reports)),
        RecordSection(
            "messages", _("Messages and letters"), (when, what, how, _("State")),
            [*_messages(record.notifications, now), *_summaries(record.summaries, now)],
        ),
        RecordSection(
            "tasks", _("Tasks"), (_("Opened"), what, _("Why"), _("Done")), _tasks(record.work_items, site, now), True
        ),
        RecordSection(
            "links", _("Links to the patient's own page"), (_("Issued"), _("State")), _links(record, site, now), True
        ),
        RecordSection(
            "history", _("History of this record"), (when, what, _("Before"), _("After"), _("Who"), how),
            _changes(record.changes, site, now), True,
        ),
    ]  # fmt: skip


def _contacts(patient: Patient) -> list[SectionRow]:
    channels = get_patient_channels(patient)
    rows = []
    for point in list_contact_points(patient):
        is_email = point.kind == ContactPoint.Kind.EMAIL
        shown = point.value if is_email else format_phone(point.value, patient.site.country)
        state = str(point.get_unusable_display()) if point.unusable else _("in use")
        if is_email and channels.email_blocked_reason == "opted_out":
            state = _("wants no email")
        rows.append(SectionRow((str(point.get_kind_display()), shown, state)))
    return rows


def _consents(patient: Patient, site: Site, now: datetime) -> list[SectionRow]:
    rows = sorted(patient.consents.all(), key=lambda row: -row.pk)
    return [
        SectionRow(
            (
                str(Consent.Subject(row.subject).label),
                _("agreed") if row.granted else _("said no"),
                str(display_datetime(site, row.at, now)),
                ", ".join(part for part in (row.source, str(row.by or "")) if part),
            )
        )
        for row in rows
    ]


def _recalls(recalls: Iterable[Recall]) -> list[SectionRow]:
    return [
        SectionRow(
            (
                f"{row.exam.exam_date:%Y-%m-%d}",
                f"{State(row.state).label}: {ClosureReason(row.closure_reason).label}"
                if row.closure_reason
                else str(State(row.state).label),
                row.site.name,
            ),
            reverse("recall", args=[row.pk]),
        )
        for row in recalls
    ]


def _visits(visits: Iterable[Appointment], now: datetime) -> list[SectionRow]:
    return [
        SectionRow(
            (
                str(display_datetime(row.site, row.starts_at, now)),
                "; ".join([str(row.get_kind_display()), *describe_parts(row)]),
                ", ".join(part for part in (row.site.name, row.room.name if row.room else "") if part),
                str(row.get_status_display()),
            )
        )
        for row in visits
    ]


def _exams(exams: Iterable[ScreeningExam]) -> list[SectionRow]:
    return [
        SectionRow(
            (
                f"{row.exam_date:%Y-%m-%d}",
                str(Assessment(row.assessment).label),
                "; ".join(format_findings(row)) or _("none"),
                (row.reader.get_full_name() if row.reader else row.reader_name) or _("none"),
                str(row.referrer or _("none")),
                row.accession,
            ),
            reverse("exam", args=[row.pk]),
        )
        for row in exams
    ]


def _reports(reports: Iterable[OutsideReport]) -> list[SectionRow]:
    return [
        SectionRow(
            (str(row), row.file_name or _("none")),
            reverse("outside_report", args=[row.recall_id, row.pk]) if row.file_name else "",
        )
        for row in reports
    ]


def _messages(rows: Iterable[Notification], now: datetime) -> list[SectionRow]:
    return [
        SectionRow(
            (
                str(display_datetime(row.recall.site, row.accepted_at or row.due_at, now)),
                str(row.get_kind_display()),
                str(row.get_channel_display()),
                ". ".join(filter(None, (str(row.state_label), describe_tracking(row)))),
            ),
            reverse("message", args=[row.pk]),
        )
        for row in rows
    ]


def _summaries(rows: Iterable[LaySummary], now: datetime) -> list[SectionRow]:
    return [
        SectionRow(
            (
                str(display_datetime(row.site, row.leave_at, now)),
                _("Lay summary of %(day)s") % {"day": f"{row.exam_day:%Y-%m-%d}"},
                str(row.get_channel_display()),
                str(row.get_state_display()),
            )
        )
        for row in rows
    ]


def _tasks(rows: Iterable[WorkItem], site: Site, now: datetime) -> list[SectionRow]:
    return [
        SectionRow(
            (
                str(display_datetime(site, row.opened_at, now)),
                str(row.get_kind_display()),
                row.reason,
                f"{display_datetime(site, row.done_at, now)} {row.done_by or ''}".strip() if row.done_at else _("open"),
            ),
            reverse("recall", args=[row.recall_id]) if row.recall_id else "",
        )
        for row in rows
    ]


def _links(record: PatientRecord, site: Site, now: datetime) -> list[SectionRow]:
    def state(link: Any) -> str:
        if link.revoked_at:
            return _("withdrawn")
        if link.locked_at:
            return _("locked")
        expires = format_day(calendar.local_day(site, link.expires_at), calendar.local_day(site, now))
        return _("expired") if link.expires_at <= now else _("until %(day)s") % {"day": expires}

    return [SectionRow((str(display_datetime(site, link.created_at, now)), state(link))) for link in record.links]


def _changes(rows: Iterable[PatientChange], site: Site, now: datetime) -> list[SectionRow]:
    found = [(row, describe_change(row, site.country)) for row in rows]
    return [
        SectionRow((str(display_datetime(site, row.at, now)), words.what, words.old, words.new, words.who, words.how))
        for row, words in found
    ]

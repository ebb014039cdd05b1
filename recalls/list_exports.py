"""The lists of the recall desk as CSV files, each narrowed as its page is."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from clinic.models import User
from clinic.roles import Page
from desk.list_exports import ExportRequest, ListExport, register_list_export
from desk.views import sites_with_calendars
from patients.models import Patient
from recalls.enums import OPEN_STATES, State
from recalls.models import Appointment, Recall, WaitingListEntry, WorkItem
from recalls.scheduling import day_schedule
from recalls.selectors import reading_worklist
from recalls.selectors.export_rows import (
    RECALL_COLUMNS,
    REQUEST_COLUMNS,
    TASK_COLUMNS,
    TEST_COLUMNS,
    advised_tests,
    open_recalls,
    open_requests,
    recall_cells,
    request_cells,
    task_cells,
    test_cells,
)
from recalls.selectors.patients import patients_of
from recalls.views.appointments import days_by_site
from recalls.views.queue_query import build_queue_query, parse_filter_params
from recalls.views.work_items import open_items, parse_narrowing

_VISIT_COLUMNS = (
    "visit", "recall", "site", "mrn", "patient", "starts_at", "minutes", "kind", "status", "room", "stop",
    "in_room_at", "interpreter", "implants", "overbooked", "time_reason",
)  # fmt: skip


def _queue_rows(asked: ExportRequest) -> QuerySet[Recall]:
    """The recalls of one state, or of a filter, without those of other states who asked for something."""
    state = asked.query.get("state", State.TO_CONTACT)
    if state not in OPEN_STATES:
        raise Http404
    wanted = build_queue_query(asked.user, State(state), parse_filter_params(asked.query), asked.now, None)
    filtered = {
        site: wanted.filters.open_rows(asked.now, day_end, wanted.next_free_by_site.get(site))
        for site, day_end in wanted.day_ends.items()
    }
    here = [Q(pk__in=rows.filter(site_id=site, state=wanted.state).values("pk")) for site, rows in filtered.items()]
    rows = open_recalls(list(wanted.day_ends)).filter(state=wanted.state)
    return rows.filter(reduce(or_, here)) if here else rows.none()


def _worklist_rows(asked: ExportRequest) -> QuerySet[Recall]:
    pile = asked.query.get("pile", "")
    if pile and pile not in reading_worklist.SECTION_STATES:
        raise Http404
    rows = open_recalls(sorted(asked.user.site_ids))
    return rows.filter(state__in=[pile] if pile else reading_worklist.SECTION_STATES)


def _visit_rows(asked: ExportRequest) -> QuerySet[Appointment]:
    when = asked.query.get("when", "today")
    if when not in ("today", "tomorrow", "arrivals"):
        raise Http404
    days, _asked_day = days_by_site(sites_with_calendars(asked.user), when, asked.query.get("day", ""))
    return day_schedule.appointments_on(days).select_related("site", "room", "stop", "recall__patient")


def _visit_cells(visit: Appointment) -> Sequence[object]:
    patient = visit.recall.patient
    return (
        visit.pk, visit.recall_id, visit.site.code, patient.mrn, patient, visit.starts_at, visit.length_minutes,
        visit.kind, visit.status, visit.room or "", visit.stop or "", visit.in_room_at, visit.interpreter,
        visit.implants, visit.overbooked, visit.time_reason,
    )  # fmt: skip


def _waiting_rows(asked: ExportRequest) -> QuerySet[WaitingListEntry]:
    rows = WaitingListEntry.objects.filter(appointment__site__in=asked.user.site_ids, ended_at=None)
    return rows.select_related("appointment__site", "appointment__recall__patient")


def _waiting_cells(entry: WaitingListEntry) -> Sequence[object]:
    visit = entry.appointment
    return (
        entry.pk, visit.recall_id, visit.site.code, visit.recall.patient.mrn, visit.recall.patient, visit.starts_at,
        entry.part, entry.asked_at, entry.by,
    )  # fmt: skip


def _task_rows(asked: ExportRequest) -> QuerySet[WorkItem]:
    return open_items(asked.user, parse_narrowing(asked.query), asked.now).select_related(
        "site", "patient", "assigned_to"
    )


def _patient_cells(patient: Patient) -> Sequence[object]:
    return (
        patient.pk, patient.site.code, patient.mrn, patient.family_name, patient.given_name, patient.birth_date,
        patient.language, patient.deceased_on,
    )  # fmt: skip


def _of_recall(row: Any) -> int | None:
    return int(row.patient_id)


def _site_ids(user: User) -> list[int]:
    return sorted(user.site_ids)


def register() -> None:
    """Called when Django starts."""
    waiting_columns = ("entry", "recall", "site", "mrn", "patient", "booked_for", "can_come", "asked_at", "noted_by")
    patient_columns = ("patient", "site", "mrn", "family_name", "given_name", "birth_date", "language", "deceased_on")
    lists: dict[str, ListExport] = {
        "queue": ListExport(_("Queue"), Page.QUEUE, RECALL_COLUMNS, _queue_rows, recall_cells, _of_recall),
        "worklist": ListExport(
            _("Reading worklist"), Page.QUEUE, RECALL_COLUMNS, _worklist_rows, recall_cells, _of_recall
        ),
        "appointments": ListExport(
            _("Appointments of a day"), Page.APPOINTMENTS, _VISIT_COLUMNS, _visit_rows, _visit_cells,
            lambda visit: int(visit.recall.patient_id),
        ),
        "earlier-times": ListExport(
            _("Waiting list for earlier times"), Page.APPOINTMENTS, waiting_columns, _waiting_rows, _waiting_cells,
            lambda entry: int(entry.appointment.recall.patient_id),
        ),
        "work": ListExport(_("Tasks"), Page.QUEUE, TASK_COLUMNS, _task_rows, task_cells, _of_recall),
        "supplemental": ListExport(
            _("Supplemental tests"), Page.SUPPLEMENTAL, TEST_COLUMNS,
            lambda asked: advised_tests(_site_ids(asked.user)), test_cells,
            lambda test: int(test.exam.patient_id),
        ),
        "report-requests": ListExport(
            _("Outside reports"), Page.REPORT_REQUESTS, REQUEST_COLUMNS,
            lambda asked: open_requests(_site_ids(asked.user)), request_cells,
            lambda request: int(request.recall.patient_id),
        ),
        "patients": ListExport(
            _("Patients"), Page.PATIENT, patient_columns,
            lambda asked: patients_of(asked.user).filter(merged_into=None).select_related("site"), _patient_cells,
            lambda patient: int(patient.pk),
        ),
    }  # fmt: skip
    for name, export in lists.items():
        register_list_export(name, export)

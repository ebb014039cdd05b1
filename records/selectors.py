"""Reads a patient's record for people of a site: the same number of queries whatever it holds."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.http import Http404

from clinic.models import User
from notifications.models import LaySummary, Notification
from notifications.tracking_numbers import with_tracking_number
from patients.models import Patient, PatientChange, PatientLink
from recalls.models import Appointment, OutsideReport, Recall, ScreeningExam, WorkItem
from recalls.selectors.patients import patients_of

MAX_ROWS = 100  # of each list; a record with more shows the newest


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """A patient with every list of the page, the newest first."""

    patient: Patient
    exams: list[ScreeningExam]
    recalls: list[Recall]
    visits: list[Appointment]
    notifications: list[Notification]
    summaries: list[LaySummary]
    work_items: list[WorkItem]
    reports: list[OutsideReport]
    links: list[PatientLink]
    changes: list[PatientChange]
    merged: list[Patient]


def get_patient(user: User, pk: int) -> Patient:
    """The record with everything said about it in few words; Http404 at sites of others."""
    said = ("call_preference", "visit_wish", "result_wish", "contact_plan")
    rows = patients_of(user).select_related("site", "merged_into", *said)
    patient = rows.prefetch_related("contact_points", "consents__by").filter(pk=pk).first()
    if patient is None:
        raise Http404
    return patient


def get_record(user: User, pk: int) -> PatientRecord:
    """The whole record; of exams and recalls those of the user's sites. Http404 at sites of others."""
    patient = get_patient(user, pk)
    recalls = Recall.objects.for_user(user).filter(patient=pk)

    def newest(rows: QuerySet[Any]) -> list[Any]:
        return list(rows.order_by("-pk")[:MAX_ROWS])

    exams = ScreeningExam.objects.filter(patient=pk, site_id__in=user.site_ids)
    reports = OutsideReport.objects.defer("content").filter(recall__in=recalls)
    changes = PatientChange.objects.filter(patient=pk).select_related("from_record")
    visits = newest(Appointment.objects.filter(recall__in=recalls).select_related("site", "room"))
    prefetch_related_objects([visit for visit in visits if visit.part_count], "parts__room")
    return PatientRecord(
        patient=patient,
        exams=newest(exams.select_related("reader", "referrer", "site").prefetch_related("findings")),
        recalls=newest(recalls.select_related("exam", "site").prefetch_related(Prefetch("appointments"))),
        visits=visits,
        notifications=newest(
            with_tracking_number(Notification.objects.filter(recall__in=recalls).select_related("recall__site"))
        ),
        summaries=newest(LaySummary.objects.filter(exam__in=exams).select_related("site")),
        work_items=newest(WorkItem.objects.filter(patient=pk, site_id__in=user.site_ids).select_related("done_by")),
        reports=newest(reports.select_related("recall__site")),
        links=newest(PatientLink.objects.filter(patient=pk)),
        changes=newest(changes),
        merged=newest(Patient.objects.filter(merged_into=pk)),
    )

"""Keeps the list of records whose time is over, and lets two people say that their data goes."""

from collections.abc import Iterable
from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from clinic.models import User
from clinic.roles import Page, can_open_page
from patients.models import Patient
from recalls.models import ScreeningExam
from retention.models import DueRecord
from retention.rules import due_exams, due_persons, exam_due_on, person_due_on

_BATCH = 2_000  # records looked at in one statement


def refresh_list(today: date) -> int:
    """Add what fell due and take off what is due no more; how many stand on the list."""
    for first, last in _ranges(Patient.objects.order_by("-pk")):
        _refresh_persons(today, first, last)
    for first, last in _ranges(ScreeningExam.objects.order_by("-pk")):
        _refresh_exams(today, first, last)
    return DueRecord.objects.count()


def visible_to(user: User) -> "QuerySet[DueRecord]":
    """Of people whose every record and exam is at the user's own sites: who may decide for all of them."""
    own = user.permanent_site_ids
    elsewhere = ScreeningExam.objects.filter(patient=OuterRef("patient")).exclude(site__in=own)
    rows = DueRecord.objects.filter(~Exists(elsewhere), patient__site__in=own)
    return rows.select_related("patient", "exam", "asked_by")


def ask(user: User, numbers: Iterable[int]) -> int:
    """The first person says that the data of these may go; how many."""
    rows = _changeable(user, numbers).filter(asked_by=None)
    return rows.update(asked_by=user, asked_at=timezone.now())


def confirm(user: User, numbers: Iterable[int]) -> int:
    """The second person confirms, never the one who asked: a worker then removes the data. How many."""
    rows = _changeable(user, numbers).filter(asked_by__isnull=False, confirmed_by=None).exclude(asked_by=user)
    return rows.update(confirmed_by=user)


def take_back(user: User, numbers: Iterable[int]) -> int:
    """They stay on the list, and nobody has asked; how many."""
    rows = _changeable(user, numbers).filter(asked_by__isnull=False, confirmed_by=None)
    return rows.update(asked_by=None, asked_at=None)


def _changeable(user: User, numbers: Iterable[int]) -> "QuerySet[DueRecord]":
    if not can_open_page(user, Page.RETENTION):
        raise PermissionDenied
    found = visible_to(user).filter(pk__in=list(numbers)).values_list("pk", flat=True)
    return DueRecord.objects.filter(pk__in=list(found))


def _ranges(rows: "QuerySet[Patient] | QuerySet[ScreeningExam]") -> Iterable[tuple[int, int]]:
    newest = rows.values_list("pk", flat=True).first() or 0
    return ((first, first + _BATCH - 1) for first in range(1, newest + 1, _BATCH))


@transaction.atomic
def _refresh_persons(today: date, first: int, last: int) -> None:
    due = set(due_persons(today).filter(pk__range=(first, last)).values_list("pk", flat=True))
    listed = DueRecord.objects.filter(exam=None, patient__gte=first, patient__lte=last)
    listed.exclude(patient__in=due).delete()
    new = due - set(listed.values_list("patient", flat=True))
    patients = Patient.objects.filter(pk__in=new).select_related("site")
    DueRecord.objects.bulk_create(
        (DueRecord(patient=one, due_on=person_due_on(one)) for one in patients), ignore_conflicts=True
    )


@transaction.atomic
def _refresh_exams(today: date, first: int, last: int) -> None:
    due = set(due_exams(today).filter(pk__range=(first, last)).values_list("pk", flat=True))
    listed = DueRecord.objects.filter(exam__gte=first, exam__lte=last)
    listed.exclude(exam__in=due).delete()
    new = due - set(listed.values_list("exam", flat=True))
    exams = ScreeningExam.objects.filter(pk__in=new).select_related("site")
    DueRecord.objects.bulk_create(
        (DueRecord(patient_id=one.patient_id, exam=one, due_on=exam_due_on(one)) for one in exams),
        ignore_conflicts=True,
    )

"""Selects the rows behind each resource at the sites of an account, with all that its builder needs."""

from collections.abc import Callable
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet

from clinic.models import Site, User
from clinic.roles import Role
from exchange.fhir.resources.elements import UPDATED
from notifications.models import Notification
from patients.models import ReferringProvider
from recalls.models import (
    Appointment,
    Biopsy,
    BiopsyRetraction,
    Outcome,
    OutcomeRetraction,
    PathologyResult,
    Recall,
    Room,
    ScreeningExam,
    WorkItem,
)
from recalls.models.work_item import WORK_ITEM_CHANGED
from recalls.selectors.patients import patients_of

Rows = Callable[[User], QuerySet[Any]]


def patients(user: User) -> QuerySet[Any]:
    rows = patients_of(user).select_related("site").prefetch_related("contact_points", "merged_from")
    return rows.annotate(**{UPDATED: F("changed_at")})


def readers(user: User) -> QuerySet[Any]:
    at_sites = User.objects.filter(pk=OuterRef("pk"), groups__name=Role.RADIOLOGIST.value, sites__in=user.site_ids)
    return User.objects.filter(Exists(at_sites))


def referrers(user: User) -> QuerySet[Any]:
    exams = ScreeningExam.objects.filter(referrer=OuterRef("pk"), site_id__in=user.site_ids)
    return ReferringProvider.objects.filter(Exists(exams))


def sites(user: User) -> QuerySet[Any]:
    return Site.objects.filter(pk__in=user.site_ids)


def rooms(user: User) -> QuerySet[Any]:
    return Room.objects.filter(site_id__in=user.site_ids).select_related("site")


def recalls(user: User) -> QuerySet[Any]:
    rows: QuerySet[Any] = Recall.objects.filter(site_id__in=user.site_ids)
    rows = rows.select_related("exam__reader", "site", "assigned_to", "imaging_order").prefetch_related(
        "exam__findings"
    )
    found: QuerySet[Any] = rows.annotate(**{UPDATED: F("changed_at")})
    return found


def recalls_with_messages(user: User) -> QuerySet[Any]:
    return recalls(user).prefetch_related("notifications")


def visits(user: User) -> QuerySet[Any]:
    rows = Appointment.objects.filter(recall__site_id__in=user.site_ids).select_related("recall", "site", "room")
    return rows.annotate(**{UPDATED: F("recall__changed_at")})


def exams(user: User) -> QuerySet[Any]:
    rows = ScreeningExam.objects.filter(site_id__in=user.site_ids).select_related("site", "reader")
    return rows.prefetch_related("superseded").annotate(**{UPDATED: F("changed_at")})


def exams_with(column: str) -> Rows:
    return lambda user: exams(user).exclude(**{column: ""})


def outcomes(user: User) -> QuerySet[Any]:
    """Those that stand: one that was amended has given way to another.

    Asked by NOT EXISTS: the default manager's join makes PostgreSQL expect few rows, and read them all to sort them.
    """
    gone = Exists(OutcomeRetraction.objects.filter(outcome=OuterRef("pk")))
    amended = Exists(Outcome.all_objects.filter(amends=OuterRef("pk")))
    rows = Outcome.all_objects.filter(~gone, ~amended, recall__site_id__in=user.site_ids)
    return rows.select_related("recall__site", "user", "reader").annotate(**{UPDATED: F("at")})


def outcomes_with(column: str) -> Rows:
    return lambda user: outcomes(user).exclude(**{column: ""})


def pathology(user: User) -> QuerySet[Any]:
    rows = PathologyResult.objects.filter(recall__site_id__in=user.site_ids)
    return rows.select_related("recall__site").annotate(**{UPDATED: F("at")})


def biopsies(user: User) -> QuerySet[Any]:
    """Those that were done, asked for as outcomes are."""
    gone = Exists(BiopsyRetraction.objects.filter(biopsy=OuterRef("pk")))
    rows = Biopsy.all_objects.filter(~gone, recall__site_id__in=user.site_ids)
    return rows.select_related("recall__site", "lesion").annotate(**{UPDATED: F("at")})


def work_items(user: User) -> QuerySet[Any]:
    rows = WorkItem.objects.filter(site_id__in=user.site_ids).select_related("site", "assigned_to")
    return rows.annotate(**{UPDATED: WORK_ITEM_CHANGED})


def sent_messages(user: User) -> QuerySet[Any]:
    rows = Notification.objects.filter(recall__site_id__in=user.site_ids, accepted_at__isnull=False)
    return rows.select_related("recall__site").annotate(**{UPDATED: F("accepted_at")})

"""Selects the rows behind each resource at the sites of an account, with all that its builder needs."""

from collections.abc import Callable
from typing import Any

from django.db.models import DateTimeField, Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest

from clinic.models import Site, User
from clinic.roles import Role
from exchange.fhir.resources.elements import UPDATED
from notifications.models import Notification
from patients.models import ContactPoint, PatientChange, ReferringProvider
from recalls.models import (
    Appointment,
    Biopsy,
    Outcome,
    PathologyResult,
    Recall,
    RecallEvent,
    Room,
    ScreeningExam,
    SupersededReading,
    WorkItem,
)
from recalls.selectors.patients import patients_of

Rows = Callable[[User], QuerySet[Any]]

# When rows last changed.
_LAST_EVENT = Subquery(
    RecallEvent.objects.filter(recall=OuterRef("pk")).order_by("-version").values("at")[:1],
    output_field=DateTimeField(),
)
_LAST_EVENT_OF_RECALL = Subquery(
    RecallEvent.objects.filter(recall=OuterRef("recall")).order_by("-version").values("at")[:1],
    output_field=DateTimeField(),
)
_LAST_CHANGE = Subquery(
    PatientChange.objects.filter(patient=OuterRef("pk")).order_by("-pk").values("at")[:1],
    output_field=DateTimeField(),
)
_LAST_CONTACT_CHANGE = Subquery(
    ContactPoint.objects.filter(patient=OuterRef("pk")).order_by("-changed_at").values("changed_at")[:1],
    output_field=DateTimeField(),
)
_LAST_REPLACED = Subquery(
    SupersededReading.objects.filter(exam=OuterRef("pk")).order_by("-pk").values("replaced_at")[:1],
    output_field=DateTimeField(),
)


def patients(user: User) -> QuerySet[Any]:
    updated = Greatest(
        "created_at", Coalesce(_LAST_CHANGE, F("created_at")), Coalesce(_LAST_CONTACT_CHANGE, F("created_at"))
    )
    rows = patients_of(user).select_related("site").prefetch_related("contact_points", "merged_from")
    return rows.annotate(**{UPDATED: updated})


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
    found: QuerySet[Any] = rows.annotate(**{UPDATED: Coalesce(_LAST_EVENT, F("opened_at"))})
    return found


def recalls_with_messages(user: User) -> QuerySet[Any]:
    return recalls(user).prefetch_related("notifications")


def visits(user: User) -> QuerySet[Any]:
    rows = Appointment.objects.filter(recall__site_id__in=user.site_ids).select_related("recall", "site", "room")
    updated = Greatest("created_at", Coalesce(_LAST_EVENT_OF_RECALL, F("created_at")))
    return rows.annotate(**{UPDATED: updated})


def exams(user: User) -> QuerySet[Any]:
    rows = ScreeningExam.objects.filter(site_id__in=user.site_ids).select_related("site", "reader")
    updated = Greatest("created_at", Coalesce(_LAST_REPLACED, F("created_at")))
    return rows.prefetch_related("superseded").annotate(**{UPDATED: updated})


def exams_with(column: str) -> Rows:
    return lambda user: exams(user).exclude(**{column: ""})


def outcomes(user: User) -> QuerySet[Any]:
    """Those that stand: one that was amended has given way to another."""
    rows = Outcome.objects.filter(recall__site_id__in=user.site_ids, amended_by=None)
    return rows.select_related("recall__site", "user").annotate(**{UPDATED: F("at")})


def outcomes_with(column: str) -> Rows:
    return lambda user: outcomes(user).exclude(**{column: ""})


def pathology(user: User) -> QuerySet[Any]:
    rows = PathologyResult.objects.filter(recall__site_id__in=user.site_ids)
    return rows.select_related("recall__site").annotate(**{UPDATED: F("at")})


def biopsies(user: User) -> QuerySet[Any]:
    rows = Biopsy.objects.filter(recall__site_id__in=user.site_ids)
    return rows.select_related("recall__site", "lesion").annotate(**{UPDATED: F("at")})


def work_items(user: User) -> QuerySet[Any]:
    rows = WorkItem.objects.filter(site_id__in=user.site_ids).select_related("site", "assigned_to")
    return rows.annotate(**{UPDATED: Greatest("opened_at", Coalesce("done_at", F("opened_at")))})


def sent_messages(user: User) -> QuerySet[Any]:
    rows = Notification.objects.filter(recall__site_id__in=user.site_ids, accepted_at__isnull=False)
    return rows.select_related("recall__site").annotate(**{UPDATED: F("accepted_at")})

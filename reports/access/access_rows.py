"""Selects page views of the people and patients of an account's sites, and what stands out among them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncHour

from clinic.access.page_views import views_of_patients
from clinic.models import AccessLog, User
from patients.models import Patient
from recalls.selectors.patients import patients_of

MANY_IN_AN_HOUR = 60  # patients whom one person opened one by one
ALARM_DAYS = 7


@dataclass(frozen=True, slots=True)
class BusyHour:
    """Somebody who opened very many patients in an hour."""

    user: User
    hour: datetime
    count: int


def colleagues_of(user: User) -> QuerySet[User]:
    """The people of the account's sites, those who have left among them."""
    return User.objects.filter(sites__in=user.site_ids).distinct()


def find_patients(user: User, mrn: str) -> list[Patient]:
    """The records with the number whom the account may see, with those that were merged into them."""
    named = patients_of(user).filter(mrn=mrn)
    numbers = [patient.merged_into_id or patient.pk for patient in named]
    return list(Patient.objects.filter(Q(pk__in=numbers) | Q(merged_into__in=numbers)).order_by("pk"))


def select_views(
    user: User, *, patients: list[Patient] | None = None, person: User | None = None,
    begin: datetime | None = None, end: datetime | None = None,
) -> QuerySet[AccessLog]:  # fmt: skip
    """Newest first: of these patients, whoever looked; else of the people of the account's sites."""
    if patients is not None:
        rows = views_of_patients([patient.pk for patient in patients])
    else:
        rows = AccessLog.objects.filter(user__in=colleagues_of(user).values("pk"))
    if person is not None:
        rows = rows.filter(user=person)
    if begin is not None:
        rows = rows.filter(at__gte=begin)
    if end is not None:
        rows = rows.filter(at__lt=end)
    return rows.select_related("user").order_by("-pk")


def find_alarms(user: User, now: datetime) -> QuerySet[AccessLog]:
    """Who opened what may be their own record, or one of their family."""
    since = now - timedelta(days=ALARM_DAYS)
    return select_views(user).exclude(alarm="").filter(at__gte=since)


def find_busy_hours(user: User, now: datetime) -> list[BusyHour]:
    """Who opened more patients one by one than anybody's work asks for. Two queries."""
    since = now - timedelta(days=ALARM_DAYS)
    rows = AccessLog.objects.filter(at__gte=since, user__in=colleagues_of(user).values("pk"), patient_id__isnull=False)
    counts = (
        rows.annotate(hour=TruncHour("at"))
        .order_by()
        .values("user", "hour")
        .annotate(count=Count("patient_id", distinct=True))
        .filter(count__gte=MANY_IN_AN_HOUR)
    )
    found = list(counts.order_by("-hour", "user"))
    people = User.objects.in_bulk({row["user"] for row in found})
    return [BusyHour(people[row["user"]], row["hour"], row["count"]) for row in found]

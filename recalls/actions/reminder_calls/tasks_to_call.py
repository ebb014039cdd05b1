"""Opens tasks for reminder calls before visits, those most likely to be missed first, and ends those that are over.

Patients with a 4 or 5 who have not confirmed are called whatever is estimated: they stand first and count against no
limit. Nothing else follows from the estimate: no slot, no offer and no message depends on it.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from desk.datetime_display import format_datetime
from recalls.actions.contact import open_work_item
from recalls.actions.reminder_calls.refit import latest_fit, usable_coefficients
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, AppointmentStatus, State, WorkItemKind
from recalls.models import Appointment, RecallEvent, ReminderCallPolicy, WorkItem
from recalls.no_show.logistic import predict
from recalls.no_show.visits import load_coming_visits, without_suspicious


def plan_reminder_calls() -> int:
    """For each site that wants it, the calls of today; how many tasks were opened. Two runs open each once."""
    now = timezone.now()
    _end_tasks_that_are_over()
    related = ("site__opening_hours", "site__closures")
    policies = ReminderCallPolicy.objects.filter(is_on=True).select_related("site").prefetch_related(*related)
    return sum(_plan_site(policy.pk, policy.site, now) for policy in policies)


def _end_tasks_that_are_over() -> None:
    """Their visit has come, was moved on or was cancelled."""
    visit = Appointment.objects.filter(
        recall=OuterRef("recall"), status__in=ACTIVE_APPOINTMENT_STATUSES, starts_at__gt=timezone.now()
    )
    tasks = WorkItem.objects.filter(kind=WorkItemKind.REMINDER_CALL, done_at=None)
    tasks.exclude(Exists(visit)).update(done_at=timezone.now())


@transaction.atomic
def _plan_site(policy_id: int, site: Site, now: datetime) -> int:
    policy = ReminderCallPolicy.objects.select_for_update().get(pk=policy_id)
    today = calendar.local_day(site, now)
    if not calendar.is_open_day(site, today) or now >= calendar.closing_time(site, today):
        return 0
    chosen = _choose(policy, site, now)
    for visit in chosen:
        visit.recall.site = site
        when = format_datetime(visit.starts_at.astimezone(site.zone))
        words = _("The visit is on %(when)s: remind the patient, and ask whether the time still suits.")
        task = open_work_item(visit.recall, WorkItemKind.REMINDER_CALL, words % {"when": when})
        WorkItem.objects.filter(pk=task.pk).update(due_at=calendar.closing_time(site, today))
    return len(chosen)


def _choose(policy: ReminderCallPolicy, site: Site, now: datetime) -> list[Appointment]:
    """In the order in which they are called: their tasks are due at one instant and stand by their numbers."""
    first = calendar.start_of_day(site, now, 1)
    end = calendar.start_of_day(site, calendar.add_business_days(site, now, policy.days_ahead), 1)
    coming = Appointment.objects.filter(
        site=site, status__in=ACTIVE_APPOINTMENT_STATUSES, recall__state=State.SCHEDULED,
        starts_at__gte=first, starts_at__lt=end,
    ).select_related("recall__patient").order_by("starts_at", "pk")  # fmt: skip
    fresh = {visit.pk: visit for visit in _without_those_asked(coming, calendar.start_of_day(site, now))}
    estimated = set(without_suspicious(coming).values_list("pk", flat=True))
    grave = [
        one for one in fresh.values() if one.pk not in estimated and one.status == AppointmentStatus.BOOKED
    ]  # fmt: skip
    left = policy.calls_a_day - _opened_today(site, now, estimated)
    return (
        grave + [fresh[pk] for pk in _most_likely_missed(policy, site, first, end, now) if pk in fresh][: max(left, 0)]
    )


def _without_those_asked(visits: QuerySet[Appointment], today: datetime) -> QuerySet[Appointment]:
    """Of these visits, those of which no call was asked for since they were booked or last moved, nor today."""
    moved = RecallEvent.objects.filter(
        recall=OuterRef("recall"), step="reschedule", at__gte=OuterRef("created_at")
    ).order_by("-pk")  # fmt: skip
    asked = WorkItem.objects.filter(
        Q(opened_at__gte=OuterRef("time_set_at")) | Q(opened_at__gte=today),
        recall=OuterRef("recall"), kind=WorkItemKind.REMINDER_CALL,
    )  # fmt: skip
    return visits.annotate(time_set_at=Coalesce(moved.values("at")[:1], "created_at")).exclude(Exists(asked))


def _opened_today(site: Site, now: datetime, estimated: Iterable[int]) -> int:
    """How many calls by the estimate were asked for today already."""
    today = WorkItem.objects.filter(
        site=site, kind=WorkItemKind.REMINDER_CALL, opened_at__gte=calendar.start_of_day(site, now)
    )
    return today.filter(recall__appointments__in=list(estimated)).distinct().count()


def _most_likely_missed(
    policy: ReminderCallPolicy, site: Site, first: datetime, end: datetime, now: datetime
) -> list[int]:
    """The keys of the visits, the most likely missed first; none while the estimate may not be used."""
    coefficients = usable_coefficients(policy, latest_fit(site), now)
    if coefficients is None:
        return []
    values = load_coming_visits(site, first, end, now)
    return sorted(values, key=lambda pk: (-predict(coefficients, values[pk]), pk))

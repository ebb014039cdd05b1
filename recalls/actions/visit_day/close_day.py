"""Closes a site for a day and reschedules that day's appointments one by one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from clinic.models import Closure, Site
from desk.datetime_display import format_datetime
from recalls.actions.transition import UserOrActor
from recalls.actions.visits import open_closed_day_task, reschedule
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, VisitKind
from recalls.models import Appointment, Recall, Room
from recalls.permissions import StepRefused
from recalls.scheduling.day_closure import remaining_appointments_on
from recalls.scheduling.room_lock import Slot


@dataclass(frozen=True, slots=True)
class RescheduleRequest:
    """The new time of one visit, with the version and sequence that the user saw."""

    appointment_id: int
    version: int
    sequence: int
    room: Room
    starts_at: datetime


def close_day(site: Site, day: date, reason: str) -> bool:
    """Close the site on that day; True when it was not closed before. The caller checks the permission."""
    Closure.objects.filter(site=site, day=day, is_worked=True).delete()
    _closure, is_new = Closure.objects.get_or_create(site=site, day=day, defaults={"reason": reason})
    return is_new


def open_closed_day_tasks(site: Site, day: date) -> None:
    """A task for each visit that still stands on a closed day."""
    for visit in remaining_appointments_on(site, day, timezone.now()):
        when = format_datetime(visit.starts_at.astimezone(site.zone))
        open_closed_day_task(visit.recall, _("%(when)s: closed that day.") % {"when": when})


def reschedule_appointments(
    site: Site, wanted: Iterable[RescheduleRequest], *, by: UserOrActor, note: str
) -> tuple[int, int]:
    """Reschedule each visit by the ordinary step, which plans its message; returns how many moved and how many did not.

    Each is a transaction of its own: what is moved stays moved when a later one is refused. Sent twice, nothing is
    moved twice: the key of each move names the visit and the time it had.
    """
    results = [_reschedule_one(site, one, by, note) for one in wanted]
    return sum(results), len(results) - sum(results)


def _reschedule_one(site: Site, wanted: RescheduleRequest, by: UserOrActor, note: str) -> bool:
    visit = Appointment.objects.filter(pk=wanted.appointment_id, status__in=ACTIVE_APPOINTMENT_STATUSES).first()
    if visit is None:
        return False
    recall = Recall.objects.select_related("site").get(pk=visit.recall_id)
    if not actor_for(by).can_access_site(recall.site_id):
        return False
    slot = Slot(
        site, wanted.starts_at, VisitKind(visit.kind), visit.length_minutes, visit.interpreter, wanted.room,
        visit.implants,
    )  # fmt: skip
    key = f"closed-{visit.pk}-{wanted.sequence}"
    try:
        with transaction.atomic():
            reschedule(recall, slot, by=by, seen=wanted.version, key=key, note=note)
    except (StepRefused, ValidationError):
        return False
    return True

"""Gives the demo a time that became free, offered to those who would come sooner: what the ledger of offers shows."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from clinic import calendar
from clinic.actors import PATIENT
from demo.seed_sites import DemoSite
from recalls import actions
from recalls.actions import Slot
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, State, VisitKind
from recalls.models import Appointment
from recalls.scheduling.slots import next_free_slots

_WAITING = 4  # patients who asked for an earlier time
_NOTICE = timedelta(days=4)  # an offer needs three days, and the demo is looked at tomorrow too
_LATER = timedelta(days=7)
_STARTS = (0, 30)  # minutes past the hour at which a visit may start in the rooms: a time between them fits nobody


def create_offers(place: DemoSite) -> None:
    """A patient moves their visit to a later day; some of those booked later still have asked to come sooner."""
    visits = _visits_ahead(place)
    if not visits:
        return
    moved, *later = visits
    for visit in later[-_WAITING:]:
        actions.ask_earlier(visit.recall, by=PATIENT)
    if moved.starts_at.minute not in _STARTS:
        _move(place, moved, moved.starts_at, "The patient comes by bus.")
    _move(place, moved, moved.starts_at + _LATER, "The patient cannot leave work that day.")
    actions.offer_earlier_times()


def _visits_ahead(place: DemoSite) -> Sequence[Appointment]:
    """Imaging visits in a room of the site, the nearest that can still be offered first."""
    rows = Appointment.objects.filter(
        site=place.site, status__in=ACTIVE_APPOINTMENT_STATUSES, recall__state=State.SCHEDULED,
        room__isnull=False, stop=None, part_count=0, starts_at__gt=timezone.now() + _NOTICE,
    ).exclude(kind=VisitKind.BIOPSY)  # fmt: skip
    return list(rows.select_related("recall__site", "recall__patient", "site").order_by("starts_at", "pk"))


def _move(place: DemoSite, visit: Appointment, since: datetime, why: str) -> None:
    """To the first free time of that day or later."""
    kind, day = VisitKind(visit.kind), calendar.local_day(place.site, since)
    free = next_free_slots(place.site, kind, visit.length_minutes, day, timezone.now())[0]
    slot = Slot(place.site, free.starts_at, kind, visit.length_minutes, visit.interpreter, free.room, visit.implants)
    actions.reschedule(visit.recall, slot, by=place.staff.scheduler, note=why)
    visit.refresh_from_db()

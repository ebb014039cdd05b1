"""Finds an earlier free time for each patient who asked for one: whom to ring, in which order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinic import calendar
from clinic.models import Site
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, MODALITY_BY_VISIT_KIND, PartOfDay, State, VisitKind
from recalls.models import WaitingListEntry
from recalls.scheduling import slots
from recalls.scheduling.slots import FreeSlot
from recalls.scheduling.visit_parts import slots_for_parts

HORIZON_DAYS = 14  # days ahead in which a time that became free is worth a call
MAX_ENTRIES = 100
_MAX_FREE_SLOTS = 200  # free times read for one kind of room and length
_NOON = 12  # hour of the day


@dataclass(frozen=True, slots=True)
class EarlierTime:
    """One who waits, with the first earlier time that fits; None where none is free."""

    entry: WaitingListEntry
    free: FreeSlot | None

    @property
    def gain(self) -> timedelta:
        """How much sooner the patient would be seen."""
        return self.entry.appointment.starts_at - self.free.starts_at if self.free else timedelta()


def waiting_entries(site_ids: Iterable[int], now: datetime) -> list[WaitingListEntry]:
    """Those who still wait for an earlier time, the latest visit last. One query and those of the contact points."""
    rows = WaitingListEntry.objects.filter(
        ended_at=None,
        appointment__recall__site__in=list(site_ids),
        appointment__recall__state=State.SCHEDULED,
        appointment__status__in=ACTIVE_APPOINTMENT_STATUSES,
        appointment__starts_at__gt=now,
    )
    related = rows.select_related("appointment__recall__patient", "appointment__room", "appointment__stop")
    patients = ("appointment__recall__patient__contact_points", "appointment__recall__patient__consents")
    return list(related.prefetch_related(*patients).order_by("appointment__starts_at", "pk")[:MAX_ENTRIES])


def find_earlier_times(entries: Iterable[WaitingListEntry], sites: dict[int, Site], now: datetime) -> list[EarlierTime]:
    """The first earlier time on another day for each; a result of 4 or 5 first, then who gains most.

    Only rooms at the site itself: nobody is sent to a mobile unit unasked. `sites` have their calendars loaded.
    """
    known: dict[tuple[int, str, int], list[FreeSlot]] = {}
    found = []
    for entry in entries:
        visit = entry.appointment
        site = sites.get(visit.site_id)
        if site is None:
            continue
        modality = MODALITY_BY_VISIT_KIND[VisitKind(visit.kind)]
        key = (site.pk, modality.value, visit.length_minutes)
        if key not in known:
            rooms = [room for room in slots.active_rooms(site, modality) if not room.is_mobile]
            today = calendar.local_day(site, now)
            free = slots.iter_free_slots(site, rooms, visit.length_minutes, today, HORIZON_DAYS, now)
            known[key] = [slot for slot, _number in zip(free, range(_MAX_FREE_SLOTS), strict=False)]
        found.append(EarlierTime(entry, _first_that_fits(entry, slots_for_parts(known[key], visit, site), site)))
    found.sort(key=lambda one: (one.free is None, not one.entry.appointment.recall.suspicious, -one.gain))
    return found


def _first_that_fits(entry: WaitingListEntry, free: Iterable[FreeSlot], site: Site) -> FreeSlot | None:
    booked_day = calendar.local_day(site, entry.appointment.starts_at)
    for slot in free:
        local = slot.starts_at.astimezone(site.zone)
        is_afternoon = local.hour >= _NOON
        if local.date() < booked_day and entry.part in ("", PartOfDay.AFTERNOON if is_afternoon else PartOfDay.MORNING):
            return slot
    return None

"""Actions that offer a free time to those who would gain most by it, and move the first who says yes."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from patients.models import Patient
from recalls.actions.transition import ActionKwargs
from recalls.actions.trials.places import offer_size
from recalls.actions.visits import reschedule
from recalls.enums import (
    ACTIVE_APPOINTMENT_STATUSES,
    MODALITY_BY_VISIT_KIND,
    TAKEN_ANSWERS,
    Modality,
    OfferAnswer,
    PartOfDay,
    State,
    VisitKind,
)
from recalls.models import EarlierOffer, Recall, RecallEvent, SlotPolicy, WaitingListEntry
from recalls.permissions import StepUnavailable
from recalls.scheduling import slots
from recalls.scheduling.freed_times import forget_past_times, is_freed, own_starts, read_freed_times, spans_by_room
from recalls.scheduling.room_lock import Slot
from recalls.scheduling.slots import FreeSlot
from recalls.signals import patient_changed

log = logging.getLogger(__name__)

HORIZON_DAYS = 21  # days ahead in which a free time is offered
SLOTS_PER_RUN = 20  # free times offered in one run of a site; the next minute goes on
_LONGEST_OPEN = timedelta(days=HORIZON_DAYS + 14)  # of an offer: it ends with its time, two weeks is the longest notice
_LOST_LATELY = timedelta(minutes=5)
_NOON = 12  # hour of the day


def offer_earlier_times() -> int:
    """Offer what is free to those who wait, site by site; how many offers were made. Two runs at once offer once."""
    forget_past_times(timezone.now())
    policies = SlotPolicy.objects.filter(offers_earlier=True).values_list("pk", flat=True)
    return sum(_offer_at(pk) for pk in policies)


@transaction.atomic
def _offer_at(policy_id: int) -> int:
    """Under the lock on the site's rule. What ran out is closed first, so that those may be offered something else."""
    rows = SlotPolicy.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=policy_id)
    policy = (
        rows.select_related("site__deadline_policy").prefetch_related("site__opening_hours", "site__closures").first()
    )
    if policy is None:
        return 0
    now = timezone.now()
    _close_what_ran_out(policy.site, now)
    _plan_for(_lost_lately(policy.site, now))
    waiting = list(waiting_by_gain(policy.site, now))
    if not waiting:
        return 0
    offers = _lock_recalls_of(_match(policy, waiting, now))
    EarlierOffer.objects.bulk_create(offers)
    _plan_for({offer.entry.appointment.recall.patient_id for offer in offers})
    return len(offers)


def _plan_for(patients: Collection[int]) -> None:
    """Their messages, by the key of the patient. What somebody else is moving at this moment is passed over."""
    for patient in Patient.objects.filter(pk__in=patients).order_by("pk") if patients else ():
        patient_changed.send(sender=Patient, patient=patient)


def _lock_recalls_of(offers: Sequence[EarlierOffer]) -> list[EarlierOffer]:
    """Those whose recall nobody is moving now, under its lock: an offer and its message are made together.

    The others may be offered a time in the next run.
    """
    recalls = {offer.entry.appointment.recall_id for offer in offers}
    rows = Recall.objects.select_for_update(skip_locked=True, no_key=True).filter(pk__in=recalls, state=State.SCHEDULED)
    locked = set(rows.order_by("pk").values_list("pk", flat=True))
    return [offer for offer in offers if offer.entry.appointment.recall_id in locked]


def _lost_lately(site: Site, now: datetime) -> set[int]:
    """The patients who lost a time in the last minutes: where several say yes at once, each holds their own recall, and
    the first of them cannot plan for the others that the time is gone."""
    made = EarlierOffer.objects.filter(made_at__gt=now - _LONGEST_OPEN, entry__appointment__site=site)
    lost = made.filter(answer=OfferAnswer.LOST, answered_at__gt=now - _LOST_LATELY)
    return set(lost.values_list("entry__appointment__recall__patient", flat=True))


def _close_what_ran_out(site: Site, now: datetime) -> None:
    """An offer that nobody answered in time, or whose visit was moved or ended otherwise."""
    unanswered = EarlierOffer.objects.filter(answer="", entry__appointment__site=site)
    unanswered.exclude(pk__in=EarlierOffer.objects.open(now).values("pk")).update(
        answer=OfferAnswer.LAPSED, answered_at=now
    )


def waiting_by_gain(site: Site, now: datetime) -> Any:
    """Those who wait and have no open offer: the gravest first, then the latest visit, then who asked first."""
    rows = WaitingListEntry.objects.filter(
        ended_at=None,
        appointment__site=site,
        appointment__stop=None,
        appointment__part_count=0,
        appointment__recall__state=State.SCHEDULED,
        appointment__recall__patient__deceased_on=None,
        appointment__status__in=ACTIVE_APPOINTMENT_STATUSES,
        appointment__starts_at__gt=now,
    ).exclude(appointment__kind=VisitKind.BIOPSY)
    rows = rows.exclude(offers__answer="").select_related("appointment__recall__patient", "appointment__recall__exam")
    return rows.order_by("-appointment__recall__suspicious", "-appointment__starts_at", "asked_at", "pk")


def _match(policy: SlotPolicy, waiting: Iterable[WaitingListEntry], now: datetime) -> list[EarlierOffer]:
    """For each free time, the first few of those whom it fits; nobody gets two offers at once."""
    by_need: defaultdict[tuple[Modality, int], list[WaitingListEntry]] = defaultdict(list)
    for entry in waiting:
        visit = entry.appointment
        by_need[MODALITY_BY_VISIT_KIND[VisitKind(visit.kind)], visit.length_minutes].append(entry)
    known = set(
        EarlierOffer.objects.filter(entry__appointment__site=policy.site, starts_at__gt=now).values_list(
            "entry", "room", "starts_at"
        )
    )
    offered, given = list[EarlierOffer](), set[tuple[int, datetime]]()
    for (modality, minutes), entries in by_need.items():
        for free in _free_times(policy, modality, minutes, now):
            if not entries or (free.room.pk, free.starts_at) in given:
                continue
            fitting = [one for one in entries if _fits(one, free, policy.site, known)]
            if fitting:
                chosen = fitting[: offer_size(policy.site, fitting[0].appointment.recall, policy.offer_batch)]
                given.add((free.room.pk, free.starts_at))
                offered += [_offer(entry, free, policy, now) for entry in chosen]
                taken = {entry.pk for entry in chosen}
                entries = [one for one in entries if one.pk not in taken]
    return offered


def _free_times(policy: SlotPolicy, modality: Modality, minutes: int, now: datetime) -> list[FreeSlot]:
    """Those that became free, or all where the site chose so; rooms at the site itself, nothing offered already.

    A time that became free is offered as it was, also off the grid of its room; a time of the grid that overlaps it is
    not offered beside it.
    """
    site, first = policy.site, now + timedelta(hours=policy.offer_notice_hours)
    rooms = [room for room in slots.active_rooms(site, modality) if not room.is_mobile]
    pending = set(EarlierOffer.objects.open(now).filter(room__in=rooms).values_list("room", "starts_at"))
    freed = read_freed_times([room.pk for room in rooms], now)
    rooms = [room for room in rooms if policy.offers_never_booked or room.pk in freed]
    if not rooms:
        return []
    own = own_starts(site, rooms, minutes, freed, (first, calendar.start_of_day(site, first, HORIZON_DAYS)))
    beside = spans_by_room(own)
    grid = slots.iter_free_slots(site, rooms, minutes, calendar.local_day(site, first), HORIZON_DAYS, now)
    others = (
        one for one in grid
        if one.starts_at >= first and not slots.overlaps(beside.get(one.room.pk, ()), one.span)
        and (policy.offers_never_booked or is_freed(freed[one.room.pk], one.span))
    )  # fmt: skip
    times = merge(own, others, key=lambda one: one.starts_at)
    fresh = (one for one in times if (one.room.pk, one.starts_at) not in pending)
    return list(islice(fresh, SLOTS_PER_RUN))


def _fits(entry: WaitingListEntry, free: FreeSlot, site: Site, known: set[tuple[int, int, datetime]]) -> bool:
    """Earlier by a day or more, at a time of the day that suits, and not offered to them before."""
    local = free.starts_at.astimezone(site.zone)
    half = PartOfDay.AFTERNOON if local.hour >= _NOON else PartOfDay.MORNING
    is_sooner = local.date() < calendar.local_day(site, entry.appointment.starts_at)
    return is_sooner and entry.part in ("", half) and (entry.pk, free.room.pk, free.starts_at) not in known


def _offer(entry: WaitingListEntry, free: FreeSlot, policy: SlotPolicy, now: datetime) -> EarlierOffer:
    site = policy.site
    gain = calendar.local_day(site, entry.appointment.starts_at) - calendar.local_day(site, free.starts_at)
    return EarlierOffer(
        entry=entry, room=free.room, starts_at=free.starts_at, length_minutes=free.length_minutes,
        gain_days=gain.days, made_at=now,
        expires_at=min(calendar.add_open_hours(site, now, policy.offer_hours), free.starts_at),
    )  # fmt: skip


def take_earlier(offer: EarlierOffer, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Move the visit to the offered time. Asked twice, the visit stands and its last move is returned.

    The first yes has it, by the lock on the room: raises StepUnavailable for whoever comes later, and the visit stays.
    """
    visit = offer.entry.appointment
    recall = visit.recall
    if offer.answer in TAKEN_ANSWERS and visit.starts_at == offer.starts_at:
        return recall.events.filter(step="reschedule").latest("pk")
    if not EarlierOffer.objects.open(timezone.now()).filter(pk=offer.pk).exists():
        raise StepUnavailable(_("This time is offered no longer. The visit stays as it is."))
    slot = Slot(
        recall.site, offer.starts_at, VisitKind(visit.kind), visit.length_minutes, visit.interpreter, offer.room,
        visit.implants,
    )  # fmt: skip
    try:
        with transaction.atomic():
            event = reschedule(recall, slot, **kwargs)
            _check_taken(offer)
    except ValidationError as error:
        EarlierOffer.objects.filter(pk=offer.pk, answer="").update(answer=OfferAnswer.LOST, answered_at=timezone.now())
        raise StepUnavailable(_("Somebody else was faster. The visit stays as it is.")) from error
    return event


def _check_taken(offer: EarlierOffer) -> None:
    """Raise ValidationError where the offer was answered otherwise a moment before: the move then is none."""
    if not EarlierOffer.objects.filter(pk=offer.pk, answer__in=TAKEN_ANSWERS).exists():
        raise ValidationError(_("This time is offered no longer."))


def refuse_earlier(offer: EarlierOffer) -> None:
    """A no to this time; the patient goes on waiting and is offered another one."""
    now = timezone.now()
    with transaction.atomic():
        EarlierOffer.objects.filter(pk=offer.pk, answer="").update(answer=OfferAnswer.NO, answered_at=now)
        patient_changed.send(sender=Patient, patient=offer.entry.appointment.recall.patient)


def open_offer_of(recall: Recall, now: datetime) -> EarlierOffer | None:
    """What is offered to the patient of the recall now."""
    rows = EarlierOffer.objects.open(now).filter(entry__appointment__recall=recall)
    offer: EarlierOffer | None = rows.select_related("entry__appointment__recall__site", "room").first()
    return offer

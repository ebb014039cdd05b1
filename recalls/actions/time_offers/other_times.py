"""Actions by which a patient chooses, by text message, among a few other times than the held or the booked one.

The times stand in the event of the step, each with a number of its own (`numbered_lists`).
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, Final, Unpack

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from recalls.actions.time_offers.holding import get_slot_policy
from recalls.actions.time_offers.numbered_lists import answer_until, name_visit, next_numbers, standing_event
from recalls.actions.time_offers.self_service import choose_time
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.models import HeldSlot, Recall, RecallEvent
from recalls.permissions import StepUnavailable
from recalls.scheduling.held_slots import first_instant, suits_wish
from recalls.scheduling.self_booking import SelfBooking, find_self_booking
from recalls.scheduling.slots import FreeSlot, format_slot

STEP: Final = "offer_times"
NUMBERS: Final = (("4", "5", "6"), ("7", "8", "9"))


def offer_times(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Offer up to three free times beside the one that is held or booked, by the rules of the patient's page.

    Raises StepUnavailable where a person must agree the time: after a 4 or 5, where patients do not book by themselves,
    where nothing else is free, shortly before the visit, and after two lists.
    """

    def offer(transition: Transition) -> None:
        locked, now = transition.recall, transition.now
        booking = None if locked.suspicious else find_self_booking(locked.patient, now)
        if booking is None or booking.recall.pk != locked.pk:
            raise StepUnavailable(_("Please call to agree a time."))
        held = HeldSlot.objects.standing(now).filter(recall=locked).first() if booking.visit is None else None
        if booking.visit is None and held is None:
            raise StepUnavailable(_("Please call to agree a time."))
        until = answer_until(locked.site, booking.visit, now)
        numbers = next_numbers(locked.patient, STEP, NUMBERS, now)
        times = _pick(booking, held.starts_at if held else None, now, until)
        if not numbers or not times:
            raise StepUnavailable(_("No other time can be offered."))
        slots = [format_slot(one, locked.site) for one in times]
        transition.data = {
            **({"held": held.sequence} if held else name_visit(booking.visit)),
            "until": until.isoformat(),
            "times": dict(zip(numbers, slots, strict=False)),
        }

    return apply_step(recall, STEP, offer, **kwargs)


def _pick(booking: SelfBooking, held: datetime | None, now: datetime, until: datetime) -> list[FreeSlot]:
    """The first time of each of the next days, those that suit the patient's wishes where there are any.

    Each can still be booked when the time to answer is over.
    """
    soonest = first_instant(booking.recall, get_slot_policy(booking.recall.site), until)
    free = [one for one in booking.free_times(now) if one.starts_at >= max(soonest, until)]
    others = [one for one in free if one.starts_at != held]
    suiting = [one for one in others if suits_wish(booking.recall, one)]
    firsts = list(_first_of_each_day(booking, suiting or others))
    return firsts[: len(NUMBERS[0])]


def _first_of_each_day(booking: SelfBooking, times: Iterable[FreeSlot]) -> Iterator[FreeSlot]:
    seen = set[date]()
    for one in times:
        day = calendar.local_day(booking.recall.site, one.starts_at)
        if day not in seen:
            seen.add(day)
            yield one


def standing_list(recall: Recall, now: datetime) -> RecallEvent | None:
    """The newest list, while it may be answered."""
    return standing_event(recall, STEP, now)


def choose_listed_time(recall: Recall, version: int, number: str, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Book the time that the list of that version gave that number, or move the visit to it; twice acts once.

    Raises StepUnavailable where that list stands no longer, ValidationError where the time is taken by now.
    """
    key = f"listed-{recall.pk}-{version}-{number}"
    done = recall.events.filter(request_key=key).first()
    if done is not None:
        return done
    event = standing_list(recall, timezone.now())
    if event is None or event.version != version or number not in event.data["times"]:
        raise StepUnavailable(_("These times are offered no longer."))
    kwargs["key"] = key
    return choose_time(recall.patient, event.data["times"][number], **kwargs)


def listed_times(data: Any) -> dict[str, datetime]:
    """The number and the start (UTC offset of the site) of each time in an event's `data`."""
    return {number: datetime.fromisoformat(slot.partition("@")[2]) for number, slot in data.get("times", {}).items()}

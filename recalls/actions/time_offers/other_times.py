"""Actions by which a patient who does not want the held time chooses among a few others by text message.

The times stand in the event of the step, each with a number of its own. The numbers are none of those that answer an
offer (1, 2, 3), and a second list has others than the first: a late or doubled answer can mean no other time.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final, Unpack

from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.calendar import SendWindow
from patients.models import Patient
from recalls.actions.contact import open_work_item
from recalls.actions.time_offers.holding import get_slot_policy
from recalls.actions.time_offers.self_service import choose_time
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import State, WorkItemKind
from recalls.models import ContactAttempt, HeldSlot, Recall, RecallEvent, WorkItem
from recalls.permissions import StepUnavailable
from recalls.scheduling.held_slots import first_instant, suits_wish
from recalls.scheduling.self_booking import SelfBooking, find_self_booking
from recalls.scheduling.slots import FreeSlot, format_slot

STEP: Final = "offer_times"
CHOOSE_FOR: Final = timedelta(hours=24)  # from the hour at which the text may leave
NUMBERS: Final = (("4", "5", "6"), ("7", "8", "9"))
REMEMBERED_FOR: Final = timedelta(days=21)  # in which a text may still be answered: its numbers are not used again
_ASKED_WITHIN: Final = timedelta(days=7)  # after that nobody is reminded any more


def offer_times(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Offer up to three free times beside the one that is held, by the rules of the patient's page.

    Raises StepUnavailable where a person must agree the time: after a 4 or 5, where patients do not book by themselves,
    where nothing else is free, and after two lists.
    """

    def offer(transition: Transition) -> None:
        locked, now = transition.recall, transition.now
        held = HeldSlot.objects.standing(now).filter(recall=locked).first()
        booking = None if locked.suspicious else find_self_booking(locked.patient, now)
        if held is None or booking is None or booking.recall.pk != locked.pk:
            raise StepUnavailable(_("Please call to agree a time."))
        until = calendar.next_send_time(SendWindow.ANY_DAY, locked.site, now) + CHOOSE_FOR
        numbers, times = _next_numbers(locked.patient, now), _pick(booking, held, now, until)
        if not numbers or not times:
            raise StepUnavailable(_("No other time can be offered."))
        slots = [format_slot(one, locked.site) for one in times]
        transition.data = {
            "held": held.sequence,
            "until": until.isoformat(),
            "times": dict(zip(numbers, slots, strict=False)),
        }

    return apply_step(recall, STEP, offer, **kwargs)


def _next_numbers(patient: Patient, now: datetime) -> tuple[str, ...]:
    """Empty where every number may still be read as an answer to an earlier list."""
    lists = RecallEvent.objects.filter(recall__patient=patient, step=STEP, at__gt=now - REMEMBERED_FOR)
    used = {number for data in lists.values_list("data", flat=True) for number in data["times"]}
    return next((numbers for numbers in NUMBERS if used.isdisjoint(numbers)), ())


def _pick(booking: SelfBooking, held: HeldSlot, now: datetime, until: datetime) -> list[FreeSlot]:
    """The first time of each of the next days, those that suit the patient's wishes where there are any.

    Each can still be booked when the time to answer is over.
    """
    soonest = first_instant(booking.recall, get_slot_policy(booking.recall.site), until)
    free = [one for one in booking.free_times(now) if one.starts_at >= max(soonest, until)]
    others = [one for one in free if one.starts_at != held.starts_at]
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
    """The newest list, while it may be answered: the patient is still to be contacted, and its time is not over."""
    event: RecallEvent | None = recall.events.filter(step=STEP).order_by("-version").first()
    return event if event is not None and _is_standing(event, recall, now) else None


def _is_standing(event: RecallEvent, recall: Recall, now: datetime) -> bool:
    is_here = recall.state == State.TO_CONTACT and recall.state_since <= event.at
    return is_here and datetime.fromisoformat(event.data["until"]) > now


def choose_listed_time(recall: Recall, version: int, number: str, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Book the time that the list of that version gave that number; the same answer twice acts once.

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


def ask_where_nothing_was_chosen(now: datetime) -> int:
    """Open the task to call those who asked for another time and answered no list; how many. Twice it opens none.

    Not where a person has called them since, or a task about them was opened since.
    """
    asked = RecallEvent.objects.filter(step=STEP, at__gt=now - _ASKED_WITHIN, at__lt=now - CHOOSE_FOR)
    asked = asked.filter(recall__state=State.TO_CONTACT, recall__state_since__lte=F("at"))
    tasks = WorkItem.objects.filter(
        recall=OuterRef("recall"), kind=WorkItemKind.PATIENT_REQUEST, opened_at__gte=OuterRef("at")
    )
    calls = ContactAttempt.objects.filter(recall=OuterRef("recall"), at__gte=OuterRef("at"))
    opened = 0
    for event in asked.exclude(Exists(tasks)).exclude(Exists(calls)).select_related("recall__site", "recall__patient"):
        if datetime.fromisoformat(event.data["until"]) <= now:
            reason = _("The patient wanted another time than the one that is held, and chose none of those texted.")
            open_work_item(event.recall, WorkItemKind.PATIENT_REQUEST, reason)
            opened += 1
    return opened


def listed_times(data: Any) -> dict[str, datetime]:
    """The number and the start (UTC offset of the site) of each time in an event's `data`."""
    return {number: datetime.fromisoformat(slot.partition("@")[2]) for number, slot in data.get("times", {}).items()}

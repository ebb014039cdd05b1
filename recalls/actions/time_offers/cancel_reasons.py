"""Actions by which a patient cancels the booked visit by text message, with a reason out of a short list."""

from datetime import timedelta
from typing import Any, Final, Unpack

from django.utils import timezone
from django.utils.translation import gettext as _

from recalls.actions.time_offers.numbered_lists import answer_until, name_visit, next_numbers, standing_event
from recalls.actions.time_offers.self_service import cancel_for
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import CancelReason
from recalls.enums.barriers import BarrierSource
from recalls.models import Recall, RecallEvent
from recalls.permissions import StepUnavailable
from recalls.scheduling.self_booking import find_self_booking

STEP: Final = "ask_cancel_reason"
ANSWER_FOR: Final = timedelta(hours=2)  # then they are called: they may not come, and nobody has the time instead
NUMBERS: Final = (("11", "12", "13", "14", "15", "16"), ("21", "22", "23", "24", "25", "26"))
# More do not fit into one text; whoever is unwell or goes elsewhere has another reason, and is asked by phone.
REASONS: Final = (
    CancelReason.FEAR, CancelReason.COST, CancelReason.RIDE, CancelReason.WORK, CancelReason.CARE, CancelReason.OTHER,
)  # fmt: skip


def ask_cancel_reason(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Have the patient texted the reasons, each with its number: the answer cancels the visit, this does not.

    Raises StepUnavailable where a person must be asked: after a 4 or 5, where the patient's page would not cancel it,
    shortly before the visit, and after two lists.
    """

    def ask(transition: Transition) -> None:
        locked, now = transition.recall, transition.now
        booking = None if locked.suspicious else find_self_booking(locked.patient, now)
        if booking is None or booking.visit is None or booking.recall.pk != locked.pk:
            raise StepUnavailable(_("Please call to cancel this visit."))
        until = answer_until(locked.site, booking.visit, now, ANSWER_FOR)
        numbers = next_numbers(locked.patient, STEP, NUMBERS, now)
        if not numbers:
            raise StepUnavailable(_("Please call to cancel this visit."))
        transition.data = {
            **name_visit(booking.visit),
            "until": until.isoformat(),
            "reasons": dict(zip(numbers, (reason.value for reason in REASONS), strict=True)),
        }

    return apply_step(recall, STEP, ask, **kwargs)


def cancel_for_listed(
    recall: Recall, version: int, reason: CancelReason, **kwargs: Unpack[ActionKwargs]
) -> RecallEvent:
    """Cancel the visit that the list of that version is about; the same answer twice acts once.

    Raises StepUnavailable where that list stands no longer, and after a 4 or 5.
    """
    key = f"cancel-{recall.pk}-{version}-{reason.value}"
    done = recall.events.filter(request_key=key).first()
    if done is not None:
        return done
    event = standing_event(recall, STEP, timezone.now())
    if event is None or event.version != version or recall.suspicious:
        raise StepUnavailable(_("Please call to cancel this visit."))
    kwargs["key"] = key
    return cancel_for(recall, reason, BarrierSource.TEXT, **kwargs)


def listed_reasons(data: Any) -> dict[str, CancelReason]:
    """The number and the reason of each line in an event's `data`."""
    return {number: CancelReason(reason) for number, reason in data.get("reasons", {}).items()}

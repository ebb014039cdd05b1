"""Actions that put a recall on hold, resume it, or close it without an answer."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Unpack

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from recalls.actions.outside_reports import request_report
from recalls.actions.progress import go_on
from recalls.actions.sign_off import apply_with_second_person
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import OutsideReportKind, State
from recalls.models import Recall, RecallEvent, Refusal
from recalls.permissions import StepUnavailable, is_at_risk

# Where a recall returns to from a state whose appointment no longer exists.
RETURN_STATE = {State.SCHEDULED: State.TO_CONTACT, State.BIOPSY_BOOKED: State.BIOPSY_TO_BOOK}
# A pregnancy is the longest hold there is a reason for; a year mistyped is always beyond it.
MAX_HOLD_DAYS = 365
# Longer than this a 4, a 5 or an unread result is held by two people only.
HOLD_DAYS_ALONE = 14
# When a refused visit is offered again, if nobody says another day.
OFFER_AGAIN_DAYS = 28
MAX_OFFER_AGAIN_DAYS = 365


@dataclass(frozen=True, slots=True)
class RefusalInput:
    """What was explained to a patient who says no, and when it is offered again."""

    reason: str
    words: str = ""
    explained_by: str = ""
    risk_explained: str = ""
    interpreter: bool = False
    letter_sent: bool = False
    offer_again_on: date | None = None


def hold(recall: Recall, until: date, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Let the recall wait until a day after today; a booked visit is cancelled and has to be booked again.

    More than two weeks need a second person where a 4, a 5 or an unread result stands. No clock stops. Raises
    ValidationError for a day that is past, or further away than any hold lasts.
    """
    _require_reason(kwargs)
    _validate_hold(recall, until)

    def apply_hold(transition: Transition) -> None:
        transition.recall.state_before_hold = RETURN_STATE.get(transition.from_state, transition.from_state)
        transition.recall.hold_until = until
        transition.data = {"until": until.isoformat()}

    if (until - calendar.local_day(recall.site, timezone.now())).days <= HOLD_DAYS_ALONE:
        return apply_step(recall, "hold", apply_hold, **kwargs)
    return apply_with_second_person(recall, "hold", apply_hold, details={"until": until.isoformat()}, **kwargs)


def _validate_hold(recall: Recall, until: date) -> None:
    today = calendar.local_day(recall.site, timezone.now())
    if until <= today:
        raise ValidationError({"until": _("Choose a day after today.")})
    if until > today + timedelta(days=MAX_HOLD_DAYS):
        raise ValidationError({"until": _("A hold lasts a year at most. Check the year.")})


def resume(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    def return_to_earlier_state(transition: Transition) -> None:
        transition.next_state = State(transition.recall.state_before_hold)

    return apply_step(recall, "resume", return_to_earlier_state, **kwargs)


def need_imaging(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Ask for a diagnostic visit because the prior images do not settle the finding; its deadline starts now."""

    def start_visit_clock(transition: Transition) -> None:
        transition.recall.clock_from = transition.now

    return apply_step(recall, "need_imaging", start_visit_clock, **kwargs)


def decline(recall: Recall, *, refusal: RefusalInput | None = None, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Close because the patient says no; where a 4, a 5 or an unread result stands a second person signs.

    There the refusal must be an informed one, and it is offered again. Raises ValidationError for what is missing.
    """
    _require_reason(kwargs)
    said = refusal or RefusalInput(kwargs.get("note", ""))
    _validate_refusal(recall, said)

    def close(transition: Transition) -> None:
        row = Refusal.objects.create(recall=transition.recall, **asdict(said), **transition.signature)
        transition.recall.offer_again_on = said.offer_again_on
        transition.data = {"refusal": row.pk}

    return apply_with_second_person(recall, "decline", close, details=_as_json(asdict(said)), **kwargs)


def transfer(recall: Recall, *, facility: str, phone: str = "", **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Close because another clinic takes over; its report is asked for until it comes. `note`: how we know."""
    _require_reason(kwargs)
    if not facility.strip():
        raise ValidationError({"facility": _("Name the clinic that takes over.")})

    def close(transition: Transition) -> None:
        before = transition.recall.state_before_hold or transition.from_state
        is_biopsy = before in (State.BIOPSY_TO_BOOK, State.BIOPSY_BOOKED)
        kind = OutsideReportKind.BIOPSY if is_biopsy else OutsideReportKind.IMAGING
        kind = OutsideReportKind.SURGERY if before == State.TO_HAND_OVER else kind
        request_report(transition, kind, facility, phone)

    details = {"facility": facility, "phone": phone}
    return apply_with_second_person(recall, "transfer", close, details=details, **kwargs)


def void(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Withdraw a recall; one of a 4, a 5 or an unread result by two people, unless a corrected report does it."""
    _require_reason(kwargs)
    return apply_with_second_person(recall, "void", details={}, **kwargs)


def close_lost(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Sign a recall off as lost; refused while a rung of the contact ladder is open."""
    _require_reason(kwargs)
    return apply_step(recall, "close_lost", **kwargs)


def reopen(recall: Recall, *, to_contact: bool = False, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Open a closed recall where it stood before it was closed, or in the callback queue; its deadlines start anew."""
    _require_reason(kwargs)
    return apply_step(recall, "reopen", lambda transition: open_again(transition, to_contact=to_contact), **kwargs)


def take_back(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Take a patient back who was lost, declined or went elsewhere, and now asks to come."""
    return apply_step(recall, "take_back", open_again, **kwargs)


def offer_again(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Offer a declined visit again on the day that was set for it; the system takes this step."""
    return apply_step(recall, "offer_again", open_again, **kwargs)


def open_again(transition: Transition, *, to_contact: bool = False) -> None:
    """Set where a closed recall goes on: as its results ask; else where it stood, or in the callback queue.

    Images that were taken and not read before it was closed are read first.
    """
    recall = transition.recall
    if recall.patient.deceased_on is not None:
        raise StepUnavailable(_("The patient is recorded as deceased. A manager takes that back first."))
    recall.clock_from, recall.offer_again_on = transition.now, None
    go_on(transition)
    transition.closure_reason = None
    stood = _state_before_closing(recall)
    if stood == State.AWAITING_OUTCOME or transition.next_state in (State.CLOSED, State.FOLLOW_UP, State.TO_CONTACT):
        transition.next_state = stood
    if to_contact:
        transition.next_state = State.TO_CONTACT
    if transition.next_state == State.BIOPSY_TO_BOOK:
        recall.biopsy_since = transition.now


def _state_before_closing(recall: Recall) -> State:
    closing = recall.events.filter(to_state=State.CLOSED).exclude(from_state=State.CLOSED).latest("pk")
    stood = State(closing.from_state)
    if stood == State.ON_HOLD:
        stood = State(recall.events.filter(step="hold").latest("pk").from_state)
    return stood if stood in _STATES_TO_RETURN_TO else State.TO_CONTACT


# From these a recall can go on without a result or an appointment of its own.
_STATES_TO_RETURN_TO = frozenset({State.AWAITING_PRIORS, State.AWAITING_OUTCOME, State.FOLLOW_UP})


def _validate_refusal(recall: Recall, said: RefusalInput) -> None:
    today, again = calendar.local_day(recall.site, timezone.now()), said.offer_again_on
    errors: dict[str, Any] = {}
    if is_at_risk(recall):
        if not said.explained_by.strip():
            errors["explained_by"] = _("Name who explained the risk to the patient.")
        if not said.risk_explained.strip():
            errors["risk_explained"] = _("Write what risk was explained.")
        if again is None:
            errors["offer_again_on"] = _("Say on which day it is offered again.")
    if again is not None and not today < again <= today + timedelta(days=MAX_OFFER_AGAIN_DAYS):
        errors["offer_again_on"] = _("Choose a day after today and within a year.")
    if errors:
        raise ValidationError(errors)


def _as_json(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _require_reason(kwargs: ActionKwargs) -> None:
    if not kwargs.get("note", "").strip():
        raise ValidationError({"note": _("Say why, in a few words.")})

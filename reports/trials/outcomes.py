"""Counts the outcome of each recall in a trial: yes or no within its days, whatever became of the recall.

Every recall counts in the arm into which it was taken, also one that was voided, died or turned out a 4 or 5.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Final

from recalls.enums import TAKEN_ANSWERS, AppointmentStatus, ContactChannel, ContactResult, VisitKind
from recalls.models import Appointment, ContactAttempt, EarlierOffer, Trial, TrialPlace

Outcome = Trial.Outcome
# Days after which the answer is known.
DAYS_OF_OUTCOME: Final[Mapping[str, int]] = {
    Outcome.VISIT_10: 10,
    Outcome.VISIT_20: 20,
    Outcome.VISIT_60: 60,
    Outcome.FIRST_CALL: 10,
    Outcome.OFFER_TAKEN: 21,
}
DEFINITIONS: Final[Mapping[str, str]] = {
    Outcome.VISIT_10: "A first visit, no biopsy or follow-up, was attended within 10 days after the recall came in.",
    Outcome.VISIT_20: "A first visit, no biopsy or follow-up, was attended within 20 days after the recall came in.",
    Outcome.VISIT_60: "A first visit, no biopsy or follow-up, was attended within 60 days after the recall came in.",
    Outcome.FIRST_CALL: "The first phone call logged within 10 days after the recall came in reached the patient.",
    Outcome.OFFER_TAKEN: "The first time offered to a batch that this patient led was taken by one of the batch.",
}
_NOT_A_FIRST_VISIT = (VisitKind.BIOPSY, VisitKind.FOLLOW_UP)
_REACHED = frozenset({
    ContactResult.REACHED_WILL_BOOK, ContactResult.REACHED_CALLS_BACK, ContactResult.REFUSED,
    ContactResult.NEEDS_INTERPRETER,
})  # fmt: skip


def recalls_with_outcome(outcome: str, places: Iterable[TrialPlace]) -> set[int]:
    """The recalls, by number, of which the answer is yes. One query, two for an offer."""
    by_recall = {place.recall_id: place for place in places}
    return _COUNT[outcome](by_recall, timedelta(days=DAYS_OF_OUTCOME[outcome])) if by_recall else set()


Places = Mapping[int, TrialPlace]


def _attended(places: Places, within: timedelta) -> set[int]:
    rows = Appointment.objects.filter(recall__in=places, status=AppointmentStatus.ATTENDED)
    rows = rows.exclude(kind__in=_NOT_A_FIRST_VISIT).order_by()
    return {
        recall
        for recall, at in rows.values_list("recall_id", "starts_at")
        if places[recall].at <= at <= places[recall].at + within
    }


def _reached_at_first_call(places: Places, within: timedelta) -> set[int]:
    rows = ContactAttempt.objects.filter(recall__in=places, channel=ContactChannel.PHONE, retracts=None)
    firsts: dict[int, str] = {}
    for recall, at, result in (
        rows.filter(retracted_by=None).order_by("at", "pk").values_list("recall_id", "at", "result")
    ):
        if places[recall].at <= at <= places[recall].at + within:
            firsts.setdefault(recall, result)
    return {recall for recall, result in firsts.items() if result in _REACHED}


def _offer_taken(places: Places, within: timedelta) -> set[int]:
    """Offers of one time that were made together are one batch."""
    rows = EarlierOffer.objects.filter(entry__appointment__recall__in=places).order_by("made_at", "pk")
    firsts: dict[int, tuple[int, object, object]] = {}
    for recall, *batch, at in rows.values_list("entry__appointment__recall_id", "room_id", "starts_at", "made_at"):
        if places[recall].at <= at + timedelta(minutes=1) and at <= places[recall].at + within:
            firsts.setdefault(recall, (batch[0], batch[1], at))
    taken = EarlierOffer.objects.filter(answer__in=TAKEN_ANSWERS, made_at__in={key[2] for key in firsts.values()})
    known = set(taken.values_list("room_id", "starts_at", "made_at"))
    return {recall for recall, key in firsts.items() if key in known}


_COUNT: Final[Mapping[str, Callable[[Places, timedelta], set[int]]]] = {
    Outcome.VISIT_10: _attended,
    Outcome.VISIT_20: _attended,
    Outcome.VISIT_60: _attended,
    Outcome.FIRST_CALL: _reached_at_first_call,
    Outcome.OFFER_TAKEN: _offer_taken,
}

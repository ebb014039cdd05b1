"""Reads a short answer to a text message that offered a time: take it, another one, or a call.

A text message does not say what it answers. It counts only where it is clear: one patient at that number, one offered
time in the texts of the last weeks that may have arrived, and nothing but the answer was written. A word such as "yes"
may answer a reminder as well: it counts only where no text told of a visit. Anything else is a task for a person.

Who wants another time than the held or the booked one is texted a few, with numbers that answer nothing else
(`other_times`): so a doubled "2", or a "1" that crosses that text, can never choose among them.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from enum import Enum
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import PATIENT
from notifications.enums import Channel, NotificationKind, NotificationState
from notifications.models import Notification
from notifications.planning.snapshot import APPOINTMENT_TIME_KINDS
from patients.models import Patient
from recalls.actions import (
    choose_listed_time,
    keep_held_time,
    offer_times,
    open_work_item,
    refuse_earlier,
    standing_list,
    take_earlier,
)
from recalls.enums import TAKEN_ANSWERS, OfferAnswer, WorkItemKind
from recalls.models import EarlierOffer, HeldSlot, Recall, RecallEvent
from recalls.permissions import StepRefused

_READ_FOR = timedelta(days=21)  # an older text is not looked up any more to be answered
_OFFER_KINDS = frozenset({NotificationKind.HELD_TIME, NotificationKind.EARLIER_OFFER, NotificationKind.OTHER_TIMES})


class OfferReply(Enum):
    """What an answer to an offered time asks for."""

    KEEP = "keep"
    MOVE = "move"
    CALL = "call"


_Words = Mapping[OfferReply, Collection[str]]
_DIGITS: Final = {"1": OfferReply.KEEP, "2": OfferReply.MOVE, "3": OfferReply.CALL}
_CALL_WORDS: Final = frozenset(["CALL", "CALLME", "LLAMAR", "LLÁMENME", "LLAMENME"])
_HELD_WORDS: Final[_Words] = {
    OfferReply.KEEP: frozenset(["KEEP", "YES", "SI", "SÍ", "QUIERO", "LAQUIERO"]),
    OfferReply.MOVE: frozenset(["MOVE", "OTHER", "ANOTHER", "OTRA", "CAMBIAR", "OTRAHORA"]),
    OfferReply.CALL: _CALL_WORDS,
}
# "Keep" and "move" may mean the visit as well as the offered time.
_EARLIER_WORDS: Final[_Words] = {
    OfferReply.KEEP: frozenset(["YES", "SI", "SÍ", "TAKE", "TAKEIT", "QUIERO", "LAQUIERO"]),
    OfferReply.MOVE: frozenset(["NO", "STAY"]),
    OfferReply.CALL: _CALL_WORDS,
}
POLITE_WORDS: Final = frozenset(["PLEASE", "PLS", "THANKS", "THANK", "YOU", "POR", "FAVOR", "GRACIAS"])


def read_offer_reply(words: str, *, is_earlier: bool = False) -> OfferReply | None:
    """None unless the whole text is one of the answers to that offer, apart from marks and words of courtesy."""
    said = only_word(words)
    if said in _DIGITS:
        return _DIGITS[said]
    known = _EARLIER_WORDS if is_earlier else _HELD_WORDS
    return next((reply for reply, written in known.items() if said in written), None)


def only_word(words: str) -> str:
    """The whole text as one word in capital letters, without marks and words of courtesy."""
    return "".join(word for word in re.findall(r"\w+", words.upper()) if word not in POLITE_WORDS)


def answer_offer(patient: Patient, words: str) -> bool:
    """Do what a clear answer asks for; False where it is none, or answers nothing that was offered."""
    texts = texts_in_hand(patient)
    offers = [text for text in texts if text.kind in _OFFER_KINDS]
    if not offers:
        return False
    last = offers[0]
    if last.kind == NotificationKind.OTHER_TIMES:
        return _answer_list(last, only_word(words))
    offers = [offer for offer in offers if offer.kind != NotificationKind.OTHER_TIMES]  # its numbers are its own
    is_earlier = last.kind == NotificationKind.EARLIER_OFFER
    reply = read_offer_reply(words, is_earlier=is_earlier)
    if reply is None or (only_word(words) not in _DIGITS and _may_mean_a_visit(texts)):
        return False
    if len({_offered_time(offer) for offer in offers}) > 1:
        open_work_item(
            last.recall,
            WorkItemKind.PATIENT_REQUEST,
            _("The patient answered by text message, and it may mean one of several times offered: call."),
        )
        return True
    return _answer_earlier(last, reply) if is_earlier else _answer_held(last, reply)


def texts_in_hand(patient: Patient) -> list[Notification]:
    """The texts of the last weeks that the patient may have read, the newest first, without offers they answered.

    Also one that was handed over and of which nobody heard whether it arrived. The newest offer stays though answered,
    so that a second "1" is the same answer.
    """
    since = timezone.now() - _READ_FOR
    unclear = Q(state=NotificationState.SENDING) | Q(may_have_arrived_twice=True)
    left = Q(accepted_at__gte=since) | (Q(claimed_at__gte=since) & unclear)
    rows = Notification.objects.filter(left, patient=patient, channel=Channel.SMS).select_related("recall__site")
    texts = sorted(rows, key=lambda row: (row.accepted_at or row.claimed_at or since, row.pk), reverse=True)
    newest = next((_offered_time(text) for text in texts if text.kind in _OFFER_KINDS), None)
    done = _answered_offers(texts) - {newest}
    return [text for text in texts if _offered_time(text) not in done]


def _may_mean_a_visit(texts: Sequence[Notification]) -> bool:
    return texts[0].kind not in _OFFER_KINDS or any(text.kind in APPOINTMENT_TIME_KINDS for text in texts)


def _offered_time(text: Notification) -> tuple[int, str]:
    """Which recall's and which of its offers; a copy that was asked for again names the same."""
    return text.recall_id, text.occasion.partition(":")[0]


def _answered_offers(texts: Sequence[Notification]) -> set[tuple[int, str]]:
    """Earlier times to which the patient has said yes or no; one query where any was offered."""
    numbers = {
        _offer_number(text): _offered_time(text) for text in texts if text.kind == NotificationKind.EARLIER_OFFER
    }
    if not numbers:
        return set()
    said = EarlierOffer.objects.filter(pk__in=numbers, answer__in=TAKEN_ANSWERS | {OfferAnswer.NO})
    return {numbers[number] for number in said.values_list("pk", flat=True)}


def _offer_number(text: Notification) -> int:
    return int(text.occasion.partition(":")[0].removeprefix("offer-"))


def _answer_held(last: Notification, reply: OfferReply) -> bool:
    held = _offered_by_text(last)
    if held is None:
        return False
    if reply == OfferReply.KEEP and _keep(held):
        return True
    if reply == OfferReply.MOVE and _offer_others(held):
        return True
    sentences = {
        OfferReply.KEEP: _("The patient wants the held time by text message, and it could not be booked: call."),
        OfferReply.MOVE: _("The patient wants another time than the one that is held (text message)."),
        OfferReply.CALL: _("The patient asks by text message for a call about the held time."),
    }
    open_work_item(held.recall, WorkItemKind.PATIENT_REQUEST, sentences[reply])
    return True


def _offer_others(held: HeldSlot) -> bool:
    """Have a few other times texted; a second "2" before that text has come asks for no second list."""
    known = standing_list(held.recall, timezone.now())
    if known is not None and known.data["held"] == held.sequence:
        return True
    try:
        with transaction.atomic():
            offer_times(held.recall, by=PATIENT, note=_("Asked for another time by text message."))
    except (StepRefused, ValidationError):
        return False
    return True


def _answer_list(text: Notification, said: str) -> bool:
    """One of its numbers books that time. Another plain answer to an offer is a task: none of the times suits."""
    version, recall = int(text.occasion.partition(":")[0].removeprefix("times-")), text.recall
    event = RecallEvent.objects.filter(recall=recall, version=version).first()
    if event is not None and said in event.data["times"]:
        if not _choose(recall, version, said):
            reason = _("The patient chose one of the times texted, and it could not be booked: call.")
            open_work_item(recall, WorkItemKind.PATIENT_REQUEST, reason)
        return True
    if read_offer_reply(said) not in (OfferReply.MOVE, OfferReply.CALL):
        return False
    reason = _("The patient chose none of the times texted, and asks for a call or another time.")
    open_work_item(recall, WorkItemKind.PATIENT_REQUEST, reason)
    return True


def _choose(recall: Recall, version: int, number: str) -> bool:
    try:
        with transaction.atomic():
            choose_listed_time(recall, version, number, by=PATIENT, note=_("Chosen by text message."))
    except (StepRefused, ValidationError):
        return False
    return True


def _keep(held: HeldSlot) -> bool:
    try:
        with transaction.atomic():
            keep_held_time(held.recall, held.sequence, by=PATIENT, note=_("Kept by text message."))
    except (StepRefused, ValidationError):
        return False
    return True


def _answer_earlier(last: Notification, reply: OfferReply) -> bool:
    """1 takes the earlier time, 2 stays; a wish to be called is a task like any other answer."""
    rows = EarlierOffer.objects.filter(pk=_offer_number(last), entry__appointment__recall=last.recall_id)
    offer = rows.select_related(
        "entry__appointment__recall__site", "entry__appointment__recall__patient", "room"
    ).first()
    if offer is None or reply == OfferReply.CALL:
        return False
    if reply == OfferReply.MOVE:
        refuse_earlier(offer)
        return True
    try:
        with transaction.atomic():
            take_earlier(offer, by=PATIENT, note=_("Earlier time taken by text message."))
    except StepRefused:
        reason = _("The patient wants the earlier time by text message, and it is gone: their visit stays.")
        open_work_item(offer.entry.appointment.recall, WorkItemKind.PATIENT_REQUEST, reason)
    return True


def _offered_by_text(text: Notification) -> HeldSlot | None:
    """The time that the text offered, while it is held."""
    standing = HeldSlot.objects.standing(timezone.now()).select_related("recall__site", "recall__patient", "room")
    held: HeldSlot | None = standing.filter(recall=text.recall_id).first()
    return held if held is not None and text.occasion.partition(":")[0] == f"held-{held.sequence}" else None

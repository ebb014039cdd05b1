"""Reads a short answer to a text message that offered a held time: keep it, another one, or a call.

It counts only where it is clear: one patient at that number, the last text message to them offered this very time, and
nothing but the answer was written. Anything else is a task for a person.
"""

import re
from enum import Enum
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import PATIENT
from notifications.enums import Channel, NotificationKind
from notifications.models import Notification
from patients.models import Patient
from recalls.actions import keep_held_time, open_work_item, refuse_earlier, take_earlier
from recalls.enums import WorkItemKind
from recalls.models import EarlierOffer, HeldSlot
from recalls.permissions import StepRefused


class OfferReply(Enum):
    """What an answer to an offered time asks for."""

    KEEP = "keep"
    MOVE = "move"
    CALL = "call"


_WORDS: Final = {
    OfferReply.KEEP: frozenset(["1", "KEEP", "YES", "SI", "SÍ", "QUIERO", "LAQUIERO"]),
    OfferReply.MOVE: frozenset(["2", "MOVE", "OTHER", "ANOTHER", "OTRA", "CAMBIAR", "OTRAHORA"]),
    OfferReply.CALL: frozenset(["3", "CALL", "CALLME", "LLAMAR", "LLÁMENME", "LLAMENME"]),
}
_POLITE_WORDS: Final = frozenset(["PLEASE", "PLS", "THANKS", "THANK", "YOU", "POR", "FAVOR", "GRACIAS"])


def read_offer_reply(words: str) -> OfferReply | None:
    """None unless the whole text is one of the answers, apart from marks and words of courtesy."""
    said = "".join(word for word in re.findall(r"\w+", words.upper()) if word not in _POLITE_WORDS)
    return next((reply for reply, known in _WORDS.items() if said in known), None)


def answer_offer(patient: Patient, words: str) -> bool:
    """Do what a clear answer asks for; False where it is none, or answers nothing that was offered."""
    reply, last = read_offer_reply(words), _last_text(patient)
    if reply is not None and last is not None and last.kind == NotificationKind.EARLIER_OFFER:
        return _answer_earlier(last, reply)
    held = _offered_by_text(last)
    if reply is None or held is None:
        return False
    recall = held.recall
    if reply == OfferReply.KEEP and _keep(held):
        return True
    sentences = {
        OfferReply.KEEP: _("The patient wants the held time by text message, and it could not be booked: call."),
        OfferReply.MOVE: _("The patient wants another time than the one that is held (text message)."),
        OfferReply.CALL: _("The patient asks by text message for a call about the held time."),
    }
    open_work_item(recall, WorkItemKind.PATIENT_REQUEST, sentences[reply])
    return True


def _keep(held: HeldSlot) -> bool:
    try:
        with transaction.atomic():
            keep_held_time(held.recall, held.sequence, by=PATIENT, note=_("Kept by text message."))
    except (StepRefused, ValidationError):
        return False
    return True


def _last_text(patient: Patient) -> Notification | None:
    sent = Notification.objects.filter(patient=patient, channel=Channel.SMS, accepted_at__isnull=False)
    return sent.order_by("-accepted_at", "-pk").first()


def _answer_earlier(last: Notification, reply: OfferReply) -> bool:
    """1 takes the earlier time, 2 stays; a wish to be called is a task like any other answer."""
    numbers = Q(pk=int(last.occasion.partition(":")[0].removeprefix("offer-")))
    rows = EarlierOffer.objects.filter(numbers, entry__appointment__recall=last.recall_id)
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


def _offered_by_text(last: Notification | None) -> HeldSlot | None:
    """The time that the last text message to the patient offered, while it is held."""
    if last is None or last.kind != NotificationKind.HELD_TIME:
        return None
    standing = HeldSlot.objects.standing(timezone.now()).select_related("recall__site", "recall__patient", "room")
    held: HeldSlot | None = standing.filter(recall=last.recall_id).first()
    return held if held is not None and last.occasion.partition(":")[0] == f"held-{held.sequence}" else None

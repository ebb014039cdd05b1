"""Reads a text message by which a patient moves or cancels the booked visit that the last text told of.

"Move" has a few free times texted, "can't come" a few reasons; only the number of one of them changes the visit, by the
rules of the patient's page. A bare "cancel" is the law's word for no more texts (`sms_replies`), so none of the texts
asks for it. What is understood and cannot be done so is a task that says what the patient wants; after a 4 or 5 always.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import PATIENT
from notifications.enums import NotificationKind
from notifications.inbound.barrier_replies import read_barrier
from notifications.inbound.offer_replies import POLITE_WORDS, only_word, texts_in_hand
from notifications.models import Notification
from patients.models import Patient
from recalls.actions import (
    active_appointment,
    ask_cancel_reason,
    cancel_for_listed,
    is_about,
    listed_reasons,
    offer_times,
    open_offer_of,
    open_task_about,
    standing_event,
)
from recalls.enums import CancelReason, State, WorkItemKind
from recalls.models import Recall, RecallEvent
from recalls.permissions import StepRefused


class VisitReply(Enum):
    """What a patient with a booked visit wants of it."""

    MOVE = "move"
    CANCEL = "cancel"


_WORDS: Final[Mapping[VisitReply, frozenset[str]]] = {
    VisitReply.MOVE: frozenset(
        ["MOVE", "MOVEIT", "MOVEMYVISIT", "CHANGE", "CHANGEIT", "CHANGEMYVISIT", "RESCHEDULE", "ANOTHERTIME",
         "OTHERTIME", "CAMBIAR", "CAMBIARLA", "CAMBIARMICITA", "CAMBIO", "MOVER", "OTRAHORA"]
    ),
    VisitReply.CANCEL: frozenset(
        ["CANT", "CANTCOME", "ICANTCOME", "CANNOT", "CANNOTCOME", "ICANNOTCOME", "CANTMAKEIT", "ICANTMAKEIT",
         "CANNOTMAKEIT", "ICANNOTMAKEIT", "NOPUEDO", "NOPUEDOIR", "NOPUEDOVENIR"]
    ),
}  # fmt: skip
_LISTS: Final = {NotificationKind.OTHER_TIMES: "offer_times", NotificationKind.CANCEL_REASONS: "ask_cancel_reason"}
_BOOKED: Final = frozenset(
    {
        NotificationKind.APPOINTMENT_CONFIRMATION,
        NotificationKind.APPOINTMENT_CHANGED,
        NotificationKind.APPOINTMENT_REMINDER,
        NotificationKind.BIOPSY_CONFIRMATION,
        NotificationKind.BIOPSY_REMINDER,
        NotificationKind.EARLIER_TAKEN,
    }
)
# The last text must be one of these. "Move" after a list of times says that none of them suits (`offer_replies`).
_ANSWERED: Final = {
    VisitReply.MOVE: _BOOKED | {NotificationKind.CANCEL_REASONS},
    VisitReply.CANCEL: _BOOKED | set(_LISTS),
}


def read_visit_reply(words: str) -> VisitReply | None:
    """None unless the whole text is one of the answers, apart from marks and words of courtesy."""
    said = only_word(words)
    return next((wish for wish, written in _WORDS.items() if said in written), None)


def answer_about_visit(patient: Patient, words: str) -> bool:
    """Do what a clear answer about the booked visit asks for; False where it is none, or none was told of."""
    texts = texts_in_hand(patient)
    return bool(texts) and (_answer_reasons(patient, texts, words) or _answer_wish(patient, texts, words))


def _answer_reasons(patient: Patient, texts: Sequence[Notification], words: str) -> bool:
    """A number of the newest list of reasons cancels the visit; so does its word, while that list is the last text."""
    text = next((text for text in texts if text.kind == NotificationKind.CANCEL_REASONS), None)
    event = _event_of(text) if text is not None else None
    if text is None or event is None:
        return False
    is_asked = text is texts[0] and standing_event(text.recall, event.step, timezone.now()) == event
    reason = _chosen_reason(event, words, by_word=is_asked)
    if reason is None:
        return False
    if not _take(cancel_for_listed, text.recall, event.version, reason):
        told = _("The patient wanted to cancel the visit by text message, and it was not done: call.")
        open_task_about(patient, WorkItemKind.PATIENT_REQUEST, told)
    return True


def _chosen_reason(event: RecallEvent, words: str, *, by_word: bool) -> CancelReason | None:
    listed = listed_reasons(event.data)
    said = [word for word in re.findall(r"\w+", words.upper()) if word not in POLITE_WORDS]
    if len(said) == 1 and said[0] in listed:
        return listed[said[0]]
    barrier = read_barrier(words) if by_word else None
    return next((reason for reason in listed.values() if barrier is not None and reason.value == barrier.value), None)


def _answer_wish(patient: Patient, texts: Sequence[Notification], words: str) -> bool:
    wish, text = read_visit_reply(words), texts[0]
    if wish is None or text.kind not in _ANSWERED[wish]:
        return False
    recall = text.recall
    if recall.state != State.SCHEDULED and text.kind in _LISTS:
        return False  # a list about a held time: there is no visit
    if not (_tells_of_the_visit(text) and _WAYS[wish](recall, texts)):
        reasons = {
            VisitReply.MOVE: _("The patient asks by text message to move the visit: call. Nothing was changed."),
            VisitReply.CANCEL: _("The patient says by text message that they cannot come: call. Nothing was changed."),
        }
        open_task_about(patient, WorkItemKind.PATIENT_REQUEST, reasons[wish])
    return True


def _tells_of_the_visit(text: Notification) -> bool:
    """Whether the text is about the visit that stands, at the time that it has now."""
    visit = active_appointment(text.recall)
    if visit is None or text.kind not in _LISTS:
        return visit is not None and (text.appointment_id, text.appointment_sequence) == (visit.pk, visit.sequence)
    event = _event_of(text)
    return event is not None and is_about(event.data, visit)


def _offer_times(recall: Recall, texts: Sequence[Notification]) -> bool:
    """Not while an earlier time is offered: "move" may mean that one."""
    if open_offer_of(recall, timezone.now()) is not None:
        return False
    note = _("Asked by text message to move the visit.")
    return _has_list_coming(recall, NotificationKind.OTHER_TIMES, texts) or _take(offer_times, recall, note=note)


def _ask_reason(recall: Recall, texts: Sequence[Notification]) -> bool:
    if texts[0].kind == NotificationKind.CANCEL_REASONS:
        return False  # said again instead of a reason: a person asks
    note = _("Said by text message that they cannot come.")
    is_coming = _has_list_coming(recall, NotificationKind.CANCEL_REASONS, texts)
    return is_coming or _take(ask_cancel_reason, recall, note=note)


_WAYS: Final = {VisitReply.MOVE: _offer_times, VisitReply.CANCEL: _ask_reason}


def _has_list_coming(recall: Recall, kind: NotificationKind, texts: Sequence[Notification]) -> bool:
    """Whether a list was asked for a moment ago and has not come yet: a doubled answer asks for no second one."""
    event = standing_event(recall, _LISTS[kind], timezone.now())
    known = [_event_of(text) for text in texts if text.kind == kind]
    return event is not None and event not in known


def _event_of(text: Notification) -> RecallEvent | None:
    """The step that made the list which the text shows."""
    _name, _dash, version = text.occasion.partition(":")[0].partition("-")
    event: RecallEvent | None = RecallEvent.objects.filter(recall=text.recall_id, version=version).first()
    return event


def _take(step: Callable[..., RecallEvent], recall: Recall, *chosen: object, note: str = "") -> bool:
    try:
        with transaction.atomic():
            step(recall, *chosen, by=PATIENT, note=note)
    except (StepRefused, ValidationError):
        return False
    return True

"""Decides from the facts of a recall which of several texts is true for its patient.

Every channel asks here: email, text message, letter, the patient's page. A situation stands in the name of a text after
its kind: `outcome_normal.symptom.letter`.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from notifications.content.visits import visit_texts
from notifications.enums import NotificationKind
from recalls.enums import SEEN_OR_FELT, Assessment, ClosureReason, RecallKind
from recalls.models import Outcome, Recall

SYMPTOM, TECHNICAL, SUSPICIOUS, NOT_NEEDED = "symptom", "technical", "suspicious", "not_needed"
INCIDENTAL = "incidental"

_ASKS_FOR_NOTHING: Final = frozenset({Assessment.NEGATIVE, Assessment.BENIGN})


def still_needs_doctor(recall: Recall) -> bool:
    """Whether normal pictures leave the patient's own doctor something to look at. One query unless prefetched."""
    return recall.kind == RecallKind.CLINICAL or any(
        finding.kind in SEEN_OR_FELT for finding in recall.exam.findings.all()
    )


def is_result_withdrawn(recall: Recall) -> bool:
    """Whether the recall ended because its corrected screening result asks for nothing.

    An exam that was moved to another patient says nothing about this one.
    """
    exam = recall.exam
    return (
        recall.closure_reason == ClosureReason.VOID
        and exam.assessment in _ASKS_FOR_NOTHING
        and exam.recall_kind == RecallKind.FINDING
        and exam.patient_id == recall.patient_id
    )


def result_situation(recall: Recall) -> str:
    """What a normal or benign result means here: SYMPTOM, TECHNICAL, or "" for the usual one."""
    if still_needs_doctor(recall):
        return SYMPTOM
    return TECHNICAL if recall.kind == RecallKind.TECHNICAL else ""


def is_second_look(outcomes: Sequence[Outcome]) -> bool:
    """Whether the last visit ended with "need additional imaging", so that the patient comes once more.

    `outcomes` is in the order in which they were given; an amended one stands before the one that amends it.
    """
    return bool(outcomes) and outcomes[-1].assessment == Assessment.NEED_IMAGING


def called_back_explainer(recall: Recall, outcomes: Sequence[Outcome]) -> str:
    """The explainer that says what being called back means, and comforts only where that is true."""
    if is_second_look(outcomes):
        return "called_back/again"
    return f"called_back/{result_situation(recall) or 'finding'}"


def may_tell_possible_answers(recall: Recall, visit_kind: str | None) -> bool:
    """Whether one of the four usual answers awaits the patient after the visit, or after the next one (None).

    Not after a result of 4 or 5, where a person tells what to expect, and not for a blurred picture.
    """
    awaits = visit_kind is None or visit_texts(visit_kind).answers
    return awaits and not recall.suspicious and recall.kind != RecallKind.TECHNICAL


def _last_letter_situation(recall: Recall) -> str:
    return SUSPICIOUS if recall.suspicious or recall.biopsy_since else ""


def _cancellation_situation(recall: Recall) -> str:
    """Whether nobody needs the cancelled visit any more; where a symptom is left, the message about it says so."""
    if recall.closure_reason == ClosureReason.RESOLVED_BY_PRIORS:
        return "" if still_needs_doctor(recall) else NOT_NEEDED
    return NOT_NEEDED if is_result_withdrawn(recall) else ""


def _notice_situation(recall: Recall) -> str:
    """Called for what another scan showed: nothing that is said of a mammogram is true."""
    return INCIDENTAL if recall.kind == RecallKind.INCIDENTAL else ""


_SITUATION_BY_KIND: Final[Mapping[str, Callable[[Recall], str]]] = MappingProxyType(
    {
        NotificationKind.RECALL_NOTICE: _notice_situation,
        NotificationKind.OUTCOME_NORMAL: result_situation,
        NotificationKind.OUTCOME_BENIGN: result_situation,
        NotificationKind.NO_VISIT_NEEDED: result_situation,
        NotificationKind.LAST_LETTER: _last_letter_situation,
        NotificationKind.APPOINTMENT_CANCELLED: _cancellation_situation,
    }
)


def message_situation(recall: Recall, kind: str) -> str:
    """The situation in the name of that kind's text, "" for its usual text."""
    return _SITUATION_BY_KIND[kind](recall) if kind in _SITUATION_BY_KIND else ""

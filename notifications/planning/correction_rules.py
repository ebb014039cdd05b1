"""Rules for the messages that take back what a patient was told: a corrected result, and what was meant for another.

Only who was told something hears that it does not hold: for anybody else it would be the first message, and a fright.
"""

from collections.abc import Iterator

from clinic import calendar
from clinic.calendar import SendWindow
from notifications.content.situation import is_result_withdrawn
from notifications.enums import NOT_ABOUT_CARE_KINDS, NotificationKind, NotificationState
from notifications.planning.rules import RESULT_VALID_FOR, PlannedMessage
from notifications.planning.snapshot import RecallSnapshot
from recalls.enums import ClosureReason, ContactResult

MOVE_EXAM_STEP = "move_exam"  # the exam belonged to another patient

_MAY_HAVE_ARRIVED = frozenset(
    {
        NotificationState.SENDING,
        NotificationState.ACCEPTED,
        NotificationState.DELIVERED,
        NotificationState.BOUNCED,
    }
)
_NOT_ABOUT_THE_RECALL = frozenset(
    NOT_ABOUT_CARE_KINDS | {NotificationKind.RESULT_WITHDRAWN, NotificationKind.SENT_IN_ERROR}
)
_NOTHING_WAS_SAID = frozenset({ContactResult.NO_ANSWER, ContactResult.WRONG_NUMBER})


def result_withdrawn(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """Of a recall that ended because its corrected result asks for nothing, to whoever was asked to come."""
    told = _was_written_to(snapshot) or _was_spoken_to(snapshot)
    if is_result_withdrawn(snapshot.recall) and told and snapshot.last_event(MOVE_EXAM_STEP) is None:
        yield from _closing_message(snapshot)


def sent_in_error(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """To the patient of whom the exam was not, once their recall is void; a recall that goes on is their own."""
    is_void = snapshot.recall.closure_reason == ClosureReason.VOID
    if is_void and snapshot.last_event(MOVE_EXAM_STEP) is not None and _was_written_to(snapshot):
        yield from _closing_message(snapshot)


def _closing_message(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    closed_at = snapshot.recall.closed_at
    if closed_at is not None:
        due = calendar.next_send_time(SendWindow.OPEN_DAYS, snapshot.site, closed_at)
        yield PlannedMessage(f"closed-{closed_at:%Y%m%dT%H%M%S}", due, due + RESULT_VALID_FOR)


def _was_written_to(snapshot: RecallSnapshot) -> bool:
    """Whether anything about this recall left for the patient, or may have left."""
    return any(
        row.kind not in _NOT_ABOUT_THE_RECALL and (row.state in _MAY_HAVE_ARRIVED or row.may_have_arrived_twice)
        for row in snapshot.notifications.values()
    )


def _was_spoken_to(snapshot: RecallSnapshot) -> bool:
    """Whether a visit was booked, or a try to reach the patient got through to somebody."""
    return bool(snapshot.appointments) or any(
        event.step == "log_contact" and event.data.get("result") not in _NOTHING_WAS_SAID for event in snapshot.events
    )

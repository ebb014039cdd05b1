"""Reads which recalls had a message in the patient's language, and in which somebody was reached."""

from dataclasses import dataclass

from notifications.enums import NotificationKind, NotificationState
from notifications.models import Notification
from recalls.enums import AppointmentStatus, ContactResult
from recalls.models import Appointment, ContactAttempt
from reports.audit.scope import AuditScope
from reports.audit.waits.moments import opened_recalls

_LEFT = (NotificationState.ACCEPTED, NotificationState.DELIVERED)
_REACHED = (
    ContactResult.REACHED_WILL_BOOK, ContactResult.REACHED_CALLS_BACK, ContactResult.REFUSED,
    ContactResult.NEEDS_INTERPRETER,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecallsReached:
    """Numbers of recalls."""

    with_message: frozenset[int]
    with_message_in_language: frozenset[int]
    reached: frozenset[int]


def load_reach(scope: AuditScope) -> RecallsReached:
    """Three queries."""
    recalls = opened_recalls(scope)
    messages = Notification.objects.filter(recall__in=recalls, state__in=_LEFT)
    messages = messages.exclude(kind=NotificationKind.REFERRER_NOTICE).order_by()
    written: dict[int, bool] = {}
    for recall, language, spoken in messages.values_list("recall_id", "language", "patient__language").distinct():
        written[recall] = written.get(recall, False) or _same_language(language, spoken)
    answered = ContactAttempt.objects.filter(recall__in=recalls, result__in=_REACHED, retracts=None, retracted_by=None)
    came = Appointment.objects.filter(recall__in=recalls, status=AppointmentStatus.ATTENDED)
    reached = {*answered.values_list("recall_id", flat=True), *came.values_list("recall_id", flat=True)}
    own = frozenset(recall for recall, is_own in written.items() if is_own)
    return RecallsReached(frozenset(written), own, frozenset(reached))


def _same_language(one: str, other: str) -> bool:
    """Whatever the country: a message in "es" is one for "es-MX"."""
    return one.split("-")[0].casefold() == other.split("-")[0].casefold()

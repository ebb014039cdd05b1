"""Reads which recalls had a message in the patient's language, who was reached, and who was offered an earlier time."""

from dataclasses import dataclass

from notifications.enums import NOT_ABOUT_CARE_KINDS, NotificationState
from notifications.models import Notification
from recalls.enums import AppointmentStatus, ContactResult
from recalls.models import Appointment, ContactAttempt, EarlierOffer, WaitingListEntry
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
    wanting_earlier: frozenset[int]
    offered_earlier: frozenset[int]


def load_reach(scope: AuditScope) -> RecallsReached:
    """Five queries."""
    recalls = opened_recalls(scope)
    messages = Notification.objects.filter(recall__in=recalls, state__in=_LEFT)
    messages = messages.exclude(kind__in=NOT_ABOUT_CARE_KINDS).order_by()
    written: dict[int, bool] = {}
    for recall, language, spoken in messages.values_list("recall_id", "language", "patient__language").distinct():
        written[recall] = written.get(recall, False) or _same_language(language, spoken)
    answered = ContactAttempt.objects.filter(recall__in=recalls, result__in=_REACHED, retracts=None, retracted_by=None)
    came = Appointment.objects.filter(recall__in=recalls, status=AppointmentStatus.ATTENDED)
    reached = {*answered.values_list("recall_id", flat=True), *came.values_list("recall_id", flat=True)}
    own = frozenset(recall for recall, is_own in written.items() if is_own)
    waiting = WaitingListEntry.objects.filter(appointment__recall__in=recalls).order_by()
    offers = EarlierOffer.objects.filter(entry__appointment__recall__in=recalls).order_by()
    return RecallsReached(
        frozenset(written), own, frozenset(reached),
        frozenset(waiting.values_list("appointment__recall_id", flat=True)),
        frozenset(offers.values_list("entry__appointment__recall_id", flat=True)),
    )  # fmt: skip


def _same_language(one: str, other: str) -> bool:
    """Whatever the country: a message in "es" is one for "es-MX"."""
    return one.split("-")[0].casefold() == other.split("-")[0].casefold()

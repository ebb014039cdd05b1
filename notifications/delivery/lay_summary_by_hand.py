"""Records what a person says of a lay summary: given by hand, not owed, or come back by post."""

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from clinic.models import User
from clinic.roles import Role
from notifications.delivery import lay_summary_events
from notifications.enums import Channel, StatusReason, SummaryEventKind, SummaryState
from notifications.models import LaySummary
from notifications.planning.lay_summaries import work_items
from notifications.planning.lay_summaries.planner import plan_summaries
from recalls.models import ScreeningExam

# Each in the state it asks for, and the roles that may say so: to leave out a summary that the law asks for is not a
# matter of the desk.
_FROM_STATES = {
    SummaryEventKind.GIVEN: frozenset({SummaryState.OWED, SummaryState.HELD}),
    SummaryEventKind.NOT_OWED: frozenset({SummaryState.OWED, SummaryState.HELD}),
    SummaryEventKind.RETURNED: frozenset({SummaryState.SENT}),
}
BY_HAND_KINDS = tuple(_FROM_STATES)
_ROLES = {SummaryEventKind.NOT_OWED: frozenset({Role.MANAGER})}


def blocked_reason(row: LaySummary, kind: SummaryEventKind, user: User) -> str:
    """The sentence that forbids it; empty when it may be said."""
    if kind in _ROLES and not actor_for(user).roles & _ROLES[kind]:
        return _("Only a manager may say that a summary is not owed.")
    if row.state not in _FROM_STATES[kind] or (kind == SummaryEventKind.RETURNED and row.channel != Channel.LETTER):
        return _("Not while it is in the state “%(state)s”.") % {"state": row.get_state_display()}
    return ""


@transaction.atomic
def record_by_hand(seen: LaySummary, kind: SummaryEventKind, user: User, note: str) -> str:
    """Record it with its reason; the sentence that forbids it instead, where it may not be said any more."""
    ScreeningExam.objects.select_for_update(no_key=True).get(pk=seen.exam_id)  # before the summary, as the planner does
    locked = LaySummary.objects.select_for_update(of=("self",), no_key=True).select_related("exam", "copy")
    row = locked.get(pk=seen.pk)
    if sentence := blocked_reason(row, kind, user):
        return sentence
    if kind == SummaryEventKind.GIVEN:
        lay_summary_events.record_sent([row], kind, by=user, detail=note)
        return ""
    lay_summary_events.record_event(row, kind, by=user, detail=note)
    if kind == SummaryEventKind.NOT_OWED:
        row.state, row.reason, row.batch = SummaryState.CLOSED, StatusReason.NOT_OWED, None
        row.save(update_fields=["state", "reason", "batch"])
        work_items.finish_alarm_tasks([row], by=user)
    else:
        _owe_again(row)
    return ""


def _owe_again(row: LaySummary) -> None:
    """It never reached the patient: it waits for another address, and its alarm may be raised once more."""
    row.state, row.reason, row.batch = SummaryState.HELD, StatusReason.LETTER_RETURNED, None
    row.sent_at = row.sent_by = row.alarmed_at = None
    row.save(update_fields=["state", "reason", "batch", "sent_at", "sent_by", "alarmed_at"])
    standing = [(found, reading) for found, reading in plan_summaries([row.exam_id]) if found.pk == row.pk]
    work_items.open_tasks(
        work_items.held_task(found, reading.exam, ()) for found, reading in standing if found.state == SummaryState.HELD
    )

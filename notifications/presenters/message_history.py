"""Describes a message for staff: its state, its delivery history, and its content as sent or as it would be sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import Site
from notifications.enums import ACCEPTED_LABEL, AttemptResult, Channel, NotificationState, StatusReason
from notifications.models import DeliveryAttempt, DeliveryReport, Notification, RenderedMessage
from notifications.planning import manual_actions
from notifications.planning.snapshot import RecallSnapshot
from notifications.rendering import email, letter_pdf, sms
from patients.channels import Channels, channels_of
from recalls.presenters import DisplayDateTime, display_datetime

# What a state means, where its label alone may mislead.
_STATE_EXPLANATIONS: dict[str, Any] = {
    NotificationState.TO_PRINT: gettext_lazy("It waits under “Letters” until somebody prints it."),
    NotificationState.ACCEPTED: gettext_lazy(
        "Accepted is not delivered: nobody can see whether it reached the patient or was read."
    ),
    NotificationState.FAILED: gettext_lazy("The patient did not get it from us. A task asks a person to call."),
    NotificationState.SUPPRESSED: gettext_lazy(
        "It was not sent. A task asks a person to tell the patient where it matters."
    ),
    NotificationState.EXPIRED: gettext_lazy("It was not sent, because it would have come too late to be of use."),
    NotificationState.CANCELLED: gettext_lazy("It was not sent and is not going to be."),
}
_PRINTED_EXPLANATION: Any = gettext_lazy(
    "Somebody noted that it is printed. Nobody can see whether it reached the patient or was read."
)
_SORT_ORDER: dict[str, int] = {
    NotificationState.PLANNED: 2,
    NotificationState.SENDING: 2,
    NotificationState.TO_PRINT: 2,
    NotificationState.CANCELLED: 0,
}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of a message's history."""

    time: DisplayDateTime
    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message in the list of a recall's messages."""

    pk: int
    time: DisplayDateTime
    title: str
    channel_label: str
    state_label: str
    reason_label: str


def build_message_rows(found: list[Notification], site: Site, now: datetime) -> list[MessageRow]:
    """Messages still to be sent first, cancelled ones last, the newest first within each group."""
    ordered = sorted(found, key=lambda row: (_SORT_ORDER.get(row.state, 1), _display_time(row)), reverse=True)
    return [
        MessageRow(
            row.pk,
            display_datetime(site, _display_time(row), now),
            str(row.get_kind_display()),
            str(row.get_channel_display()),
            row.state_label,
            str(row.get_reason_display()) if row.reason else "",
        )
        for row in ordered
    ]


def message_history(
    row: Notification, attempts: list[DeliveryAttempt], reports: list[DeliveryReport], site: Site, now: datetime
) -> Iterator[HistoryLine]:
    """Oldest first: planning, delivery attempts and delivery reports, and at the end an attempt still to come."""
    yield HistoryLine(display_datetime(site, row.created_at, now), _("Planned"), _format_due(row, site, now))
    tries = [
        (attempt.at, _format_attempt(attempt), f"{attempt.smtp_code or ''} {attempt.detail}".strip())
        for attempt in attempts
    ]
    told = [(report.at, _("The other side says: %(news)s") % {"news": report}, report.detail) for report in reports]
    for at, text, detail in sorted([*tries, *told], key=lambda line: line[0]):
        yield HistoryLine(display_datetime(site, at, now), text, detail)
    if row.state == NotificationState.PLANNED and attempts:
        yield HistoryLine(display_datetime(site, row.not_before, now), _("To be tried again"))


def _format_attempt(attempt: DeliveryAttempt) -> str:
    channel = Channel(attempt.channel)
    accepted = attempt.result == AttemptResult.ACCEPTED
    result = ACCEPTED_LABEL[channel] if accepted else attempt.get_result_display()
    return _("Try %(number)d, %(channel)s: %(result)s") % {
        "number": attempt.number,
        "channel": channel.label,
        "result": result,
    }


def describe_reroute(row: Notification) -> str:
    """The channel now used and those that failed before it, as a sentence; empty where none failed."""
    failed = [str(Channel(channel).label) for channel in row.failed_channels if channel != row.channel]
    if not failed:
        return ""
    words = _("%(failed)s did not reach the patient. Delivery now by %(channel)s.")
    return words % {"failed": ", ".join(failed), "channel": row.get_channel_display()}


def explain_state(row: Notification) -> list[str]:
    """Sentences on why the message is in its state and what that means for the patient."""
    is_on_paper = row.state == NotificationState.ACCEPTED and row.channel == Channel.LETTER
    explanation = _PRINTED_EXPLANATION if is_on_paper else _STATE_EXPLANATIONS.get(row.state, "")
    said = [str(StatusReason(row.reason).label) if row.reason else "", str(explanation), describe_reroute(row)]
    if row.may_have_arrived_twice:
        said.append(_("It may have arrived twice."))
    return [words for words in said if words]


def render_current_preview(row: Notification, snapshot: RecallSnapshot) -> RenderedMessage | None:
    """The message as it would be sent now; None where its text or a fact is missing. Stores nothing, issues no link."""
    try:
        return _render_for_channel(row, snapshot, channels_of(snapshot.recall.patient))
    except (LookupError, ValueError):
        return None


def _render_for_channel(row: Notification, snapshot: RecallSnapshot, channels: Channels) -> RenderedMessage:
    if row.channel == Channel.EMAIL:
        return email.build_email(row, snapshot, channels)[1]
    build = sms.build_sms if row.channel == Channel.SMS else letter_pdf.build_letter
    return build(row, snapshot, channels)


def get_message_content(row: Notification, snapshot: RecallSnapshot) -> tuple[RenderedMessage | None, bool]:
    """The stored copy and True, else a preview of what is still to be sent (or None) and False."""
    stored = RenderedMessage.objects.filter(notification=row).first()
    if stored is not None and stored.channel == row.channel and row.state != NotificationState.TO_PRINT:
        return stored, True
    return (render_current_preview(row, snapshot) if not manual_actions.stop_blocked_reason(row) else None), False


def get_earlier_copies(row: Notification) -> list[dict[str, Any]]:
    """The copies sent by channels that failed, oldest first, each with `channel_label`."""
    stored = RenderedMessage.objects.filter(notification=row).values_list("earlier", flat=True).first()
    return [copy | {"channel_label": Channel(copy["channel"]).label} for copy in stored or []]


def _format_due(row: Notification, site: Site, now: datetime) -> str:
    said = _("to leave %(when)s") % {"when": display_datetime(site, row.due_at, now)}
    if row.expires_at is None:
        return said
    until = display_datetime(site, row.expires_at, now)
    return _("%(leaves)s, of no use after %(until)s") % {"leaves": said, "until": until}


def _display_time(row: Notification) -> datetime:
    return row.accepted_at or row.not_before

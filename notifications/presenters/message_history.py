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
from notifications.tracking_numbers import format_tracking_number
from patients.channels import PatientChannels, get_patient_channels
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
    tracking: str


def build_message_rows(notifications: list[Notification], site: Site, now: datetime) -> list[MessageRow]:
    """Messages still to be sent first, cancelled ones last, the newest first within each group."""
    ordered = sorted(notifications, key=lambda row: (_SORT_ORDER.get(row.state, 1), _display_time(row)), reverse=True)
    return [
        MessageRow(
            row.pk,
            display_datetime(site, _display_time(row), now),
            str(row.get_kind_display()),
            str(row.get_channel_display()),
            row.state_label,
            str(row.get_reason_display()) if row.reason else "",
            describe_tracking(row),
        )
        for row in ordered
    ]


def message_history(
    notification: Notification,
    attempts: list[DeliveryAttempt],
    reports: list[DeliveryReport],
    site: Site,
    now: datetime,
) -> Iterator[HistoryLine]:
    """Oldest first: planning, delivery attempts and delivery reports, and at the end an attempt still to come."""
    yield HistoryLine(
        display_datetime(site, notification.created_at, now), _("Planned"), _format_due(notification, site, now)
    )
    tries = [
        (attempt.at, _format_attempt(attempt), f"{attempt.smtp_code or ''} {attempt.detail}".strip())
        for attempt in attempts
    ]
    received = [(report.at, _("The other side says: %(news)s") % {"news": report}, report.detail) for report in reports]
    for at, text, detail in sorted([*tries, *received], key=lambda line: line[0]):
        yield HistoryLine(display_datetime(site, at, now), text, detail)
    if notification.state == NotificationState.PLANNED and attempts:
        yield HistoryLine(display_datetime(site, notification.not_before, now), _("To be tried again"))


def _format_attempt(attempt: DeliveryAttempt) -> str:
    channel = Channel(attempt.channel)
    accepted = attempt.result == AttemptResult.ACCEPTED
    result = ACCEPTED_LABEL[channel] if accepted else attempt.get_result_display()
    return _("Try %(number)d, %(channel)s: %(result)s") % {
        "number": attempt.number,
        "channel": channel.label,
        "result": result,
    }


def describe_tracking(notification: Notification) -> str:
    """The carrier's number of a letter from `with_tracking_number`, in words; empty where there is none."""
    number: str = getattr(notification, "tracking_number", "")
    return _("Tracking number %(number)s") % {"number": format_tracking_number(number)} if number else ""


def describe_reroute(notification: Notification) -> str:
    """The channel now used and those that failed before it, as a sentence; empty where none failed."""
    failed = [
        str(Channel(channel).label) for channel in notification.failed_channels if channel != notification.channel
    ]
    if not failed:
        return ""
    words = _("%(failed)s did not reach the patient. Delivery now by %(channel)s.")
    return words % {"failed": ", ".join(failed), "channel": notification.get_channel_display()}


def explain_state(notification: Notification) -> list[str]:
    """Sentences on why the message is in its state and what that means for the patient."""
    is_on_paper = notification.state == NotificationState.ACCEPTED and notification.channel == Channel.LETTER
    explanation = _PRINTED_EXPLANATION if is_on_paper else _STATE_EXPLANATIONS.get(notification.state, "")
    sentences = [
        str(StatusReason(notification.reason).label) if notification.reason else "",
        str(explanation),
        describe_reroute(notification),
        describe_tracking(notification),
    ]
    if notification.may_have_arrived_twice:
        sentences.append(_("It may have arrived twice."))
    return [sentence for sentence in sentences if sentence]


def render_current_preview(notification: Notification, snapshot: RecallSnapshot) -> RenderedMessage | None:
    """The message as it would be sent now; None where its text or a fact is missing. Stores nothing, issues no link."""
    try:
        return _render_for_channel(notification, snapshot, get_patient_channels(snapshot.recall.patient))
    except (LookupError, ValueError):
        return None


def _render_for_channel(
    notification: Notification, snapshot: RecallSnapshot, channels: PatientChannels
) -> RenderedMessage:
    if notification.channel == Channel.EMAIL:
        return email.build_email(notification, snapshot, channels)[1]
    build = sms.build_sms if notification.channel == Channel.SMS else letter_pdf.build_letter
    return build(notification, snapshot, channels)


def get_message_content(notification: Notification, snapshot: RecallSnapshot) -> tuple[RenderedMessage | None, bool]:
    """The stored copy and True, else a preview of what is still to be sent (or None) and False."""
    stored = RenderedMessage.objects.filter(notification=notification).first()
    if (
        stored is not None
        and stored.channel == notification.channel
        and notification.state != NotificationState.TO_PRINT
    ):
        return stored, True
    return (
        render_current_preview(notification, snapshot) if not manual_actions.stop_blocked_reason(notification) else None
    ), False


def get_earlier_copies(notification: Notification) -> list[dict[str, Any]]:
    """The copies sent by channels that failed, oldest first, each with `channel_label`."""
    stored = RenderedMessage.objects.filter(notification=notification).values_list("earlier", flat=True).first()
    return [copy | {"channel_label": Channel(copy["channel"]).label} for copy in stored or []]


def _format_due(notification: Notification, site: Site, now: datetime) -> str:
    departure = _("to leave %(when)s") % {"when": display_datetime(site, notification.due_at, now)}
    if notification.expires_at is None:
        return departure
    until = display_datetime(site, notification.expires_at, now)
    return _("%(leaves)s, of no use after %(until)s") % {"leaves": departure, "until": until}


def _display_time(notification: Notification) -> datetime:
    return notification.accepted_at or notification.not_before

"""What became of a message, in words? Its facts, its tries, and what it says: as it was sent, or as it would be."""

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

S = NotificationState
# What a state means beyond its name, where the name alone may mislead.
_STATE_EXPLANATIONS: dict[str, Any] = {
    S.TO_PRINT: gettext_lazy("It waits under “Letters” until somebody prints it."),
    S.ACCEPTED: gettext_lazy("Accepted is not delivered: nobody can see whether it reached the patient or was read."),
    S.FAILED: gettext_lazy("The patient did not get it from us. A task asks a person to call."),
    S.SUPPRESSED: gettext_lazy("It was not sent. A task asks a person to tell the patient where it matters."),
    S.EXPIRED: gettext_lazy("It was not sent, because it would have come too late to be of use."),
    S.CANCELLED: gettext_lazy("It was not sent and is not going to be."),
}
_PRINTED_EXPLANATION: Any = gettext_lazy(
    "Somebody noted that it is printed. Nobody can see whether it reached the patient or was read."
)
_SORT_ORDER: dict[str, int] = {S.PLANNED: 2, S.SENDING: 2, S.TO_PRINT: 2, S.CANCELLED: 0}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of a message's life."""

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
    """Those to come first, those cancelled last; newest first among themselves."""
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
    """Oldest first: our tries, and what the other side told us later; what is still to come last."""
    yield HistoryLine(display_datetime(site, row.created_at, now), _("Planned"), _format_due(row, site, now))
    tries = [(one.at, _format_attempt(one), f"{one.smtp_code or ''} {one.detail}".strip()) for one in attempts]
    told = [(one.at, _("The other side says: %(news)s") % {"news": one}, one.detail) for one in reports]
    for at, words, detail in sorted([*tries, *told], key=lambda line: line[0]):
        yield HistoryLine(display_datetime(site, at, now), words, detail)
    if row.state == S.PLANNED and attempts:
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
    """By what it goes now, where an earlier channel failed; else empty."""
    failed = [str(Channel(channel).label) for channel in row.failed_channels if channel != row.channel]
    if not failed:
        return ""
    words = _("%(failed)s did not reach the patient. Delivery now by %(channel)s.")
    return words % {"failed": ", ".join(failed), "channel": row.get_channel_display()}


def explain_state(row: Notification) -> list[str]:
    """Why it is where it is, and what that means for the patient."""
    is_on_paper = row.state == S.ACCEPTED and row.channel == Channel.LETTER
    means = _PRINTED_EXPLANATION if is_on_paper else _STATE_EXPLANATIONS.get(row.state, "")
    said = [str(StatusReason(row.reason).label) if row.reason else "", str(means), describe_reroute(row)]
    if row.may_have_arrived_twice:
        said.append(_("It may have arrived twice."))
    return [words for words in said if words]


def render_current_preview(row: Notification, situation: RecallSnapshot) -> RenderedMessage | None:
    """What would leave now; None where its text or a fact in it is missing. Nothing is stored, no link is made."""
    try:
        return _render_for_channel(row, situation, channels_of(situation.recall.patient))
    except (LookupError, ValueError):
        return None


def _render_for_channel(row: Notification, situation: RecallSnapshot, channels: Channels) -> RenderedMessage:
    if row.channel == Channel.EMAIL:
        return email.build_email(row, situation, channels)[1]
    write = sms.build_sms if row.channel == Channel.SMS else letter_pdf.build_letter
    return write(row, situation, channels)


def get_message_content(row: Notification, situation: RecallSnapshot) -> tuple[RenderedMessage | None, bool]:
    """The kept copy and True, else the preview of what is still to be sent and False."""
    kept = RenderedMessage.objects.filter(notification=row).first()
    if kept is not None and kept.channel == row.channel and row.state != S.TO_PRINT:
        return kept, True
    return (render_current_preview(row, situation) if not manual_actions.stop_blocked_reason(row) else None), False


def get_earlier_copies(row: Notification) -> list[dict[str, Any]]:
    """What went by channels that failed, oldest first, with the channel's label."""
    kept = RenderedMessage.objects.filter(notification=row).values_list("earlier", flat=True).first()
    return [one | {"by": Channel(one["channel"]).label} for one in kept or []]


def _format_due(row: Notification, site: Site, now: datetime) -> str:
    said = _("to leave %(when)s") % {"when": display_datetime(site, row.due_at, now)}
    if row.expires_at is None:
        return said
    until = display_datetime(site, row.expires_at, now)
    return _("%(leaves)s, of no use after %(until)s") % {"leaves": said, "until": until}


def _display_time(row: Notification) -> datetime:
    return row.accepted_at or row.not_before

"""Selects the channel of a message: email, else a text message, else a letter, or the reason for none.

Asked when a row is made, when a recall is compared, inside the claim, and when a way has failed. A way that failed
for a message is closed to it, so that it only ever moves on. A notice to the referring doctor knows two ways: email
where there is an address, else a letter.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from clinic import calendar
from notifications.content import loader
from notifications.enums import (
    EDUCATION_KINDS,
    LETTER_KINDS,
    TEXT_ONLY_KINDS,
    WRITTEN_RESULT_KINDS,
    Channel,
    NotificationKind,
    StatusReason,
)
from notifications.planning.rules import PlannedMessage
from notifications.planning.snapshot import APPOINTMENT_TIME_KINDS
from patients.channels import PatientChannels
from patients.models import Patient
from recalls.actions import stands_beside_4_or_5
from recalls.models import Appointment, Recall

POSTAL_DELIVERY_TIME = timedelta(days=5)  # to print it, and until it is in the patient's letter box
# Each says that nothing is wrong, or that nobody needs to come.
_GOOD_NEWS_KINDS = WRITTEN_RESULT_KINDS | {NotificationKind.RESULT_WITHDRAWN}
# Paper comes too late or says the same again: the letter about the booking gave the day.
_NEVER_BY_LETTER = frozenset(
    {
        NotificationKind.APPOINTMENT_REMINDER, NotificationKind.BIOPSY_REMINDER,
        NotificationKind.EARLIER_OFFER, NotificationKind.EARLIER_TAKEN,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """The channel to use; `blocked_reason` is empty, or the reason for which there is none."""

    channel: Channel
    blocked_reason: str = ""


def select_channel(
    recall: Recall,
    kind: str,
    one: PlannedMessage,
    channels: PatientChannels,
    now: datetime,
    closed: Collection[str] = (),
) -> ChannelChoice:
    """The first open way, in the order email, text message, letter."""
    if kind == NotificationKind.REFERRER_NOTICE:
        return _select_referrer_channel(recall, closed)
    if recall.patient.deceased_on:
        return ChannelChoice(Channel.EMAIL, StatusReason.DECEASED)
    if kind in EDUCATION_KINDS:
        blocked = channels.email_blocked_reason or (StatusReason.REFUSED if Channel.EMAIL in closed else "")
        return ChannelChoice(Channel.EMAIL, blocked)
    if kind in TEXT_ONLY_KINDS:
        is_open = Channel.SMS not in closed and _can_send_sms(kind, channels)
        return ChannelChoice(Channel.SMS, "" if is_open else StatusReason.TOO_LATE)
    if kind in _GOOD_NEWS_KINDS and stands_beside_4_or_5(recall):
        return ChannelChoice(Channel.EMAIL, StatusReason.BESIDE_4_OR_5)
    if kind in APPOINTMENT_TIME_KINDS and one.appointment and not _is_open_for(one.appointment):
        return ChannelChoice(Channel.EMAIL, StatusReason.VISIT_DAY_CLOSED)
    if kind == NotificationKind.EARLIER_OFFER and not _speaks_the_patients_language(recall, kind):
        return ChannelChoice(Channel.EMAIL, StatusReason.NOT_REVIEWED)  # a call reaches them as soon as a text others
    on_paper = one.letter_requested or kind in LETTER_KINDS
    if not (channels.email_blocked_reason or on_paper or Channel.EMAIL in closed):
        return ChannelChoice(Channel.EMAIL)
    if not (on_paper or Channel.SMS in closed) and _can_send_sms(kind, channels):
        return ChannelChoice(Channel.SMS)
    if Channel.LETTER not in closed and has_postal_address(recall.patient) and _letter_arrives_in_time(kind, one, now):
        return ChannelChoice(Channel.LETTER)
    if on_paper:
        return ChannelChoice(Channel.LETTER, StatusReason.NO_POSTAL_ADDRESS)
    return ChannelChoice(Channel.EMAIL, channels.email_blocked_reason or StatusReason.REFUSED)


def _speaks_the_patients_language(recall: Recall, kind: str) -> bool:
    language = recall.patient.language.partition("-")[0].lower()
    return loader.get_message_language(recall, kind, Channel.EMAIL) == language


def _is_open_for(visit: Appointment) -> bool:
    """Whether the site is open on the day of the visit: hours, holidays and closed days may have changed since."""
    return calendar.is_open_day(visit.site, calendar.local_day(visit.site, visit.starts_at))


def get_email_address(recall: Recall, kind: str, channels: PatientChannels) -> str:
    if kind != NotificationKind.REFERRER_NOTICE:
        return channels.email
    return recall.exam.referrer.email if recall.exam.referrer else ""


def has_postal_address(patient: Patient) -> bool:
    return bool(patient.address_line and patient.city)


def postal_address_lines(patient: Patient) -> list[str]:
    """The lines of the patient's postal address, with the full name first."""
    return [patient.full_name, patient.address_line, f"{patient.city}, {patient.state} {patient.postal_code}".strip()]


def _select_referrer_channel(recall: Recall, closed: Collection[str]) -> ChannelChoice:
    referrer = recall.exam.referrer
    if referrer is None:
        return ChannelChoice(Channel.EMAIL, StatusReason.NO_ADDRESS)
    if referrer.email and Channel.EMAIL not in closed:
        return ChannelChoice(Channel.EMAIL)
    return ChannelChoice(Channel.LETTER, StatusReason.REFUSED if Channel.LETTER in closed else "")


def _can_send_sms(kind: str, channels: PatientChannels) -> bool:
    return bool(channels.sms_allowed and settings.SMS_URL and loader.text_exists(f"{kind}.sms"))


def _letter_arrives_in_time(kind: str, one: PlannedMessage, now: datetime) -> bool:
    in_time = one.expires_at is None or one.expires_at - max(one.due_at, now) >= POSTAL_DELIVERY_TIME
    return in_time and kind not in _NEVER_BY_LETTER

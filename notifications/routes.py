"""By which way does a message go: email, else a text message, else a printed letter; or by none, and why not?

Asked when a row is made, when a recall is compared, inside the claim, and when a way has failed. A way that failed
for a message is closed to it, so that it only ever moves on. A notice to the referring doctor knows two ways: email
where there is an address, else a letter.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from notifications import lay_summary, texts
from notifications.kinds import LETTERS_ONLY, Channel, Kind, Reason
from notifications.rules import Wanted
from patients.channels import Channels
from patients.models import Patient
from recalls.models import Recall

POST_TAKES = timedelta(days=5)  # to print it, and until it is in her letter box
TOMORROW = timedelta(hours=48)  # a reminder of an early visit leaves in the evening before the day before
# Paper comes too late or says the same again: the letter about the booking gave the day.
_NEVER_ON_PAPER = frozenset({Kind.APPOINTMENT_REMINDER, Kind.BIOPSY_REMINDER})
_ALWAYS_URGENT = frozenset({Kind.PLEASE_CALL_RESULTS, Kind.APPOINTMENT_CANCELLED})


@dataclass(frozen=True, slots=True)
class Way:
    """The channel to use; `why_not` is empty, or the reason for which there is none."""

    channel: Channel
    why_not: str = ""


def way_for(
    recall: Recall, kind: str, one: Wanted, channels: Channels, now: datetime, closed: Collection[str] = ()
) -> Way:
    """The first open way, in the order email, text message, letter."""
    if kind == Kind.REFERRER_NOTICE:
        return _way_to_the_referrer(recall, closed)
    if recall.patient.deceased_on:
        return Way(Channel.EMAIL, Reason.DECEASED)
    on_paper = one.by_post or kind == Kind.LAST_LETTER or (kind in LETTERS_ONLY and not channels.detail_allowed)
    if kind == Kind.LAY_SUMMARY and lay_summary.missing(recall):
        return Way(Channel.LETTER, Reason.FACT_MISSING)
    if not (channels.why_no_email or on_paper or Channel.EMAIL in closed):
        return Way(Channel.EMAIL)
    if not (on_paper or Channel.SMS in closed) and _may_be_texted(kind, channels):
        return Way(Channel.SMS)
    if Channel.LETTER not in closed and has_postal_address(recall.patient) and _reaches_by_post(kind, one, now):
        return Way(Channel.LETTER)
    if on_paper:
        return Way(Channel.LETTER, Reason.NO_POSTAL_ADDRESS)
    return Way(Channel.EMAIL, channels.why_no_email or Reason.REFUSED)


def email_address(recall: Recall, kind: str, channels: Channels) -> str:
    if kind != Kind.REFERRER_NOTICE:
        return channels.email
    return recall.exam.referrer.email if recall.exam.referrer else ""


def is_urgent(recall: Recall, kind: str, one: Wanted) -> bool:
    """A result of 4 or 5, a talk that she waits for, and whatever is about a visit of tomorrow."""
    soon = one.appointment is not None and one.appointment.starts_at - one.due_at <= TOMORROW
    return kind != Kind.REFERRER_NOTICE and (recall.suspicious or soon or kind in _ALWAYS_URGENT)


def has_postal_address(patient: Patient) -> bool:
    return bool(patient.address_line and patient.city)


def _way_to_the_referrer(recall: Recall, closed: Collection[str]) -> Way:
    referrer = recall.exam.referrer
    if referrer is None:
        return Way(Channel.EMAIL, Reason.NO_ADDRESS)
    if referrer.email and Channel.EMAIL not in closed:
        return Way(Channel.EMAIL)
    return Way(Channel.LETTER, Reason.REFUSED if Channel.LETTER in closed else "")


def _may_be_texted(kind: str, channels: Channels) -> bool:
    return bool(channels.sms_allowed and settings.SMS_URL and texts.is_there(f"{kind}.sms"))


def _reaches_by_post(kind: str, one: Wanted, now: datetime) -> bool:
    in_time = one.expires_at is None or one.expires_at - max(one.due_at, now) >= POST_TAKES
    return in_time and kind not in _NEVER_ON_PAPER

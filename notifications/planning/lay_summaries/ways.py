"""Decides how a lay summary may leave: by email, as a letter, or not as it stands, and names the facts it lacks.

Domain fact: 21 CFR 900.12(c)(2): it names the patient and the facility with address and phone, and holds the density
notice. A summary says too much for an email that others might read: only a patient who agreed to details gets one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from notifications.content import loader
from notifications.enums import Channel, StatusReason
from notifications.models import LaySummary
from notifications.planning.channel_selection import has_postal_address, postal_address_lines
from notifications.planning.lay_summaries.readings import Reading, is_mammogram, is_voided
from patients.channels import get_patient_channels
from patients.models import Patient

# The text with the density notice, and the one for images that are no mammogram.
MAMMOGRAM_TEXT, OTHER_IMAGES_TEXT = "lay_summary.letter", "visit_summary.letter"


@dataclass(frozen=True, slots=True)
class SummaryWay:
    """The channel, or in `held_reason` why it may not leave as it stands."""

    channel: Channel
    held_reason: str = ""


def choose_way(row: LaySummary, reading: Reading, now: datetime) -> SummaryWay:
    """How the summary of that reading may leave now; `row` knows which channels failed."""
    patient, channels = reading.exam.patient, get_patient_channels(reading.exam.patient)
    held = _held_reason(row, reading, now)
    if held:
        return SummaryWay(Channel.LETTER, held)
    if channels.email and channels.health_details_allowed and Channel.EMAIL not in row.failed_channels:
        return SummaryWay(Channel.EMAIL)
    if row.reason == StatusReason.LETTER_RETURNED and row.copy.address == postal_address(patient):
        return SummaryWay(Channel.LETTER, StatusReason.LETTER_RETURNED)
    return SummaryWay(Channel.LETTER, "" if has_postal_address(patient) else StatusReason.NO_POSTAL_ADDRESS)


def _held_reason(row: LaySummary, reading: Reading, now: datetime) -> str:
    if reading.exam.patient.deceased_on:
        return StatusReason.DECEASED
    if is_voided(reading):
        return StatusReason.RECALL_VOIDED
    if missing_facts(reading):
        return StatusReason.REQUIRED_FACT_MISSING
    if not _has_text(reading):
        return StatusReason.NOT_REVIEWED
    if row.reason == StatusReason.NOT_RENDERED and row.retry_at is not None and row.retry_at > now:
        return StatusReason.NOT_RENDERED
    return ""


def postal_address(patient: Patient) -> str:
    """The patient's postal address in one line, as the copy of a letter keeps it."""
    return ", ".join(postal_address_lines(patient))[:254]


def text_name(reading: Reading) -> str:
    """The name of the summary's text."""
    return MAMMOGRAM_TEXT if is_mammogram(reading.outcome) else OTHER_IMAGES_TEXT


def text_language(reading: Reading) -> str:
    """The patient's language where the text may be sent in it, else English."""
    return loader.get_available_language(text_name(reading), reading.exam.patient.language, reading.site)


def _has_text(reading: Reading) -> bool:
    try:
        loader.get_message_text(text_name(reading), text_language(reading), detailed=False, site=reading.site)
    except loader.NotReviewed:
        return False
    return True


def missing_facts(reading: Reading) -> list[str]:
    """What the rule asks for and nobody has entered, in plain words; empty when the summary may go out."""
    return list(_iter_missing_facts(reading))


def _iter_missing_facts(reading: Reading) -> Iterator[str]:
    patient, site = reading.exam.patient, reading.site
    facts = {
        _("the patient's name"): patient.full_name,
        _("the day of the exam"): reading.exam_day,
        _("the result"): reading.assessment,
        _("the facility's name"): site.facility_name,
        _("the site's street"): site.address_line,
        _("the site's city"): site.city,
        _("the site's state"): site.state,
        _("the site's ZIP code"): site.postal_code,
        _("the site's phone"): site.phone,
    }
    if is_mammogram(reading.outcome):
        facts[_("the breast density")] = reading.density
    for words, value in facts.items():
        if not str(value or "").strip():
            yield words

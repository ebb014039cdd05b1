"""Writes a lay summary: its text filled from one reading, as the data of a letter or as an email.

The facility stands in it under its legal name, as the rule asks. A subject line shows the neutral name of the sender.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import translation
from django.utils.translation import gettext as _

from notifications.content import loader
from notifications.content.state_notices import get_state_density_notice
from notifications.content.statistics import STATISTIC_PLACEHOLDERS
from notifications.models import LaySummary, LaySummaryCopy
from notifications.planning.channel_selection import postal_address_lines
from notifications.planning.lay_summaries.readings import Reading
from notifications.planning.lay_summaries.results import density_category
from notifications.planning.lay_summaries.ways import postal_address, text_language, text_name
from notifications.planning.reconcile import mail_domain
from notifications.rendering import email
from notifications.rendering.context import escape_markdown, format_clinic_phone, single_line
from notifications.rendering.formatting import format_date, format_opening_hours
from notifications.rendering.letter_pdf import letter_data
from notifications.rendering.markdown import email_from_markdown, parse_markdown
from notifications.rendering.summary_placeholders import DENSITY_PLACEHOLDERS, SUMMARY_PLACEHOLDERS
from patients.channels import PatientChannels

RESULT_FOLDER = "lay_results"


class SummaryContext(Mapping[str, str]):
    """The values of the placeholders of one summary, in the active language, each computed only when used."""

    def __init__(self, reading: Reading, language: str, *, replaces_sent: bool = False) -> None:
        self._reading, self._exam, self._site = reading, reading.exam, reading.site
        self._language, self._replaces_sent = language, replaces_sent

    def __getitem__(self, name: str) -> str:
        """Raises KeyError for an unknown placeholder, LookupError for a fact that is missing."""
        if name in STATISTIC_PLACEHOLDERS:
            return STATISTIC_PLACEHOLDERS[name]
        return _PLACEHOLDERS[name](self)

    def __iter__(self) -> Iterator[str]:
        return iter([*_PLACEHOLDERS, *STATISTIC_PLACEHOLDERS])

    def __len__(self) -> int:
        return len(_PLACEHOLDERS) + len(STATISTIC_PLACEHOLDERS)

    def patient_name(self) -> str:
        return escape_markdown(self._exam.patient.full_name)

    def facility_name(self) -> str:
        return escape_markdown(self._site.facility_name)

    def facility_address(self) -> str:
        """Street, city, state and ZIP code, which the rule asks for."""
        site = self._site
        return escape_markdown(f"{site.address_line}, {site.city}, {site.state} {site.postal_code}")

    def clinic_phone(self) -> str:
        return format_clinic_phone(self._site)

    def clinic_hours(self) -> str:
        return escape_markdown(format_opening_hours(self._site))

    def exam_day(self) -> str:
        return escape_markdown(format_date(self._reading.exam_day))

    def result(self) -> str:
        return loader.first_paragraph(self._result_text, self._language, self._site)

    def next_step(self) -> str:
        return loader.section_under_heading(self._result_text, self._language, self._site)

    def density_notice(self) -> str:
        return escape_markdown(loader.get_locked_text(f"density_{density_category(self._reading.density)}"))

    def density_explained(self) -> str:
        name = f"density_notice/{density_category(self._reading.density)}"
        return loader.first_paragraph(name, self._language, self._site)

    def state_notice(self) -> str:
        """The state's own notice in a block of its own, apart from the federal one; empty where it asks for none."""
        notice = get_state_density_notice(self._site.state, density_category(self._reading.density))
        if not notice:
            return ""
        lead = _("Your state has words of its own about this. They stand in the next block.")
        block = "\n>\n".join(f"> {escape_markdown(paragraph)}" for paragraph in notice.split("\n\n"))
        return f"{lead}\n\n{block}"

    def report_line(self) -> str:
        if self._exam.referrer_id is None:
            return _("You did not give us the name of a doctor. So we send the full report to you, too.")
        return _("Your doctor gets the full report.")

    def replaces_line(self) -> str:
        """Said only where an earlier summary of the same images was sent."""
        if not self._replaces_sent:
            return ""
        return _(
            "We wrote to you about these pictures before. We have looked at them again. This letter takes the place of "
            "the earlier one."
        )

    def signer(self) -> str:
        return escape_markdown(self._site.contact_person or _("Your team"))

    def language_line(self) -> str:
        return _("Do you prefer another language? We have interpreters, and they are free. Please call us.")

    @property
    def _result_text(self) -> str:
        return f"{RESULT_FOLDER}/{self._reading.result}"


_PLACEHOLDERS: dict[str, Callable[[SummaryContext], str]] = {
    name: getattr(SummaryContext, name) for name in SUMMARY_PLACEHOLDERS | DENSITY_PLACEHOLDERS
}


@dataclass(frozen=True, slots=True)
class FilledSummary:
    """A summary as Markdown; `text_version` names the text: "en/lay_summary.letter 3"."""

    language: str
    subject: str
    markdown: str
    text_version: str


def fill_summary(reading: Reading, *, replaces_sent: bool) -> FilledSummary:
    """The summary in the patient's language. Raises KeyError, LookupError or ValueError where it cannot be filled."""
    name, language, site = text_name(reading), text_language(reading), reading.site
    text = loader.get_message_text(name, language, detailed=False, site=site)
    with translation.override(language):
        values = SummaryContext(reading, language, replaces_sent=replaces_sent)
        subject = text.subject.substitute(clinic_name=single_line(site.sender_name))
        version = f"{language}/{name} {text.metadata.get('version', '')}".strip()
        return FilledSummary(language, subject, text.body.substitute(values), version)


def build_summary_letter(row: LaySummary, reading: Reading, *, replaces_sent: bool) -> LaySummaryCopy:
    """The copy to store, with all data of the PDF. Raises as `fill_summary` does."""
    filled, patient = fill_summary(reading, replaces_sent=replaces_sent), reading.exam.patient
    with translation.override(filled.language):
        letter = letter_data(
            filled.subject,
            parse_markdown(filled.markdown),
            filled.language,
            reading.site,
            postal_address_lines(patient),
            reading.site.facility_name,
        )
    return LaySummaryCopy(
        summary=row, address=postal_address(patient), text_version=filled.text_version, letter=letter, text=""
    )


def build_summary_email(
    row: LaySummary, reading: Reading, channels: PatientChannels, connection: Any, *, replaces_sent: bool
) -> tuple[EmailMultiAlternatives, LaySummaryCopy]:
    """The email and the copy to store; a summary always has the same Message-ID. Raises as `fill_summary` does."""
    filled = fill_summary(reading, replaces_sent=replaces_sent)
    with translation.override(filled.language):
        rendered = email_from_markdown(filled.subject, filled.markdown, filled.language, reading.site)
    sender = formataddr((single_line(reading.site.sender_name), parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))
    mail = EmailMultiAlternatives(
        filled.subject, rendered.text, settings.BOUNCE_ADDRESS or sender, [channels.email], connection=connection
    )
    message_id = f"<{row.public_id}@{mail_domain()}>"
    mail.extra_headers = email.message_headers(message_id, row.public_id, filled.language)
    mail.extra_headers |= email.list_unsubscribe_headers(email.unsubscribe_url(row.public_id))
    if settings.BOUNCE_ADDRESS:
        mail.extra_headers["From"] = sender  # shown to the patient; bounces go to the envelope sender
    mail.metadata = {email.METADATA_NOTIFICATION_ID: str(row.public_id)}  # type: ignore[attr-defined]
    mail.attach_alternative(rendered.html, "text/html")
    copy = LaySummaryCopy(
        summary=row, address=channels.email, text_version=filled.text_version, letter={}, text=rendered.text
    )
    return mail, copy

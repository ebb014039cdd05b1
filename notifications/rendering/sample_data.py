"""Fills texts for an invented patient, for previews, system checks and the gallery; nothing is read from the database.

The facts are such that every block of a text is filled: figures stand only where they are true.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from string import Template
from typing import Any

from django.utils import translation

from clinic.models import Site
from notifications.content import loader
from notifications.content.education import draft_lesson
from notifications.content.loader import TextTemplate
from notifications.enums import Channel, NotificationKind
from notifications.models import Notification
from notifications.planning.channel_selection import postal_address_lines
from notifications.planning.lay_summaries.readings import Reading
from notifications.planning.snapshot import EventRecord, RecallSnapshot, offer_occasion
from notifications.rendering import letter_pdf, patient_link, sms
from notifications.rendering.context import MessageContext
from notifications.rendering.lay_summary import RESULT_FOLDER, SummaryContext
from notifications.rendering.markdown import RenderedEmail, email_from_markdown, parse_markdown
from notifications.rendering.summary_placeholders import SUMMARY_TEXT_PLACEHOLDERS
from patients.models import Patient, ReferringProvider
from recalls.actions.time_offers.cancel_reasons import NUMBERS as REASON_NUMBERS
from recalls.actions.time_offers.cancel_reasons import REASONS as CANCEL_REASONS
from recalls.enums import Assessment, Density, FindingKind, Side, State, VisitKind
from recalls.models import (
    Appointment,
    EarlierOffer,
    Finding,
    Recall,
    ScreeningExam,
    SlotPolicy,
    WaitingListEntry,
)

SAMPLE_REFERENCE = "7F3A-22"
SAMPLE_CODE = "123456"
_FINDINGS = (FindingKind.MASS, FindingKind.CALCIFICATIONS)
_ASSESSMENT_BY_KIND: Mapping[str, Assessment] = {
    NotificationKind.BIOPSY_CONFIRMATION: Assessment.SUSPICIOUS_A,
    NotificationKind.BIOPSY_REMINDER: Assessment.SUSPICIOUS_A,
}
_CREATED_AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
_APPOINTMENT_AT = datetime(2026, 11, 26, 14, 0, tzinfo=UTC)  # 9:00 am in Pittsburgh


def sample_email(name: str, language: str, text: TextTemplate, site: Site | None = None) -> RenderedEmail:
    """The text as an email to the invented patient. Raises as `fill_placeholders` does."""
    return next(sample_emails(name, language, text, site))


def sample_emails(name: str, language: str, text: TextTemplate, site: Site | None = None) -> Iterator[RenderedEmail]:
    """One email for each notice of a text or each result of a lay summary, else one."""
    of_site = site or sample_site()
    with translation.override(language):
        subject = Template(text.heading).substitute(clinic_name=of_site.sender_name)
        for markdown in fill_placeholders(name, language, text, site):
            yield email_from_markdown(subject, markdown.strip(), language, of_site)


def sample_sms(name: str, language: str, text: TextTemplate) -> str:
    """The text message as it would be sent. Raises ValueError where it does not fit into one message."""
    return sms.to_single_sms(next(fill_placeholders(name, language, text)))


def sample_letters(name: str, language: str, text: TextTemplate) -> Iterator[dict[str, Any]]:
    """The data of a PDF: of a letter text, or of an email text that is printed."""
    kind = name.split(".")[0]
    to_doctor = kind == NotificationKind.REFERRER_NOTICE
    if not to_doctor and "letter" not in name.split("."):
        body = text.body.template.replace("$my_page", "")  # a link is of no use on paper
        text = TextTemplate(text.metadata, Template(letter_pdf.strip_unsubscribe_paragraph(body)))
    site = sample_site()
    recall = _sample_recall(site)
    with translation.override(language):
        subject = Template(text.heading).substitute(clinic_name=site.sender_name)
        recipient = letter_pdf.referrer_address_lines(recall) if to_doctor else postal_address_lines(recall.patient)
        sender = site.facility_name if kind in SUMMARY_TEXT_PLACEHOLDERS else site.sender_name
        for markdown in fill_placeholders(name, language, text):
            yield letter_pdf.letter_data(subject, parse_markdown(markdown), language, site, recipient, sender)


def preview_text(name: str, language: str, subject: str, body: str) -> RenderedEmail:
    """A text that is being edited, as an email, with the clinic's own explainers in it.

    A notice to a referrer shows the first of the shipped notices.
    """
    shipped = loader.get_shipped_text(name, language)
    metadata: dict[str, Any] = {"subject": subject} if subject else {}
    notices = shipped.metadata.get("notices") if shipped else None
    return sample_email(
        name,
        language,
        TextTemplate(metadata | ({"notices": notices} if notices else {}), Template(body)),
        _build_site(),
    )


def fill_placeholders(name: str, language: str, text: TextTemplate, site: Site | None = None) -> Iterator[str]:
    """The Markdown with every placeholder filled; for a notice to a referrer, one for each of its notices.

    A lay summary is filled with each result that it may tell. Raises KeyError, LookupError or ValueError where a
    placeholder cannot be filled.
    """
    if name.split(".")[0] in SUMMARY_TEXT_PLACEHOLDERS:
        with translation.override(language):
            for number, result in enumerate(sample_result_names()):
                reading = _sample_reading(site or sample_site(), result)
                yield text.body.substitute(SummaryContext(reading, language, replaces_sent=number == 0))
        return
    values = _sample_context(name, language, site)
    with translation.override(language):
        notices: Mapping[str, str] = text.metadata.get("notices") or {"": ""}
        for notice in notices.values():
            given = {"notice": Template(notice).substitute(reference=SAMPLE_REFERENCE)} if notice else {}
            given |= {"referrer_name": "Testa Example-Referrer, MD"} if notice else {}
            given |= {"code": SAMPLE_CODE, "lesson": draft_lesson(1, language, values.site)}
            given |= {"my_page": values.patient_page_link(patient_link.MASKED_TOKEN)}
            yield text.body.substitute(_OverridingContext(given, values))


def sample_result_names() -> list[str]:
    """Every result that a lay summary may tell, in the order in which it is filled with them."""
    folder = f"{loader.EXPLAINER_PREFIX}{RESULT_FOLDER}/"
    return [name.removeprefix(folder) for name in loader.list_explainer_names() if name.startswith(folder)]


def _sample_reading(site: Site, result: str) -> Reading:
    exam = _sample_recall(site).exam
    return Reading(exam, None, 0, site, Assessment.NEGATIVE, result, Density.C, exam.exam_date, _CREATED_AT)


class _OverridingContext(dict[str, str]):
    """Given values first, those of the sample patient for the rest."""

    def __init__(self, given: dict[str, str], values: Mapping[str, str]) -> None:
        super().__init__(given)
        self._values = values

    def __missing__(self, name: str) -> str:
        return self._values[name]


def _sample_context(name: str, language: str, site: Site | None) -> MessageContext:
    kind = name.split(".")[0]
    recall = _sample_recall(site or sample_site(), kind)
    visit = _sample_appointment(recall, VisitKind.BIOPSY if "biopsy" in kind else VisitKind.DIAGNOSTIC)
    notification = Notification(
        recall=recall,
        patient=recall.patient,
        kind=kind,
        occasion="sample",
        channel=Channel.EMAIL,
        language=language,
        appointment=visit,
        due_at=_CREATED_AT,
        not_before=_CREATED_AT,
    )
    snapshot = RecallSnapshot(recall, [], [visit], [], [], {})
    if kind == NotificationKind.OTHER_TIMES:
        listed = {str(number): f"0@{(_APPOINTMENT_AT + timedelta(days=number)).isoformat()}" for number in (4, 5, 6)}
        snapshot.events = [_list_event("offer_times", times=listed)]
    if kind == NotificationKind.CANCEL_REASONS:
        reasons = {number: reason.value for number, reason in zip(REASON_NUMBERS[0], CANCEL_REASONS, strict=True)}
        snapshot.events = [_list_event("ask_cancel_reason", reasons=reasons)]
    if kind == NotificationKind.EARLIER_OFFER:
        entry = WaitingListEntry(pk=0, appointment=visit)
        snapshot.earlier_offers = [EarlierOffer(pk=0, entry=entry, starts_at=_APPOINTMENT_AT, made_at=_CREATED_AT)]
        notification.occasion = offer_occasion(snapshot.earlier_offers[0])
    return MessageContext(notification, snapshot)


def _list_event(step: str, **listed: Any) -> EventRecord:
    state, data = State.SCHEDULED.value, {**listed, "until": _APPOINTMENT_AT.isoformat()}
    return EventRecord(2, step, state, state, _CREATED_AT, data)


def _sample_recall(site: Site, kind: str = "") -> Recall:
    patient = Patient(
        pk=0,
        site=site,
        given_name="Testa",
        family_name="Sample-Oak",
        birth_date=date(1970, 1, 1),
        address_line="12 Invented Lane",
        city="Pittsburgh",
        state="PA",
        postal_code="15201",
    )
    exam = ScreeningExam(
        pk=0,
        patient=patient,
        site=site,
        exam_date=date(2026, 11, 20),
        assessment=_ASSESSMENT_BY_KIND.get(kind, Assessment.NEED_IMAGING),
        density=Density.C,
        first_screen=True,
        referrer=ReferringProvider(pk=0, name="Testa Example-Referrer, MD", postal_address="5 Invented Avenue"),
    )
    findings = [Finding(exam=exam, kind=finding_kind, side=Side.LEFT) for finding_kind in _FINDINGS]
    _prefetch_cache(exam)["findings"] = findings
    return Recall(pk=0, patient=patient, exam=exam, site=site, opened_at=_CREATED_AT, follow_up_on=date(2027, 6, 15))


def _prefetch_cache(exam: Any) -> dict[str, Any]:
    """Django's cache of prefetched rows, to be filled with rows that were never in the database."""
    exam._prefetched_objects_cache = {}
    cache: dict[str, Any] = exam._prefetched_objects_cache
    return cache


def _sample_appointment(recall: Recall, kind: VisitKind) -> Appointment:
    return Appointment(
        pk=0,
        recall=recall,
        site=recall.site,
        kind=kind,
        starts_at=_APPOINTMENT_AT,
        length_minutes=60,
        created_at=_CREATED_AT,
    )


@cache
def sample_site() -> Site:
    """An unsaved site with opening hours and without texts of its own; always the same instance."""
    return loader.without_clinic_texts(_build_site())


def _build_site() -> Site:
    site = Site(
        code="SAMPLE",
        name="Sample Valley Imaging",
        legal_name="Sample Valley Breast Imaging Center, Inc.",
        sender_name="Sample Imaging",
        phone="+14125550100",
        contact_person="Ana Sample",
        address_line="100 Sample Street",
        city="Pittsburgh",
        state="PA",
        postal_code="15222",
        time_zone="America/New_York",
    )
    SlotPolicy(site=site, self_booking=True)  # the longest words
    site.__dict__["hours_by_weekday"] = dict.fromkeys(range(5), (time(8), time(17)))
    return site

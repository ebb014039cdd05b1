"""What does a text say for an invented patient? Nothing here is in the database: for previews, checks and the gallery.

Her exam has every kind of finding, so that a preview shows each explainer that may stand in a message.
"""

from collections.abc import Iterator, Mapping
from copy import copy
from datetime import UTC, date, datetime, time
from functools import cache
from string import Template
from typing import Any

from django.utils import translation

from clinic.models import Site
from notifications import letters, pagelink, sms_text, texts
from notifications.clinic_texts import with_shipped_texts
from notifications.kinds import Channel, Kind
from notifications.models import Notification
from notifications.render import Rendered, parsed, rendered
from notifications.situation import Situation
from notifications.texts import Text
from notifications.values import Values
from patients.models import Patient, ReferringProvider
from recalls.models import Appointment, Finding, Recall, ScreeningExam
from recalls.states import Assessment, Density, FindingKind, Side, VisitKind

REFERENCE = "7F3A-22"
_MADE_AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
_VISIT_AT = datetime(2026, 11, 26, 14, 0, tzinfo=UTC)  # 9:00 am in Pittsburgh


def message(name: str, language: str, text: Text, site: Site | None = None) -> Rendered:
    """The text in both forms as an email to the invented patient. Errors as in `render`."""
    return next(messages(name, language, text, site))


def messages(name: str, language: str, text: Text, site: Site | None = None) -> Iterator[Rendered]:
    """The same of every notice, where the text holds several."""
    values = _values(name, language, site)
    with translation.override(language):
        subject = Template(text.heading).substitute(clinic_name=values.site.sender_name)
        for markdown in filled(name, language, text, site):
            yield rendered(subject, markdown.strip(), language, values.site)


def text_message(name: str, language: str, text: Text) -> str:
    """The words as they leave. Raises ValueError where they do not fit into one message."""
    return sms_text.one_message(next(filled(name, language, text)))


def paper(name: str, language: str, text: Text) -> Iterator[dict[str, Any]]:
    """What the PDF is set from: of a letter, or of an email that goes on paper."""
    to_doctor = name.split(".")[0] == Kind.REFERRER_NOTICE
    if not to_doctor and "letter" not in name.split("."):
        body = text.body.template.replace("$my_page", "")  # a link is of no use on paper
        text = Text(text.head, Template(letters.without_the_way_out(body)))
    values = _values(name, language, None)
    recall = _recall(values.site, name.split(".")[0])
    with translation.override(language):
        subject = Template(text.heading).substitute(clinic_name=values.site.sender_name)
        recipient = letters.referrer_lines(recall) if to_doctor else letters.patient_lines(recall)
        for markdown in filled(name, language, text):
            yield letters.sheet(subject, parsed(markdown), language, values.site, recipient)


def preview(name: str, language: str, subject: str, body: str) -> Rendered:
    """What somebody is writing just now. A notice to a referrer shows with the first of the shipped notices."""
    shipped = texts.shipped(name, language)
    head: dict[str, Any] = {"subject": subject} if subject else {}
    notices = shipped.head.get("notices") if shipped else None
    clinics_own = copy(sample_site())
    del clinics_own.__dict__["_message_texts"]  # with the explainers that the clinic wrote
    return message(name, language, Text(head | ({"notices": notices} if notices else {}), Template(body)), clinics_own)


def filled(name: str, language: str, text: Text, site: Site | None = None) -> Iterator[str]:
    """The Markdown with every placeholder filled; of a notice to a referrer one for each of its notices.

    Raises KeyError, LookupError or ValueError where a placeholder cannot be filled.
    """
    values = _values(name, language, site)
    with translation.override(language):
        notices: Mapping[str, str] = text.head.get("notices") or {"": ""}
        for notice in notices.values():
            more = {"notice": Template(notice).substitute(reference=REFERENCE)} if notice else {}
            more |= {"referrer_name": "Testa Example-Referrer, MD"} if notice else {}
            more |= {"my_page": values.link_to_her_page(pagelink.WITHHELD)}
            yield text.body.substitute(_Both(more, values))


class _Both(dict[str, str]):
    """Given values first, the sample patient's for the rest."""

    def __init__(self, given: dict[str, str], values: Mapping[str, str]) -> None:
        super().__init__(given)
        self._values = values

    def __missing__(self, name: str) -> str:
        return self._values[name]


def _values(name: str, language: str, site: Site | None) -> Values:
    kind = name.split(".")[0]
    recall = _recall(site or sample_site(), kind)
    visit = _visit(recall, VisitKind.BIOPSY if "biopsy" in kind else VisitKind.DIAGNOSTIC)
    row = Notification(
        recall=recall,
        patient=recall.patient,
        kind=kind,
        occasion="sample",
        channel=Channel.EMAIL,
        language=language,
        appointment=visit,
        due_at=_MADE_AT,
        not_before=_MADE_AT,
    )
    return Values(row, Situation(recall, [], [visit], [], [], {}))


def _recall(site: Site, kind: str) -> Recall:
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
        assessment=Assessment.SUSPICIOUS if kind == Kind.LAY_SUMMARY else Assessment.NEED_IMAGING,
        density=Density.C,
        first_screen=True,
        referrer=ReferringProvider(pk=0, name="Testa Example-Referrer, MD", postal_address="5 Invented Avenue"),
    )
    findings = [Finding(exam=exam, kind=found, side=Side.LEFT) for found in FindingKind]
    _prefetched(exam)["findings"] = findings
    return Recall(pk=0, patient=patient, exam=exam, site=site, opened_at=_MADE_AT, follow_up_on=date(2027, 6, 15))


def _prefetched(exam: Any) -> dict[str, Any]:
    """Where Django keeps rows that were read beforehand; these were never in the database."""
    exam._prefetched_objects_cache = {}
    kept: dict[str, Any] = exam._prefetched_objects_cache
    return kept


def _visit(recall: Recall, kind: VisitKind) -> Appointment:
    return Appointment(
        pk=0, recall=recall, site=recall.site, kind=kind, starts_at=_VISIT_AT, length_minutes=60, created_at=_MADE_AT
    )


@cache
def sample_site() -> Site:
    site = Site(
        code="SAMPLE",
        name="Sample Valley Imaging",
        sender_name="Sample Imaging",
        phone="+14125550100",
        contact_person="Ana Sample",
        address_line="100 Sample Street",
        city="Pittsburgh",
        state="PA",
        postal_code="15222",
        time_zone="America/New_York",
    )
    site.__dict__["week"] = dict.fromkeys(range(5), (time(8), time(17)))
    return with_shipped_texts(site)

"""Tests rendered messages as they go over the wire: names, neutral words, the right visit."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django.core import mail
from icalendar import Calendar

from clinic.factories import SiteFactory
from clinic.models import Site, User
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind
from notifications.models import Notification
from notifications.rendering.formatting import format_duration, format_opening_hours, format_time
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import OutcomeInput, Slot
from recalls.enums import VISITS_WITHOUT_IMAGES, Assessment, FindingKind, RecallKind, Side, VisitKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from recalls.testing.scenarios import SCENARIOS
from tests.notifications.clock import Clock, at, latest_notification, sent_messages

pytestmark = pytest.mark.django_db

REVEALING_WORDS = re.compile(
    r"breast(?!feeding)|mammogra|biops|cancer|tumou?r|malign|benign|birads|bi-rads|finding|calcific|\bmass\b|density|asymmetr|"
    r"\bleft\b|\bright\b|suspicious|abnormal|ultrasound|radiolog",
    re.IGNORECASE,
)


class VisibleTextParser(HTMLParser):
    """The words of a page that a person sees."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "title", "script")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "title", "script")

    def handle_data(self, data: str) -> None:
        if not self._hidden and self.words and self._glued(data):
            self.words[-1] += data.split()[0]
            data = data.split(maxsplit=1)[1] if len(data.split()) > 1 else ""
        if not self._hidden:
            self.words += data.split()

    def _glued(self, data: str) -> bool:
        """A stop right after a phone number that is kept in one line."""
        return data[:1] in (".", ",") and data.split()[0] in (".", ",")


def sent_emails() -> list[EmailMessage]:
    """What left so far, parsed from the bytes that a mail server would get."""
    parsed = [message_from_bytes(one.message().as_bytes(), policy=policy.default) for one in mail.outbox]
    assert all(isinstance(one, EmailMessage) for one in parsed)
    return parsed


def body_part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def visible_text(message: EmailMessage) -> list[str]:
    page = VisibleTextParser()
    page.feed(body_part(message, "html"))
    return page.words


@pytest.mark.parametrize("story", sorted(SCENARIOS))
def test_no_plain_message_on_any_way_tells_a_stranger_anything(story: str, clock: Clock, patient: object) -> None:
    with time_machine.travel(at("2026-11-24", "12:00"), tick=False) as traveller:
        recall = RecallFactory.create(**{story: True}, patient=patient)
        Clock(traveller).run_until("2026-12-24", "12:00")
        for message in sent_emails():
            assert not REVEALING_WORDS.search(str(message["Subject"]))
            assert not REVEALING_WORDS.search(body_part(message, "plain"))
            assert not REVEALING_WORDS.search(" ".join(visible_text(message)))
            assert recall.patient.family_name not in message.as_string()


def test_text_and_page_say_the_same(clock: Clock, recall: Recall, scheduler_ana: User) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run_until("2026-12-01")
    assert len(sent_emails()) == 3
    for message in sent_emails():
        assert [word for word in body_part(message, "plain").split() if word != "-"] == visible_text(message)


HOSTILE_NAMES = [
    "Testa\r\nBcc: thief@example.com",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "*Testa* _Oak_ [here](javascript:alert)",
    "$clinic_phone ${x} %(x)s",
    "# Testa",
    "1. Testa",
    "&lt;b&gt; \\ `Testa`",
    "Zoë-Ångström O'Testa",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_is_shown_letter_by_letter_and_never_obeyed(name: str, clock: Clock, shadyside: Site) -> None:
    patient = PatientFactory.create(site=shadyside, given_name=name, email="testa.oak@example.org")
    RecallFactory.create(patient=patient)
    send_due(5)
    (message,) = sent_emails()
    shown = " ".join(name.split())
    assert body_part(message, "plain").startswith(f"Hello {shown},")
    assert " ".join(visible_text(message)).startswith(f"Hello {shown},")
    assert message["Bcc"] is None
    assert [key for key, _value in message.items() if key in ("To", "Cc", "Bcc")] == ["To"]
    assert "<script" not in body_part(message, "html")
    assert "javascript:" not in re.sub(r">[^<]*<", "><", body_part(message, "html"))


@pytest.mark.parametrize("name", [*HOSTILE_NAMES[:3], "Sample, Imaging; <b>x</b>"])
def test_a_clinics_name_cannot_add_a_header(name: str, clock: Clock) -> None:
    site = SiteFactory.create(sender_name=name)
    RecallFactory.create(site=site)
    send_due(5)
    (message,) = sent_emails()
    assert message["Bcc"] is None
    assert message["From"].addresses[0].display_name == " ".join(name.split())
    assert "\n" not in str(message["Subject"])


def test_detail_is_written_only_to_somebody_who_said_yes_to_it(clock: Clock, shadyside: Site) -> None:
    for trait in ({}, {"detailed_email": True}):
        exam = {"exam__findings": [(FindingKind.CALCIFICATIONS, Side.LEFT), (FindingKind.MASS, Side.RIGHT)]}
        RecallFactory.create(patient=PatientFactory.create(site=shadyside, **trait), **exam)
    send_due(5)
    plain, detailed = (body_part(message, "plain") for message in sent_emails())
    assert "calcification" not in plain.lower()
    assert "calcification" in detailed.lower()
    assert "lump" in detailed.lower()


@pytest.mark.parametrize(("first_screen", "per_100"), [(True, "about 21"), (False, "about 10"), (None, "about 10")])
def test_the_figure_is_that_of_the_patients_kind_of_screen_and_the_general_one_where_nobody_knows(
    first_screen: bool | None, per_100: str, clock: Clock, shadyside: Site
) -> None:
    patient = PatientFactory.create(site=shadyside, detailed_email=True)
    RecallFactory.create(patient=patient, exam__first_screen=first_screen)
    send_due(5)
    assert f"{per_100} are called back" in " ".join(body_part(sent_emails()[0], "plain").split())


def test_a_recall_without_a_finding_says_what_kind_it_is(clock: Clock, shadyside: Site) -> None:
    patient = PatientFactory.create(site=shadyside, detailed_email=True)
    RecallFactory.create(patient=patient, exam__findings=[], exam__recall_kind=RecallKind.TECHNICAL)
    send_due(5)
    assert "did not come out well" in body_part(sent_emails()[0], "plain")


def test_the_calendar_entry_is_asked_for_moved_and_taken_away_under_one_name(
    clock: Clock, recall: Recall, scheduler_ana: User
) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run_until("2026-11-12")
    actions.reschedule(recall, Slot(recall.site, at("2026-12-01", "14:00"), length_minutes=90), by=scheduler_ana)
    clock.run_until("2026-11-13")
    actions.cancel_appointment(recall, by=scheduler_ana)
    clock.run_until("2026-11-13", "12:00")
    sheets = [Calendar.from_ical(next(message.iter_attachments()).get_content()) for message in sent_emails()]
    entries: list[Any] = [sheet.walk("VEVENT")[0] for sheet in sheets]
    assert [str(sheet["METHOD"]) for sheet in sheets] == ["REQUEST", "REQUEST", "CANCEL"]
    assert len({str(entry["UID"]) for entry in entries}) == 1
    assert [int(entry["SEQUENCE"]) for entry in entries] == [0, 1, 2]
    assert entries[1].start.astimezone(UTC) == datetime(2026, 12, 1, 19, 0, tzinfo=UTC)
    assert (entries[1].end - entries[1].start).total_seconds() == 90 * 60
    assert str(entries[2]["STATUS"]) == "CANCELLED"
    assert not REVEALING_WORDS.search(sheets[0].to_ical().decode())
    assert len(sheets[0].walk("VTIMEZONE")) == 1
    types = [next(message.iter_attachments())["Content-Type"] for message in sent_emails()]
    assert [kind.params["method"] for kind in types] == ["REQUEST", "REQUEST", "CANCEL"]


def test_a_biopsys_calendar_entry_looks_like_any_other_visits(clock: Clock) -> None:
    with time_machine.travel(at("2026-11-24", "12:00"), tick=False) as traveller:
        RecallFactory.create(biopsy_to_book=True, ended_at=at("2026-11-24", "12:00"))
        recall = Recall.objects.get()
        scheduler = recall.site.staff.get(groups__name="scheduler")
        actions.book_biopsy(recall, Slot(recall.site, at("2026-12-03", "10:00"), VisitKind.BIOPSY), by=scheduler)
        Clock(traveller).run_until("2026-11-25")
    assert latest_notification(recall, NotificationKind.BIOPSY_CONFIRMATION).rendered.calendar
    assert not REVEALING_WORDS.search(
        latest_notification(recall, NotificationKind.BIOPSY_CONFIRMATION).rendered.calendar
    )


OTHER_VISITS = (VisitKind.CEM, VisitKind.ASPIRATION, VisitKind.CLINICAL_EXAM, VisitKind.SURGICAL_CONSULT)


@pytest.mark.parametrize("kind", OTHER_VISITS)
@pytest.mark.parametrize("detailed", [True, False])
def test_messages_hold_what_is_true_of_the_visit_and_name_it_only_to_who_agreed_to_detail(
    kind: VisitKind, detailed: bool, clock: Clock, shadyside: Site, scheduler_ana: User
) -> None:
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, detailed_email=detailed))
    actions.book_appointment(recall, Slot(shadyside, at("2026-11-24", "10:30"), kind), by=scheduler_ana)
    clock.run_until("2026-11-25")
    confirmation = latest_notification(recall, NotificationKind.APPOINTMENT_CONFIRMATION).rendered
    reminder = latest_notification(recall, NotificationKind.APPOINTMENT_REMINDER).rendered
    assert confirmation.calendar
    for message in (confirmation, reminder):
        written = " ".join(message.text.split())
        named = re.compile(r"mammogra|cyst|aspirat|surg|consult|\bexams?\b", re.IGNORECASE)
        assert not named.search(message.calendar)
        assert detailed or not named.search(written)
        assert ("The doctor talks with you" in written) == (kind in VISITS_WITHOUT_IMAGES)
    promises_payment = "must now pay the full cost" in " ".join(confirmation.text.split())
    assert promises_payment == (kind == VisitKind.CEM)


def test_a_cancelled_visit_is_named_by_the_time_last_communicated(
    clock: Clock, recall: Recall, scheduler_ana: User
) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run_until("2026-11-12", "19:00")
    actions.reschedule(recall, Slot(recall.site, at("2026-12-01", "14:00")), by=scheduler_ana)
    actions.cancel_appointment(recall, by=scheduler_ana)  # before the message about the move could leave
    clock.run_until("2026-11-13")
    assert sent_messages(recall)[-1] == "Fri 2026-11-13 08:00 appointment_cancelled"
    assert "Tuesday, November 24, 2026 at 10:30 am" in " ".join(body_part(sent_emails()[-1], "plain").split())


def test_a_visit_is_told_in_the_local_time_of_its_site(
    clock: Clock, recall: Recall, foothills: Site, scheduler_ana: User
) -> None:
    actions.book_appointment(recall, Slot(foothills, at("2026-11-24", "12:30")), by=scheduler_ana)
    clock.run_until("2026-11-11", "09:00")
    clock.run_until("2026-11-12", "12:00")
    text = body_part(sent_emails()[0], "plain")
    assert "10:30 am" in text
    assert "Foothills Sample Imaging" in text


def test_a_patient_of_another_language_gets_english_until_the_translation_is_reviewed(
    clock: Clock, shadyside: Site
) -> None:
    RecallFactory.create(patient=PatientFactory.create(site=shadyside, spanish_speaker=True))
    assert set(Notification.objects.values_list("language", flat=True)) == {"en"}
    send_due(5)
    assert sent_emails()[0]["Content-Language"] == "en"
    assert "interpreters" in body_part(sent_emails()[0], "plain")


def test_a_probably_benign_outcome_names_the_month_and_the_last_good_day(
    clock: Clock, recall: Recall, scheduler_ana: User, radiologist_rao: User
) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-12", "10:00")), by=scheduler_ana)
    clock.run_until("2026-11-12", "11:00")
    actions.mark_attended(recall, by=scheduler_ana)
    actions.record_outcome(
        recall, OutcomeInput(Assessment.PROBABLY_BENIGN, release_at=at("2026-11-12", "11:00")), by=radiologist_rao
    )
    clock.run_until("2026-11-12", "12:00")
    text = " ".join(body_part(sent_emails()[-1], "plain").split())
    assert "May 2027" in text
    assert "Please come by May 31, 2027" in text


def test_hours_and_lengths_are_said_as_people_say_them(shadyside: Site) -> None:
    assert format_opening_hours(shadyside) == "Monday to Friday, 8 am to 5 pm"
    assert [format_duration(minutes) for minutes in (30, 60, 90, 120, 150)] == [
        "about 30 minutes",
        "about an hour",
        "about an hour and a half",
        "about 2 hours",
        "about 2 and a half hours",
    ]
    assert [format_time(at("2026-11-10", hour)) for hour in ("08:05", "12:00", "13:30")] == [
        "8:05 am",
        "12 noon",
        "1:30 pm",
    ]

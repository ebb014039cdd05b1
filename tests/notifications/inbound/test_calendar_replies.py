"""Tests that a patient's calendar is heard: a yes confirms, a no or a maybe asks a person to call."""

import mailbox
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from clinic.actors import INTAKE
from clinic.factories import get_site_staff
from clinic.models import Site
from notifications.delivery.worker import send_due
from notifications.inbound.calendar_replies import parse_calendar_reply
from notifications.rendering.calendar_invite import calendar_uid
from patients.actions import set_contact_point
from patients.models import ContactPoint
from recalls import actions
from recalls.actions import Slot
from recalls.enums import AppointmentStatus, WorkItemKind
from recalls.models import Appointment, Recall
from tests.notifications.clock import at

pytestmark = pytest.mark.django_db

PATIENT = "testa.oak@example.org"


@pytest.fixture
def visit(recall: Recall, shadyside: Site) -> Appointment:
    """Told by email, with a calendar entry."""
    actions.book_appointment(recall, Slot(shadyside, at("2026-11-24", "10:00")), by=get_site_staff(shadyside).scheduler)
    send_due(5)
    return recall.appointments.get()


def reply(
    visit: Appointment, said: str, *, sender: str = PATIENT, sequence: int | None = None, method: str = "REPLY",
    more: str = "", uid: str = "",
) -> bytes:  # fmt: skip
    """As the programs of Google and Microsoft write it."""
    number = visit.sequence if sequence is None else sequence
    return (
        f"From: Testa <{sender}>\r\nTo: clinic@example.org\r\nSubject: {said}: Appointment\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/alternative; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
        f"--B\r\nContent-Type: text/calendar; charset=UTF-8; method={method}\r\n\r\n"
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\n"
        f"UID:{uid or calendar_uid(visit)}\r\nSEQUENCE:{number}\r\nDTSTAMP:20261111T120000Z\r\n"
        f"ATTENDEE;CN=Testa;PARTSTAT={said}:mailto:{sender}\r\n{more}END:VEVENT\r\nEND:VCALENDAR\r\n\r\n--B--\r\n"
    ).encode()


@pytest.fixture
def inbox(tmp_path: Path) -> mailbox.Maildir:
    return mailbox.Maildir(tmp_path / "replies", create=True)


def read(inbox: mailbox.Maildir, *mails: bytes) -> str:
    for mail in mails:
        inbox.add(mail)
    out = StringIO()
    call_command("read_bounces", maildir=str(inbox._path), stdout=out)
    return out.getvalue()


def task(visit: Appointment) -> str:
    item = visit.recall.work_items.filter(kind=WorkItemKind.PATIENT_REQUEST, done_at=None).first()
    return item.reason if item else ""


def test_a_yes_confirms_the_visit_once(visit: Appointment, inbox: mailbox.Maildir) -> None:
    assert "1 reports taken" in read(inbox, reply(visit, "ACCEPTED"))
    visit.refresh_from_db()
    assert visit.status == AppointmentStatus.CONFIRMED
    assert visit.recall.events.latest("pk").by == "patient"
    assert "1 known already" in read(inbox, reply(visit, "ACCEPTED"))


@pytest.mark.parametrize(("said", "words"), [("DECLINED", "declined the visit"), ("TENTATIVE", "maybe")])
def test_a_no_or_a_maybe_asks_a_person_and_leaves_the_visit(
    visit: Appointment, inbox: mailbox.Maildir, said: str, words: str
) -> None:
    mail = reply(visit, said, more="COMMENT:Prefiero el lunes\r\n")
    assert "1 reports taken" in read(inbox, mail)
    assert words in task(visit)
    assert "Prefiero el lunes" in task(visit)
    assert "10:00" in task(visit)
    visit.refresh_from_db()
    assert visit.status == AppointmentStatus.BOOKED
    assert "1 known already" in read(inbox, mail)


def test_another_time_proposed_stands_in_the_task(visit: Appointment, inbox: mailbox.Maildir) -> None:
    read(inbox, reply(visit, "TENTATIVE", method="COUNTER", more="DTSTART:20261125T193000Z\r\n"))
    assert "2:30 pm" in task(visit)


def test_an_answer_to_a_time_that_was_moved_since_says_nothing(
    visit: Appointment, inbox: mailbox.Maildir, shadyside: Site
) -> None:
    recall = Recall.objects.get(pk=visit.recall_id)
    actions.reschedule(recall, Slot(shadyside, at("2026-11-25", "10:00")), by=get_site_staff(shadyside).scheduler)
    read(inbox, reply(visit, "ACCEPTED", sequence=0), reply(visit, "DECLINED", sequence=0))
    visit.refresh_from_db()
    assert (visit.status, task(visit)) == (AppointmentStatus.BOOKED, "")


def test_a_stranger_who_guesses_the_entry_is_not_heard(visit: Appointment, inbox: mailbox.Maildir) -> None:
    assert "1 other mails" in read(inbox, reply(visit, "ACCEPTED", sender="stranger@example.com"))
    visit.refresh_from_db()
    assert visit.status == AppointmentStatus.BOOKED


def test_the_address_that_was_written_to_is_heard_after_another_was_given(
    visit: Appointment, inbox: mailbox.Maildir
) -> None:
    set_contact_point(visit.recall.patient, ContactPoint.Kind.EMAIL, "ana.nueva@example.net", by=INTAKE)
    read(inbox, reply(visit, "DECLINED", sender=PATIENT.upper()))
    assert task(visit)


def test_mail_that_answers_no_entry_of_ours_is_left_alone(visit: Appointment, inbox: mailbox.Maildir) -> None:
    mails = [
        reply(visit, "DECLINED", uid="0000@google.com"),
        reply(visit, "NEEDS-ACTION"),
        reply(visit, "DECLINED", method="REQUEST"),
        reply(visit, "DECLINED").replace(b":VEVENT", b":VTODO"),
        b"Subject: hello\r\n\r\nI cannot come.",
    ]
    assert "5 other mails" in read(inbox, *mails)
    assert task(visit) == ""


def test_a_visit_that_was_cancelled_is_not_confirmed_by_its_calendar(
    visit: Appointment, inbox: mailbox.Maildir
) -> None:
    actions.cancel_appointment(Recall.objects.get(pk=visit.recall_id), by=get_site_staff(visit.site).scheduler)
    assert "1 other mails" in read(inbox, reply(visit, "ACCEPTED"))


def test_an_entry_that_is_a_file_beside_the_words_is_read_too(visit: Appointment) -> None:
    raw = reply(visit, "Declined").replace(b"text/calendar", b"application/ics")
    found = parse_calendar_reply(raw)
    assert found is not None
    assert found.uid == calendar_uid(visit)

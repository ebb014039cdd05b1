"""Holds what a patient may do on the page and that it reaches the staff who must act on it."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from clinic.models import Site, User
from patients.channels import get_patient_channels
from patients.models import Consent, ContactPoint, Patient, PatientLink, ResultWish
from recalls import actions
from recalls.enums import AppointmentStatus, State, WorkItemKind
from recalls.models import Recall, WorkItem
from recalls.testing.factories import RecallFactory
from tests.portal.conftest import page_text, slot_in

pytestmark = pytest.mark.django_db

VisitAs = Callable[[Patient], Client]


@pytest.fixture
def booked(shadyside: Site) -> Recall:
    return RecallFactory.create(site=shadyside, booked=True)


def _confirm(client: Client, recall: Recall) -> str:
    visit = recall.appointments.get()
    return page_text(client.post("/my/confirm/", {"visit": visit.pk, "moved": visit.sequence}, follow=True))


def test_i_will_be_there_confirms_the_visit_in_the_patients_name_and_once(
    open_page_as: VisitAs, booked: Recall
) -> None:
    client = open_page_as(booked.patient)
    assert "You told us that you will be there" in _confirm(client, booked)
    _confirm(client, booked)
    assert booked.appointments.get().status == AppointmentStatus.CONFIRMED
    assert booked.events.get(step="confirm").by == "patient"


def test_a_visit_that_was_moved_meanwhile_is_shown_anew_and_not_confirmed(
    open_page_as: VisitAs, booked: Recall, scheduler_ana: User
) -> None:
    client, seen = open_page_as(booked.patient), booked.appointments.get()
    slot = slot_in(21, booked.site)
    actions.reschedule(booked, slot, by=scheduler_ana)
    page = client.post("/my/confirm/", {"visit": seen.pk, "moved": seen.sequence}, follow=True)
    assert "Your visit has changed" in page_text(page)
    assert booked.appointments.get().status == AppointmentStatus.BOOKED


def test_asking_for_another_time_is_a_task_at_once_and_the_visit_stays_booked(
    open_page_as: VisitAs, booked: Recall
) -> None:
    page = open_page_as(booked.patient).post("/my/ask/another-time/", {"note": "Mornings,\n please"}, follow=True)
    item = WorkItem.objects.get(recall=booked)
    assert item.kind == WorkItemKind.PATIENT_REQUEST
    assert item.reason.startswith("I need another time (booked: ")
    assert item.reason.endswith("Mornings, please")
    booked.refresh_from_db()
    assert booked.state == State.SCHEDULED
    assert "Our team has your message and will call you" in page_text(page)


def test_staff_read_the_request_in_their_language_whatever_the_patients_is(
    open_page_as: VisitAs, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True, patient__language="es")
    open_page_as(recall.patient).post("/my/ask/cannot-come/", {"note": "Estoy de viaje"})
    reason = WorkItem.objects.get(recall=recall).reason
    assert reason.startswith("I cannot come (booked: ")
    assert reason.endswith("Estoy de viaje")


def test_a_second_request_joins_the_first_and_the_same_one_again_changes_nothing(
    open_page_as: VisitAs, booked: Recall
) -> None:
    client = open_page_as(booked.patient)
    for words in ("Mornings", "No, evenings", "No, evenings"):
        client.post("/my/ask/another-time/", {"note": words})
    newest, earlier = WorkItem.objects.get(recall=booked).reason.split(" | ")
    assert newest.endswith("No, evenings")
    assert earlier.endswith("Mornings")


def test_without_a_visit_a_patient_can_ask_to_be_called_and_nothing_else(
    open_page_as: VisitAs, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    client = open_page_as(recall.patient)
    client.post("/my/ask/another-time/", {"note": "x"})
    assert not WorkItem.objects.exists()
    client.post("/my/ask/call-me/", {"note": "After 5 pm"})
    assert WorkItem.objects.get(recall=recall).reason == "Please call me. After 5 pm"
    assert client.get("/my/ask/something-else/").status_code == 404


def test_after_the_recall_is_closed_a_call_can_still_be_asked_for(open_page_as: VisitAs, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, closed_normal=True)
    open_page_as(recall.patient).post("/my/ask/call-me/", {"note": ""})
    assert WorkItem.objects.get(patient=recall.patient, recall=None).kind == WorkItemKind.PATIENT_REQUEST


@pytest.mark.parametrize("story", ["lost", "declined", "transferred"])
def test_a_patient_who_ended_without_an_answer_and_asks_for_a_call_is_taken_back(
    story: str, open_page_as: VisitAs, shadyside: Site, scheduler_ana: User, client: Client
) -> None:
    recall = RecallFactory.create(site=shadyside, **{story: True})
    page = open_page_as(recall.patient).post("/my/ask/call-me/", {"note": "I can come now"}, follow=True)
    assert "Our team has your message and will call you" in page_text(page)
    recall.refresh_from_db()
    assert recall.state == State.TO_CONTACT
    assert recall.events.get(step="take_back").by == "patient"
    assert (
        WorkItem.objects.get(recall=recall, kind=WorkItemKind.PATIENT_REQUEST).reason
        == "Please call me. I can come now"
    )
    client.force_login(scheduler_ana)
    on_top = client.get("/queue/").context["patient_requests"]
    assert [row.url for row in on_top] == [f"/recalls/{recall.pk}/"]


def test_the_patient_says_how_they_want_to_hear_an_answer_and_staff_find_it_in_the_history(
    open_page_as: VisitAs, booked: Recall
) -> None:
    client, patient = open_page_as(booked.patient), booked.patient
    version = booked.version
    unchanged = {"language": "en", "email": "on", "channel": ""}
    client.post("/my/choices/", unchanged)
    booked.refresh_from_db()
    assert booked.version == version, "nothing was said"
    said = {"channel": "phone", "not_before_weekend": "on", "proxy_name": "Sam Sample", "proxy_phone": "412 555 0123"}
    client.post("/my/choices/", unchanged | said)
    wish = ResultWish.objects.get(patient=patient)
    assert (wish.channel, wish.not_before_weekend, wish.no_details) == ("phone", True, False)
    assert wish.proxy_name == "Sam Sample"
    event = booked.events.latest("pk")
    assert (event.step, event.by, event.note) == ("record_wishes", "patient", "Said on the patient's page.")
    assert re.search(r'value="phone"[^>]* checked', client.get("/my/choices/").content.decode())


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_of_choices_says_nothing_about_health(language: str, open_page_as: VisitAs, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True, patient__language=language, patient__no_email=True)
    page = page_text(open_page_as(recall.patient).get("/my/choices/")).lower()
    for word in ("mammogra", "breast", "biops", "cancer", "cáncer", "seno", "mama", "result"):
        assert word not in page


def test_too_many_words_are_kept_in_the_form_and_explained(open_page_as: VisitAs, booked: Recall) -> None:
    words = "I work at night. " * 20
    page = open_page_as(booked.patient).post("/my/ask/another-time/", {"note": words})
    assert words.strip() in page_text(page)
    assert "at most 200 characters" in page_text(page)
    assert not WorkItem.objects.exists()


def test_the_patient_chooses_language_and_channels_and_only_changes_are_recorded(
    open_page_as: VisitAs, booked: Recall
) -> None:
    client, patient = open_page_as(booked.patient), booked.patient
    before = Consent.objects.count()
    client.post("/my/choices/", {"language": "en", "email": "on"})
    assert Consent.objects.count() == before
    client.post("/my/choices/", {"language": "es", "sms": "on"})
    patient.refresh_from_db()
    assert patient.language == "es"
    assert get_patient_channels(patient).email_blocked_reason == "opted_out"
    assert get_patient_channels(patient).sms_allowed
    assert set(patient.consents.filter(source="patient page").values_list("subject", "granted")) == {
        (Consent.Subject.EMAIL, False),
        (Consent.Subject.SMS, True),
    }


def test_a_channel_without_an_address_is_not_offered(open_page_as: VisitAs, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, patient__no_email=True, patient__no_phone=True)
    page = page_text(open_page_as(recall.patient).get("/my/choices/"))
    assert "We have no email address that works" in page
    assert "Send me text messages" not in page


def test_a_language_we_have_no_pages_in_is_kept_until_the_patient_picks_another(
    open_page_as: VisitAs, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, patient__language="vi")
    client = open_page_as(recall.patient)
    assert "vi, as you told us" in page_text(client.get("/my/choices/"))
    client.post("/my/choices/", {"language": "vi", "email": "on"})
    recall.patient.refresh_from_db()
    assert recall.patient.language == "vi"


def test_the_calendar_entry_names_the_clinic_and_the_hour_and_no_reason(open_page_as: VisitAs, booked: Recall) -> None:
    response = open_page_as(booked.patient).get("/my/visit.ics")
    assert response.headers["Content-Type"].startswith("text/calendar")
    entry = Calendar.from_ical(response.content).walk("VEVENT")[0]
    assert entry.decoded("dtstart") == booked.appointments.get().starts_at
    assert str(entry["summary"]) == "Appointment at Shadyside Sample Imaging"
    for word in ("mammo", "breast", "recall", "biopsy", booked.patient.family_name.lower()):
        assert word not in response.content.decode().lower().replace("-//recall desk//", "")


def test_a_stranger_who_read_the_mail_inside_can_stop_it_too(open_page_as: VisitAs, booked: Recall) -> None:
    client = open_page_as(booked.patient)
    client.post("/my/not-me/")
    assert booked.patient.contact_points.get(kind=ContactPoint.Kind.EMAIL).unusable == ContactPoint.UnusableReason.WRONG
    assert client.get("/my/").status_code == 403


def test_a_patient_can_close_the_page_on_a_shared_phone(open_page_as: VisitAs, booked: Recall) -> None:
    client = open_page_as(booked.patient)
    assert "Nobody can see it on this device now" in page_text(client.post("/my/leave/"))
    assert client.get("/my/").status_code == 403


def test_the_page_closes_a_quarter_of_an_hour_after_the_last_click(open_page_as: VisitAs, booked: Recall) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        client = open_page_as(booked.patient)
        clock.shift(timedelta(minutes=14))
        assert client.get("/my/").status_code == 200
        clock.shift(timedelta(minutes=14))
        assert client.get("/my/").status_code == 200
        clock.shift(timedelta(minutes=16))
        assert client.get("/my/").status_code == 403


def test_the_page_closes_after_an_hour_in_any_case(open_page_as: VisitAs, booked: Recall) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client, answers = open_page_as(booked.patient), []
        for _click in range(7):
            clock.shift(timedelta(minutes=10))
            answers.append(client.get("/my/").status_code)
    assert answers == [200] * 6 + [403]


def test_words_typed_before_the_page_closed_are_shown_again(open_page_as: VisitAs, booked: Recall) -> None:
    client = open_page_as(booked.patient)
    client.cookies.clear()
    page = client.post("/my/ask/another-time/", {"note": "Only on Fridays"})
    assert "This was not sent. You wrote: Only on Fridays" in page_text(page)
    assert not WorkItem.objects.exists()


def test_a_link_that_is_withdrawn_closes_the_page_at_once(open_page_as: VisitAs, booked: Recall) -> None:
    client = open_page_as(booked.patient)
    PatientLink.objects.update(revoked_at=timezone.now())
    assert client.get("/my/").status_code == 403


def test_one_patients_cookie_never_shows_another_patient(open_page_as: VisitAs, booked: Recall) -> None:
    other = RecallFactory.create(site=booked.site, patient__given_name="Testina", booked=True)
    client = open_page_as(booked.patient)
    visit = other.appointments.get()
    client.post("/my/confirm/", {"visit": visit.pk, "moved": visit.sequence})
    assert other.appointments.get().status == AppointmentStatus.BOOKED
    assert "Testina" not in page_text(client.get("/my/"))
    client.cookies["my"] = client.cookies["my"].value.replace("e", "f", 1)
    assert client.get("/my/").status_code == 403

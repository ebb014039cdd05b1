"""Tests that staff see each message as sent, and stop or send one from its page."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from clinic.models import AccessLog, User
from notifications.enums import NotificationKind, NotificationState
from notifications.models import Notification, RenderedMessage
from patients.models import ContactPoint
from recalls import actions
from recalls.actions import Slot
from recalls.models import Recall
from tests.notifications.clock import Clock, at, latest_notification, sent_messages

pytestmark = pytest.mark.django_db


@pytest.fixture
def booked(clock: Clock, recall: Recall, scheduler_ana: User) -> Recall:
    """The confirmation has left, both reminders wait."""
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run_until("2026-11-10", "09:00")
    return recall


@pytest.fixture
def ana(client: Client, scheduler_ana: User) -> Client:
    client.force_login(scheduler_ana)
    return client


def _send(browser: Client, url: str, reason: str = "The patient asked for it.") -> Any:
    """Open the form and send it, as a browser does."""
    form = browser.get(url).context["form"]
    return browser.post(url, {**form.initial, "note": reason})


def _words(page: Any) -> str:
    words: str = page.content.decode().replace("&#x27;", "'")
    return words


def test_the_history_leads_to_the_message_word_for_word_as_it_was_sent(ana: Client, booked: Recall) -> None:
    sent = latest_notification(booked, NotificationKind.APPOINTMENT_CONFIRMATION)
    url = reverse("message", args=[sent.pk])
    assert f'href="{url}"' in _words(ana.get(reverse("recall", args=[booked.pk])))
    copy = RenderedMessage.objects.get(notification=sent)
    booked.patient.contact_points.filter(kind=ContactPoint.Kind.EMAIL).update(value="testa.new@example.org")
    page = ana.get(url)
    assert page.context["content"] == copy
    assert copy.text.strip()[:200] in _words(page)
    assert "testa.oak@example.org" in _words(page)
    assert "As it was sent" in _words(page)
    assert "Accepted is not delivered" in _words(page)
    assert ana.get(f"{url}page/").content.decode() == copy.html


def test_a_message_to_come_is_shown_as_it_would_look_now(ana: Client, booked: Recall) -> None:
    waits = Notification.objects.filter(recall=booked, kind=NotificationKind.APPOINTMENT_REMINDER).earliest("due_at")
    page = _words(ana.get(reverse("message", args=[waits.pk])))
    assert "As it would look now" in page
    assert "Tuesday, November 24, 2026" in page
    assert not RenderedMessage.objects.filter(notification=waits).exists()


def test_the_page_inside_a_message_can_run_nothing(ana: Client, booked: Recall) -> None:
    sent = latest_notification(booked, NotificationKind.APPOINTMENT_CONFIRMATION)
    for name, pk in (("message_html", sent.pk), ("message_resend_html", sent.pk), ("message_new_html", booked.pk)):
        answer = ana.get(reverse(name, args=[pk]))
        policy = answer["Content-Security-Policy"]
        assert answer.status_code == 200
        assert "default-src 'none'" in policy
        assert "sandbox" in policy
        assert "script-src" not in policy
        assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_the_list_shows_first_what_is_to_come_and_last_what_was_dropped(ana: Client, booked: Recall) -> None:
    rows = ana.get(reverse("messages", args=[booked.pk])).context["rows"]
    assert [(row.title, row.state_label) for row in rows] == [
        ("Visit reminder", "Planned"),
        ("Visit reminder", "Planned"),
        ("Visit booked", "Accepted by the mail server"),
        ("Last letter, by certified mail", "Cancelled"),
        ("Please call us", "Cancelled"),
        ("Please call us", "Cancelled"),
        ("Please come back", "Cancelled"),
    ]


def test_a_scheduler_stops_a_message_with_a_reason(ana: Client, booked: Recall) -> None:
    waits = latest_notification(booked, NotificationKind.APPOINTMENT_REMINDER)
    url = reverse("message", args=[waits.pk])
    assert "Please look at this again" in _words(_send(ana, url, reason=""))
    assert _send(ana, url).status_code == 302
    waits.refresh_from_db()
    assert waits.state == NotificationState.CANCELLED
    assert "Somebody at the clinic stopped it." in _words(ana.get(url))
    assert "The patient asked for it." in _words(ana.get(reverse("recall", args=[booked.pk])))


def test_a_scheduler_resends_a_message_after_a_preview(clock: Clock, ana: Client, booked: Recall) -> None:
    url = reverse("message_resend", args=[latest_notification(booked, NotificationKind.APPOINTMENT_CONFIRMATION).pk])
    assert "Tuesday, November 24, 2026" in _words(ana.get(url))
    assert Notification.objects.filter(recall=booked, occasion__contains="again").count() == 0
    assert _send(ana, url).status_code == 302
    clock.run_until("2026-11-10", "09:30")
    assert sent_messages(booked)[1:] == ["Tue 2026-11-10 09:00 appointment_confirmation"]


def test_a_scheduler_asks_the_patient_to_call(clock: Clock, ana: Client, booked: Recall) -> None:
    url = reverse("message_new", args=[booked.pk])
    assert "We would like to talk with you" in _words(ana.get(url))
    assert _send(ana, url, reason="").status_code == 200
    assert _send(ana, url).status_code == 302
    clock.run_until("2026-11-10", "09:30")
    assert sent_messages(booked)[1:] == ["Tue 2026-11-10 09:00 please_call"]


def test_what_cannot_be_done_says_why_and_loses_no_word(ana: Client, booked: Recall, scheduler_bea: User) -> None:
    waits = latest_notification(booked, NotificationKind.APPOINTMENT_REMINDER)
    url = reverse("message", args=[waits.pk])
    form = ana.get(url).context["form"]
    actions.confirm(booked, by=scheduler_bea)
    answer = ana.post(url, {**form.initial, "note": "Knows the day."})
    assert answer.status_code == 409
    assert "was first: “Confirm visit”" in _words(answer)
    assert "Knows the day." in _words(answer)
    waits.refresh_from_db()
    assert waits.state == NotificationState.PLANNED


def test_a_radiologist_reads_and_changes_nothing(client: Client, booked: Recall, radiologist_rao: User) -> None:
    client.force_login(radiologist_rao)
    waits = latest_notification(booked, NotificationKind.APPOINTMENT_REMINDER)
    page = client.get(reverse("message", args=[waits.pk]))
    assert "Your role may not do this." in _words(page)
    form = page.context["form"]
    answer = client.post(reverse("message", args=[waits.pk]), {**form.initial, "note": "Not theirs to do."})
    assert answer.status_code == 403
    waits.refresh_from_db()
    assert waits.state == NotificationState.PLANNED


@pytest.mark.parametrize("name", ["messages", "message_new", "message_new_html"])
def test_messages_of_another_sites_recall_are_not_there(
    name: str, client: Client, booked: Recall, other_site_scheduler: User
) -> None:
    client.force_login(other_site_scheduler)
    assert client.get(reverse(name, args=[booked.pk])).status_code == 404


@pytest.mark.parametrize("name", ["message", "message_html", "message_resend", "message_resend_html"])
def test_a_message_of_another_site_is_not_there(
    name: str, client: Client, booked: Recall, other_site_scheduler: User
) -> None:
    client.force_login(other_site_scheduler)
    sent = latest_notification(booked, NotificationKind.APPOINTMENT_CONFIRMATION)
    assert client.get(reverse(name, args=[sent.pk])).status_code == 404


def test_a_look_at_a_message_is_on_record(ana: Client, booked: Recall, scheduler_ana: User) -> None:
    ana.get(reverse("message", args=[latest_notification(booked, NotificationKind.APPOINTMENT_CONFIRMATION).pk]))
    seen = AccessLog.objects.get(user=scheduler_ana)
    assert (seen.page, seen.patient_id) == ("message", booked.patient_id)


def test_the_recall_page_asks_the_same_number_of_questions_however_many_messages_it_tells(
    clock: Clock, ana: Client, booked: Recall, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    url = reverse("recall", args=[booked.pk])
    with django_assert_max_num_queries(60) as few:
        ana.get(url)
    clock.run_until("2026-11-23", "12:00")
    assert len(sent_messages(booked)) == 3
    with django_assert_max_num_queries(len(few)):
        ana.get(url)

"""Tests that staff read the demo's mail of their own sites only, with nothing in it that can act."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from clinic.models import AccessLog, User
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind
from recalls import actions
from recalls.actions import Slot
from recalls.models import Recall
from tests.notifications.clock import Clock, at, latest_notification

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _kept_on_this_machine(settings: LazySettings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "notifications.backends.maildir.EmailBackend"
    settings.MAIL_INBOX_DIR = tmp_path / "mail"


@pytest.fixture
def letter_key(clock: Clock, recall: Recall, scheduler_ana: User, settings: LazySettings) -> str:
    """A confirmation with its calendar entry, in the inbox."""
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    send_due(5)
    (path,) = (Path(settings.MAIL_INBOX_DIR) / "new").iterdir()
    return path.name


def test_the_inbox_lists_what_was_sent(client: Client, scheduler_ana: User, letter_key: str) -> None:
    client.force_login(scheduler_ana)
    page = client.get(reverse("inbox")).content.decode()
    assert "testa.oak@example.org" in page
    assert "Your appointment at Shadyside Sample Imaging" in page
    assert reverse("inbox_message", args=[letter_key]) in page


def test_a_message_shows_its_headers_both_forms_and_its_calendar_entry(
    client: Client, scheduler_ana: User, recall: Recall, letter_key: str
) -> None:
    client.force_login(scheduler_ana)
    page = client.get(reverse("inbox_message", args=[letter_key])).content.decode()
    row = latest_notification(recall, NotificationKind.APPOINTMENT_CONFIRMATION)
    assert str(row.public_id) in page
    assert "Tuesday, November 24, 2026" in page
    assert '<iframe class="letter-page" sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert AccessLog.objects.get(user=scheduler_ana).patient_id == recall.patient_id
    entry = client.get(reverse("inbox_attachment", args=[letter_key, 0]))
    assert entry["Content-Type"] == "text/calendar"
    assert entry.content.startswith(b"BEGIN:VCALENDAR")


def test_the_page_of_a_message_can_run_nothing_and_load_nothing(
    client: Client, scheduler_ana: User, letter_key: str
) -> None:
    client.force_login(scheduler_ana)
    answer = client.get(reverse("inbox_html", args=[letter_key]))
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "<script" not in answer.content.decode()
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_mail_of_another_site_is_not_there(client: Client, other_site_scheduler: User, letter_key: str) -> None:
    client.force_login(other_site_scheduler)
    assert "testa.oak" not in client.get(reverse("inbox")).content.decode()
    for name in ("inbox_message", "inbox_html"):
        assert client.get(reverse(name, args=[letter_key])).status_code == 404


def test_a_name_that_leads_out_of_the_inbox_finds_nothing(client: Client, scheduler_ana: User, letter_key: str) -> None:
    client.force_login(scheduler_ana)
    assert client.get(f"/inbox/..%2Fnew%2F{letter_key}/").status_code == 404
    assert client.get("/inbox/../").status_code == 404


def test_there_is_no_inbox_where_a_mail_server_is_set(
    client: Client, scheduler_ana: User, settings: LazySettings
) -> None:
    client.force_login(scheduler_ana)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert client.get(reverse("inbox")).status_code == 404


def test_older_messages_follow_on_the_next_page(
    client: Client, scheduler_ana: User, letter_key: str, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    clock.run_until("2026-11-24", "08:00")  # two reminders more
    monkeypatch.setattr("notifications.presenters.demo_inbox.PAGE_SIZE", 2)
    client.force_login(scheduler_ana)
    first = client.get(reverse("inbox"))
    assert len(first.context["items"]) == 2
    second = client.get(reverse("inbox"), {"before": first.context["next_key"]})
    assert [letter.mail.key for letter, _when in second.context["items"]] == [letter_key]
    assert second.context["next_key"] == ""

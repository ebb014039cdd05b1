"""Plays a patient who answers texts: another time than the held one, a move, and a visit that is cancelled."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from notifications.models import Notification
from patients.models import ContactPoint
from recalls import actions
from recalls.actions.time_offers.upkeep import tend_held_slots
from recalls.enums import AppointmentStatus
from recalls.models import Appointment, HeldSlot, Recall, SlotPolicy
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.browser.conftest import axe_violations, has_horizontal_scroll
from tests.time_offers.texting import reached_by_text

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TOKEN = "token"


@pytest.fixture
def recall(shadyside: Site, settings: LazySettings) -> Recall:
    """A time is held, and the text that says so has reached the patient."""
    settings.SMS_URL = f"twilio://sid:{TOKEN}@+14125550100"
    SlotPolicy.objects.create(site=shadyside, holds_slots=True, self_booking=True)
    RoomFactory.create(site=shadyside)
    made: Recall = RecallFactory.create(site=shadyside, patient__text_messages=True)
    tend_held_slots()
    assert HeldSlot.objects.standing(timezone.now()).get().recall == made
    reached_by_text(made, "held_time", "held-1")
    return made


@pytest.fixture
def answer(client: Client, settings: LazySettings, recall: Recall) -> Callable[[str], None]:
    """The provider hands over what the patient wrote, with its signature."""

    def send(words: str) -> None:
        number = recall.patient.contact_points.get(kind=ContactPoint.Kind.MOBILE).value
        fields = {"From": number, "To": "+14125550100", "Body": words}
        signed = settings.PUBLIC_URL + reverse("sms_inbound") + "".join(name + fields[name] for name in sorted(fields))
        digest = hmac.new(TOKEN.encode(), signed.encode(), hashlib.sha1).digest()
        headers = {"X-Twilio-Signature": base64.b64encode(digest).decode()}
        assert client.post(reverse("sms_inbound"), fields, headers=headers).status_code == 200

    return send


def read_text(page: Page, url: str, recall: Recall, kind: str) -> str:
    """The text as its page shows it; then it has reached the patient."""
    row = Notification.objects.filter(recall=recall, kind=kind).latest("pk")
    page.goto(f"{url}{reverse('message', args=[row.pk])}")
    said = page.locator("main").inner_text()
    reached_by_text(recall, kind, row.occasion)
    return said


def test_another_time_is_chosen_moved_and_cancelled_by_text_and_the_recalls_page_tells_it(
    sign_in: Callable[[User], Page], live_server: LiveServer, scheduler_ana: User, recall: Recall,
    answer: Callable[[str], None],
) -> None:  # fmt: skip
    page, url = sign_in(scheduler_ana), live_server.url
    answer("2")
    assert re.search(r"reply 4 for \w+ .*, 5 for .*, 6 for ", read_text(page, url, recall, "other_times"))
    times = actions.listed_times(recall.events.get(step="offer_times").data)
    for _twice in range(2):
        answer("5")
    visit = Appointment.objects.get()
    assert (visit.starts_at, visit.sequence) == (times["5"], 0)
    page.goto(f"{url}{reverse('recall', args=[recall.pk])}")
    expect(page.get_by_text("Chosen by text message.").first).to_be_visible()
    expect(page.get_by_text("Wants another time: some are texted").first).to_be_visible()

    named = {"appointment": visit, "appointment_sequence": 0}
    reached_by_text(recall, "appointment_reminder", f"visit-{visit.pk}-0-7d", **named)
    answer("MOVE")
    assert re.search(r"reply 7 for \w+ .*, 8 for ", read_text(page, url, recall, "other_times"))
    answer("7 please")
    moved = actions.listed_times(recall.events.filter(step="offer_times").latest("version").data)["7"]
    visit.refresh_from_db()
    assert (visit.starts_at, visit.sequence) == (moved, 1)

    named["appointment_sequence"] = 1
    reached_by_text(recall, "appointment_changed", f"visit-{visit.pk}-1", **named)
    answer("Can't come")
    assert "to cancel, reply 11 fear, 12 cost, 13 ride" in read_text(page, url, recall, "cancel_reasons")
    answer("13")
    visit.refresh_from_db()
    assert visit.status == AppointmentStatus.CANCELLED
    page.goto(f"{url}{reverse('recall', args=[recall.pk])}")
    expect(page.get_by_text("Cancelled by the patient: I have no ride").first).to_be_visible()
    expect(page.get_by_text("Cannot come: asked by text for the reason").first).to_be_visible()
    assert axe_violations(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert not has_horizontal_scroll(page)

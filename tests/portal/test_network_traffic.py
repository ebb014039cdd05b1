"""Holds how little passes between phone and clinic, and that a link scanner changes nothing."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from patients.models import PatientLink
from recalls.enums import AppointmentStatus, FindingKind, Side
from recalls.models import Recall, RecallEvent, WorkItem
from recalls.testing.factories import RecallFactory
from tests.browser.conftest import sign_in  # noqa: F401  (a fixture)
from tests.portal.conftest import make_link

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
MAX_FIRST_LOAD_BYTES = 50_000  # bytes


@pytest.fixture
def booked(shadyside: Site) -> Recall:
    recall: Recall = RecallFactory.create(site=shadyside, booked=True)
    for kind in (FindingKind.MASS, FindingKind.ASYMMETRY, FindingKind.DENSITY):
        recall.exam.findings.create(kind=kind, side=Side.BOTH)
    return recall


def verify_birth_date(page: Any, address: str, recall: Recall) -> None:
    born = recall.patient.birth_date
    page.goto(address)
    page.get_by_label("Month").fill(str(born.month))
    page.get_by_label("Day", exact=True).fill(str(born.day))
    page.get_by_label("Year").fill(str(born.year))
    page.get_by_role("button", name="Show my page").click()
    page.get_by_role("heading", name="Your visit", exact=True).wait_for()


def test_the_first_load_of_a_full_page_stays_under_fifty_thousand_bytes(
    browser: Browser, live_server: LiveServer, booked: Recall
) -> None:
    context = browser.new_context(**PHONE)
    page = context.new_page()
    verify_birth_date(page, live_server.url + make_link(booked.patient), booked)
    page.wait_for_load_state("networkidle")
    sizes: dict[str, int] = page.evaluate(
        """() => Object.fromEntries([...performance.getEntriesByType("navigation"),
            ...performance.getEntriesByType("resource")].map((one) => [one.name, one.decodedBodySize]))"""
    )
    assert any(url.endswith(".css") for url in sizes)
    assert sizes[f"{live_server.url}/my/"] > 10_000
    assert sum(sizes.values()) < MAX_FIRST_LOAD_BYTES, sizes
    context.close()


def test_fifty_visits_of_a_mail_scanner_change_nothing_and_the_patient_still_gets_in(
    browser: Browser, live_server: LiveServer, booked: Recall
) -> None:
    """A scanner with a whole browser: it runs what the page has and follows each of its links."""
    address = live_server.url + make_link(booked.patient)
    before = list(PatientLink.objects.values()), RecallEvent.objects.count(), booked.appointments.get().status
    scanner = browser.new_context()
    page = scanner.new_page()
    for turn in range(50):
        page.goto(address)
        if turn % 10 == 0:
            for link in page.locator("a[href^='/']").all():
                assert scanner.request.get(live_server.url + str(link.get_attribute("href"))).ok
    assert (list(PatientLink.objects.values()), RecallEvent.objects.count()) == before[:2]
    assert booked.appointments.get().status == before[2] == AppointmentStatus.BOOKED
    assert not WorkItem.objects.exists()
    scanner.close()
    phone = browser.new_context(**PHONE)
    verify_birth_date(phone.new_page(), address, booked)
    phone.close()


def test_what_a_patient_asks_stands_before_the_schedulers_at_once(
    browser: Browser,
    live_server: LiveServer,
    booked: Recall,
    sign_in: Any,  # noqa: F811
    scheduler_ana: User,
) -> None:
    desk = sign_in(scheduler_ana)
    phone = browser.new_context(**PHONE)
    page = phone.new_page()
    verify_birth_date(page, live_server.url + make_link(booked.patient), booked)
    page.get_by_role("link", name="I need another time").click()
    page.get_by_label("Which days and times suit you?").fill("Any Friday, please")
    page.get_by_role("button").last.click()
    page.get_by_text("Our team has your message.").first.wait_for()
    desk.get_by_role("link", name="Tasks").click()
    expect(desk.get_by_text("Any Friday, please")).to_be_visible()
    assert booked.appointments.get().status == AppointmentStatus.BOOKED
    phone.close()

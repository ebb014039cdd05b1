"""Holds that the patient page works by keyboard, without scripts, read aloud, in the dark and on a phone."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site
from patients.models import PatientLink
from recalls.enums import AppointmentStatus, WorkItemKind
from recalls.models import Recall, WorkItem
from recalls.testing.factories import RecallFactory
from tests.portal.conftest import make_link

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


@pytest.fixture
def booked(shadyside: Site) -> Recall:
    return RecallFactory.create(site=shadyside, booked=True)


@pytest.fixture
def phone_context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(**PHONE)
    yield context
    context.close()


def _fill_birth_date(page: Page, recall: Recall, *, year: int | None = None) -> None:
    born = recall.patient.birth_date
    page.get_by_label("Month").fill(str(born.month))
    page.get_by_label("Day", exact=True).fill(str(born.day))
    page.get_by_label("Year").fill(str(year or born.year))
    page.get_by_role("button", name="Show my page").click()


def _axe_violations(page: Page) -> list[str]:
    page.wait_for_load_state()  # a click is over as soon as the next page begins to arrive
    found = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]]


def test_a_patient_comes_in_on_a_phone_and_confirms_and_nothing_spills_over(
    phone_context: BrowserContext, live_server: LiveServer, booked: Recall
) -> None:
    page, complaints = phone_context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(live_server.url + make_link(booked.patient))
    _fill_birth_date(page, booked)
    page.wait_for_url(f"{live_server.url}/my/")
    page.get_by_role("button", name="I will be there").click()
    expect(page.get_by_text("You told us that you will be there.")).to_be_visible()
    assert booked.appointments.get().status == AppointmentStatus.CONFIRMED
    for width in (320, 360, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []


def test_everything_can_be_done_by_keyboard_alone(
    phone_context: BrowserContext, live_server: LiveServer, booked: Recall
) -> None:
    page, born = phone_context.new_page(), booked.patient.birth_date
    page.goto(live_server.url + make_link(booked.patient))
    _tab_to(page, "Month")
    for number in (born.month, born.day, born.year):
        page.keyboard.type(str(number))
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/my/")
    _tab_to(page, "I need another time")
    page.keyboard.press("Enter")
    page.wait_for_url("**/my/ask/another-time/")
    _tab_to(page, "Which days and times suit you?")
    page.keyboard.type("Any Friday")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Our team has your message.").first.wait_for()
    assert WorkItem.objects.get(kind=WorkItemKind.PATIENT_REQUEST).reason.endswith("Any Friday")


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until the control of that name has the focus, and see that the focus can be seen."""
    said = "(e) => (e.labels?.length ? e.labels[0].innerText : e.innerText).trim()"
    for _press in range(40):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count() and focused.evaluate(said) == name:
            assert focused.evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"
            return
    pytest.fail(f"{name} cannot be reached by Tab")


def test_it_works_without_scripts(browser: Browser, live_server: LiveServer, booked: Recall) -> None:
    context = browser.new_context(**PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url + make_link(booked.patient))
    _fill_birth_date(page, booked)
    page.get_by_role("button", name="Español").click()
    expect(page.get_by_role("heading", name="Su cita", exact=True)).to_be_visible()
    page.get_by_text("Más: ").first.click()
    expect(page.locator("details[open]")).to_be_visible()
    page.get_by_role("button", name="Ahí estaré").click()
    assert booked.appointments.get().status == AppointmentStatus.CONFIRMED
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_mend(scheme: str, browser: Browser, live_server: LiveServer, booked: Recall) -> None:
    context = browser.new_context(**PHONE, color_scheme=scheme)  # type: ignore[arg-type]
    page, link = context.new_page(), make_link(booked.patient)
    faults: dict[str, list[str]] = {}
    for path in (link, f"{link}not-me/", "/my/", "/my/no-such-link/"):
        page.goto(live_server.url + path)
        faults[path] = _axe_violations(page)
    page.goto(live_server.url + link)
    page.get_by_role("button", name="Show my page").click()
    faults["no birth date"] = _axe_violations(page)
    _fill_birth_date(page, booked)
    page.evaluate("document.querySelectorAll('details').forEach((more) => { more.open = true })")
    faults["page"] = _axe_violations(page)
    for path in ("/my/ask/another-time/", "/my/choices/", "/my/not-me/"):
        page.goto(live_server.url + path)
        faults[path] = _axe_violations(page)
    context.close()
    assert {where: found for where, found in faults.items() if found} == {}


def test_on_paper_nothing_is_hidden_behind_a_click(
    phone_context: BrowserContext, live_server: LiveServer, booked: Recall
) -> None:
    page = phone_context.new_page()
    page.goto(live_server.url + make_link(booked.patient))
    _fill_birth_date(page, booked)
    expect(page.get_by_text("Who may come")).not_to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Who may come")).to_be_visible()
    expect(page.get_by_role("button", name="I will be there")).not_to_be_visible()


def test_five_wrong_birth_dates_lock_the_link_and_say_whom_to_call(
    phone_context: BrowserContext, live_server: LiveServer, booked: Recall
) -> None:
    page, link = phone_context.new_page(), live_server.url + make_link(booked.patient)
    page.goto(link)
    for year in range(1930, 1935):
        _fill_birth_date(page, booked, year=year)
    expect(page.get_by_text("we locked this link")).to_be_visible()
    expect(page.get_by_role("link", name="(412) 555-0100")).to_be_visible()
    assert PatientLink.objects.get().locked_at is not None
    assert WorkItem.objects.get().kind == WorkItemKind.LINK_LOCKED


def test_the_link_is_in_no_log_no_referer_and_no_request_once_the_page_is_open(
    phone_context: BrowserContext, live_server: LiveServer, booked: Recall, log_output: io.StringIO
) -> None:
    page, asked = phone_context.new_page(), list[Request]()
    page.on("request", lambda request: asked.append(request))
    link = make_link(booked.patient)
    token = link.strip("/").rpartition("/")[2]
    page.goto(live_server.url + link)
    _fill_birth_date(page, booked, year=1930)
    _fill_birth_date(page, booked)
    inside = len(asked)
    page.get_by_role("button", name="I will be there").click()
    page.get_by_role("link", name="I need another time").click()
    assert all(request.url.startswith(live_server.url) for request in asked)
    assert not [request for request in asked if token in request.all_headers().get("referer", "")]
    assert not [request.url for request in asked[inside:] if token in request.url]
    assert log_output.getvalue().count('"event": "request_finished"') >= 5
    assert token not in log_output.getvalue()
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]

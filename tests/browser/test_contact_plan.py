"""The tablet's contact plan: opened at the desk, answered by taps and keyboard without scripts, handed back."""

import pytest
from django.conf import LazySettings
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from patients.factories import PatientFactory
from patients.models import ContactPlan, Patient
from tests.browser.conftest import axe_violations, has_horizontal_scroll, session_cookie, tab_to
from tests.contact_plan.conftest import code_in
from tests.support.fake_twilio import FakeTwilioServer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TABLET, PHONE = {"width": 820, "height": 1180}, {"width": 360, "height": 740}


@pytest.fixture
def ruth(shadyside: Site) -> Patient:
    Site.objects.filter(pk=shadyside.pk).update(asks_contact_plan=True)
    shadyside.refresh_from_db()
    return PatientFactory.create(site=shadyside, given_name="Ruth", mobile="412 555 0123", home=None)


def _check(page: Page) -> None:
    for size in (PHONE, TABLET):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert not has_horizontal_scroll(page)
        assert axe_violations(page) == []


def test_the_tablets_contact_plan_from_the_desk_to_the_hand_back(
    page: Page, browser: Browser, live_server: LiveServer, settings: LazySettings, ruth: Patient, scheduler_ana: User
) -> None:
    page.context.add_cookies([session_cookie(scheduler_ana, live_server)])
    page.goto(live_server.url + reverse("patient", args=[ruth.pk]))
    page.get_by_role("link", name="Contact plan").click()
    page.get_by_role("button", name="On a tablet: make a number").click()
    number = page.locator(".handover-code").inner_text()
    assert axe_violations(page) == []
    tablet = browser.new_context(java_script_enabled=True, viewport=TABLET).new_page()  # type: ignore[arg-type]
    with FakeTwilioServer() as service:
        settings.SMS_URL = service.url
        tablet.goto(f"{live_server.url}/tablet/")
        _check(tablet)
        tablet.get_by_label("Number for this tablet").fill(number)
        tablet.keyboard.press("Enter")
        expect(tablet.get_by_role("heading", level=1)).to_have_text("Hello Ruth. How do we reach you?")
        _check(tablet)
        tablet.get_by_role("button", name="Next").click()
        expect(tablet.get_by_role("heading", level=1)).to_have_text("Type the code")
        _check(tablet)
        tablet.get_by_label("The code in the text").fill("000001")
        tablet.keyboard.press("Enter")
        expect(tablet.get_by_role("alert")).to_contain_text("This is not the code")
        _check(tablet)
        tablet.get_by_label("The code in the text").fill(code_in(service))
        tablet.get_by_role("button", name="Next").click()
    expect(tablet.get_by_role("status")).to_have_text("Thank you. Your number works.")
    _check(tablet)
    _answer_by_keyboard(tablet, "[name=part][value=morning]", "[name=voicemail][value=yes]")
    expect(tablet.get_by_role("heading", level=1)).to_have_text("Who may answer")
    _check(tablet)
    tablet.get_by_text("Only me").click()
    tablet.get_by_role("button", name="Next").click()
    _check(tablet)
    tablet.get_by_text("By phone").click()
    tablet.get_by_text("As soon as you know").click()
    tablet.get_by_role("button", name="Save and finish").click()
    expect(tablet.get_by_role("heading", level=1)).to_have_text("Thank you. Please hand the tablet back.")
    _check(tablet)
    tablet.go_back()
    tablet.reload()
    expect(tablet.get_by_role("heading", level=1)).to_have_text("Thank you. Please hand the tablet back.")
    plan = ContactPlan.objects.get(patient=ruth)
    assert (plan.number_check, plan.may_answer, plan.finished_at is not None) == ("code", "only_me", True)
    page.goto(live_server.url + reverse("contact_plan", args=[ruth.pk]))
    expect(page.locator("main")).to_contain_text("Finished ")


def _answer_by_keyboard(tablet: Page, *choices: str) -> None:
    """Tab to each group, the space bar to choose, Enter on the button."""
    for choice in choices:
        tab_to(tablet, choice)
        tablet.keyboard.press("Space")
    tab_to(tablet, "button.plan-next")
    tablet.keyboard.press("Enter")


def test_without_scripts_the_same_device_is_handed_over_and_leads_back_to_nothing(
    browser: Browser, live_server: LiveServer, ruth: Patient, scheduler_ana: User
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=TABLET)  # type: ignore[arg-type]
    context.add_cookies([session_cookie(scheduler_ana, live_server)])
    page = context.new_page()
    page.goto(live_server.url + reverse("contact_plan", args=[ruth.pk]))
    page.get_by_role("button", name="On this device").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello Ruth. How do we reach you?")
    page.go_back()
    expect(page.get_by_label("Password")).to_be_visible()
    page.go_forward()
    page.get_by_role("button", name="Español").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hola, Ruth. ¿Cómo le encontramos?")
    page.get_by_role("button", name="No soy Ruth").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("devuelva la tableta")

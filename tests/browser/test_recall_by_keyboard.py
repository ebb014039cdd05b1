"""A recall is brought from opening to closure by keyboard, also without scripts."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from clinic import calendar
from clinic.models import Site, User
from recalls.enums import ClosureReason, State
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.browser.conftest import PASSWORD, tab_to

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]


def _next_open_day(site: Site) -> str:
    return calendar.next_open_day(site, calendar.local_day(site, timezone.now()) + timedelta(days=3)).isoformat()


def _type_day(page: Page, selector: str, iso: str) -> None:
    year, month, day = iso.split("-")
    tab_to(page, selector)
    page.keyboard.type(f"{month}{day}{year}")


def _press(page: Page, selector: str, key: str, then: str) -> None:
    """Go there by Tab, press the key, and be led to the next page."""
    tab_to(page, selector)
    page.keyboard.press(key)
    page.wait_for_url(f"**{then}*")


def _send(page: Page, then: str) -> None:
    _press(page, ".step-form button[type=submit]", "Enter", then)


def _call_and_book(page: Page, recall: Recall) -> None:
    booking = reverse("step", args=[recall.pk, "book_appointment"])
    _press(page, ".who-link", "Enter", reverse("recall", args=[recall.pk]))
    tab_to(page, "[name=result]")
    page.keyboard.press("Space")  # the first answer: reached, ready to book
    tab_to(page, "[name=note]")
    page.keyboard.type("Mornings suit.")
    _send(page, booking)
    _type_day(page, "[name=day]", _next_open_day(recall.site))
    tab_to(page, "[name=time]")
    page.keyboard.type("0930AM")
    _send(page, reverse("queue"))


def _read_as_benign(page: Page) -> None:
    _press(page, ".who-link", "Enter", "/record_outcome/")
    tab_to(page, "[name=assessment]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")  # from 1 to 2
    tab_to(page, "[name=telling]")
    page.keyboard.press("Space")
    _send(page, reverse("worklist"))


def test_from_the_queue_to_closed_without_touching_the_mouse(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = sign_in(scheduler_ana)
    _call_and_book(page, recall)
    recall.refresh_from_db()
    assert recall.state == State.SCHEDULED
    page.goto(live_server.url + reverse("recall", args=[recall.pk]))
    _press(page, "a:has-text('Patient came')", "Enter", "/mark_attended/")
    tab_to(page, "[name=came_early]")
    page.keyboard.press("Space")  # the visit is booked for a later day
    _send(page, reverse("queue_state", args=[State.SCHEDULED]))
    tab_to(page, ".menu-user > summary")
    page.keyboard.press("Enter")
    _press(page, "button:has-text('Sign out')", "Enter", "/sign-in/")
    _read_as_benign(sign_in(radiologist_rao))
    recall.refresh_from_db()
    assert (recall.state, recall.closure_reason) == (State.CLOSED, ClosureReason.BENIGN)


def test_the_first_tab_reaches_the_skip_link(sign_in: SignIn, scheduler_ana: User, shadyside: Site) -> None:
    page = sign_in(scheduler_ana)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_every_action_works_with_scripts_switched_off(
    browser: Browser, live_server: LiveServer, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    scheduler_ana.set_password(PASSWORD)
    scheduler_ana.save()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url)
    page.fill("[name=username]", scheduler_ana.username)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.get_by_role("searchbox").fill(recall.patient.family_name)
    page.get_by_role("button", name="Search").click()
    page.locator(".who-link").click()
    page.get_by_role("button", name=re.compile(r"Done\s*: Check phone or email")).click()
    page.get_by_label("No answer").check()
    page.get_by_role("button", name="Save and next").click()
    page.locator(".who-link").click()
    page.get_by_text("Steps that may not be taken now, and why").click()
    assert page.get_by_role("button", name="Record outcome").is_disabled()
    page.get_by_role("link", name="Put on hold").click()
    page.fill("[name=until]", _next_open_day(shadyside))
    page.fill("[name=note]", "Is away.")
    page.get_by_role("button", name="Put on hold").click()
    page.locator(".menu-user > summary").click()
    page.get_by_role("button", name="Sign out").click()
    context.close()

    recall.refresh_from_db()
    assert recall.state == State.ON_HOLD
    assert recall.contact_attempts.count() == 2
    assert not recall.work_items.filter(done_at=None).exists()

"""The session ends while somebody types: the page warns, and what was typed is there after signing in again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from recalls.models import ContactAttempt, Recall
from recalls.testing.factories import RecallFactory
from tests.browser.conftest import PASSWORD, axe_violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]
NOTE = "Daughter drives; mornings only"


def _form_url(live_server: LiveServer, recall: Recall) -> str:
    return live_server.url + reverse("step", args=[recall.pk, "log_contact"])


def _sign_in_by_form(page: Page, user: User) -> None:
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_load_state()


def _type_too_late(page: Page) -> None:
    page.check("[name=result][value=no_answer]")
    page.fill("[name=note]", NOTE)
    Session.objects.all().delete()  # the session is over, by time or by a sign-out elsewhere
    page.click("button[name=then][value=stay]")
    page.wait_for_url("**/sign-in/**")
    expect(page.locator("body")).to_contain_text("You were signed out; nothing was saved yet.")
    assert NOTE not in page.content()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_note_typed_before_the_session_ended_is_there_after_signing_in_and_is_saved_once(
    scripts: bool, browser: Browser, live_server: LiveServer, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = browser.new_context(java_script_enabled=scripts).new_page()
    page.goto(_form_url(live_server, recall))
    _sign_in_by_form(page, scheduler_ana)
    _type_too_late(page)
    _sign_in_by_form(page, scheduler_ana)
    expect(page.locator("[role=status]").first).to_contain_text("nothing was saved yet. Your text is below.")
    expect(page.locator("[name=note]")).to_have_value(NOTE)
    expect(page.locator("[name=result][value=no_answer]")).to_be_checked()
    page.click("button[name=then][value=stay]")
    page.wait_for_url(f"**{reverse('recall', args=[recall.pk])}*")
    assert [attempt.note for attempt in ContactAttempt.objects.all()] == [NOTE]


def test_another_user_who_signs_in_on_that_screen_sees_nothing_of_it(
    page: Page, live_server: LiveServer, scheduler_ana: User, scheduler_bea: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page.goto(_form_url(live_server, recall))
    _sign_in_by_form(page, scheduler_ana)
    _type_too_late(page)
    _sign_in_by_form(page, scheduler_bea)
    expect(page.locator("[name=note]")).to_have_value("")
    assert NOTE not in page.content()
    assert not ContactAttempt.objects.exists()


def test_the_page_warns_before_the_end_and_one_press_goes_on(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site, settings: Settings
) -> None:
    settings.SESSION_IDLE_TIMEOUT = settings.SESSION_WARNING + timedelta(seconds=1)
    recall = RecallFactory.create(site=shadyside)
    page = sign_in(scheduler_ana)
    page.goto(_form_url(live_server, recall))
    warning = page.locator("#session-warning")
    expect(warning).to_be_visible()
    expect(warning).to_contain_text("You will be signed out in about two minutes.")
    assert axe_violations(page) == []
    settings.SESSION_IDLE_TIMEOUT = timedelta(minutes=15)
    page.get_by_role("button", name="Stay signed in").click()
    expect(warning).to_be_hidden()


def test_back_and_save_again_asks_and_both_answers_do_what_they_say(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = sign_in(scheduler_ana)
    for answer, calls in (("No, go on", 1), ("Save another", 2)):
        page.goto(_form_url(live_server, recall))
        if not ContactAttempt.objects.exists():
            page.check("[name=result][value=no_answer]")
            page.click("button[name=then][value=stay]")
            page.wait_for_url(f"**{reverse('recall', args=[recall.pk])}*")
            page.go_back()
        page.check("[name=result][value=no_answer]")
        page.click("button[name=then][value=stay]")
        expect(page.locator("main")).to_contain_text("You saved “No answer”")
        assert axe_violations(page) == []
        page.get_by_text(answer).click()
        page.wait_for_url(f"**{reverse('recall', args=[recall.pk])}*")
        assert ContactAttempt.objects.count() == calls
    assert ContactAttempt.objects.filter(at__gt=timezone.now() - timedelta(minutes=5)).count() == 2

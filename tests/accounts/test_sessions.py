"""Everybody sees where they are signed in and ends it; rights that change end what is open, for good."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from clinic.accounts.sessions import end_sessions
from clinic.factories import UserFactory
from clinic.models import Site, User
from clinic.roles import Role
from recalls.testing.factories import RecallFactory
from tests.accounts.conftest import PASSWORD, SignIn

pytestmark = pytest.mark.django_db


def _is_in(browser: Client) -> bool:
    return browser.get(reverse("queue")).status_code == 200


def test_the_page_lists_the_own_sessions_and_ends_one(sign_in: SignIn, scheduler_ana: User) -> None:
    here, elsewhere = sign_in(scheduler_ana), sign_in(scheduler_ana)
    sessions = here.get(reverse("sessions")).context["sessions"]
    assert len(sessions) == 2
    other = next(one for one in sessions if one.session_key != here.session.session_key)
    here.post(reverse("sessions"), {"session": other.pk})
    assert (_is_in(here), _is_in(elsewhere)) == (True, False)


def test_all_but_this_one_are_ended_at_once(sign_in: SignIn, scheduler_ana: User) -> None:
    here, *others = (sign_in(scheduler_ana) for _ in range(3))
    here.post(reverse("sessions"))
    assert _is_in(here)
    assert not any(_is_in(browser) for browser in others)


def test_nobody_ends_a_session_of_somebody_else(sign_in: SignIn, scheduler_ana: User, shadyside: Site) -> None:
    desk, eve = sign_in(scheduler_ana), UserFactory.create(username="eve", sites=[shadyside], password=PASSWORD)
    number = desk.get(reverse("sessions")).context["sessions"][0].pk
    sign_in(eve).post(reverse("sessions"), {"session": number})
    assert _is_in(desk)


def test_a_changed_password_takes_the_other_sessions_off_the_list(sign_in: SignIn, scheduler_ana: User) -> None:
    here, elsewhere = sign_in(scheduler_ana), sign_in(scheduler_ana)
    new = "nine quiet harbours"
    here.post(reverse("password_change"), {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert len(here.get(reverse("sessions")).context["sessions"]) == 1
    assert (_is_in(here), _is_in(elsewhere)) == (True, False)


def test_an_ended_session_is_gone_from_the_server(sign_in: SignIn, scheduler_ana: User) -> None:
    desk = sign_in(scheduler_ana)
    key = desk.session.session_key
    end_sessions(scheduler_ana)
    assert not Session.objects.filter(session_key=key).exists()
    assert not _is_in(desk)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_page_that_was_left_shows_no_patient_once_the_session_has_ended(
    page: Page, live_server: LiveServer, shadyside: Site, settings: Settings
) -> None:
    UserFactory.create(username="ana", role=Role.SCHEDULER, sites=[shadyside], password=PASSWORD)
    recall = RecallFactory.create(site=shadyside)
    settings.SESSION_WARNING = timedelta(seconds=1)
    settings.SESSION_IDLE_TIMEOUT = timedelta(seconds=4)
    page.goto(f"{live_server.url}/sign-in/?next={reverse('recall', args=[recall.pk])}")
    page.fill("[name=username]", "ana")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    expect(page.locator("main")).to_contain_text(recall.patient.full_name)
    expect(page.locator("#session-warning")).to_contain_text("You are signed out", timeout=15_000)
    expect(page.locator("main")).to_be_hidden()
    expect(page.locator("header").first).to_be_hidden()
    expect(page.get_by_role("link", name="Sign in again")).to_be_visible()

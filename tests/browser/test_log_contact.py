"""A call is logged in a few keys, also when two users meet on one recall."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from recalls.enums import ContactResult, State
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.browser.conftest import PASSWORD, axe_violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]

COUNT_KEYS = (
    "window.addEventListener('keydown', e => sessionStorage.pressed = +(sessionStorage.pressed ?? 0) + 1, true)"
)


def _ready(page: Page) -> None:
    expect(page.locator("html[data-desk-keys=on]")).to_be_attached()


def _due_recalls(site: Site, count: int) -> list[Recall]:
    """Recalls whose turn it is, in the order of the list."""
    recalls = [RecallFactory.create(site=site) for _ in range(count)]
    for place, recall in enumerate(recalls):
        due, target = timezone.now() - timedelta(minutes=1), timezone.now() + timedelta(days=1 + place)
        Recall.objects.filter(pk=recall.pk).update(due_at=due, target_at=target)
    return recalls


def _at_another_desk(browser: Browser, live_server: LiveServer, user: User) -> Page:
    user.set_password(PASSWORD)
    user.save()
    page = browser.new_context().new_page()
    page.goto(f"{live_server.url}/sign-in/")
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_load_state()
    return page


def test_a_call_with_its_next_try_is_logged_in_four_keys_or_fewer_and_the_next_recall_opens(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site
) -> None:
    first, second, third = _due_recalls(shadyside, 3)
    page = sign_in(scheduler_ana)
    page.add_init_script(COUNT_KEYS)
    page.goto(live_server.url + reverse("queue"))
    _ready(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('recall', args=[first.pk])}*")
    _ready(page)
    page.evaluate("sessionStorage.pressed = 0")
    page.keyboard.press("n")
    page.keyboard.type("Rang out.")
    typed = len("Rang out.")
    page.keyboard.press("Escape")
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('recall', args=[second.pk])}*")
    assert int(page.evaluate("sessionStorage.pressed")) - typed <= 4
    attempt = first.contact_attempts.get()
    assert (attempt.result, attempt.note) == (ContactResult.NO_ANSWER, "Rang out.")
    assert attempt.next_try_at is not None
    _ready(page)
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('recall', args=[third.pk])}*")
    assert second.contact_attempts.get().result == ContactResult.LEFT_MESSAGE


def test_no_key_acts_while_somebody_types(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site
) -> None:
    (recall,) = _due_recalls(shadyside, 1)
    page = sign_in(scheduler_ana)
    page.goto(live_server.url + reverse("recall", args=[recall.pk]))
    _ready(page)
    page.keyboard.press("n")
    page.keyboard.type("jkcbnu4/?")
    assert page.input_value("[name=note]") == "jkcbnu4/?"
    assert page.locator("[name=result]:checked").count() == 0
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Nothing was saved")).to_have_count(0)
    assert urlsplit(page.url).path == reverse("recall", args=[recall.pk])  # a result is missing, and the field says so
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"


def test_the_list_of_keys_opens_with_a_question_mark_and_stands_on_a_page_as_well(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site
) -> None:
    page = sign_in(scheduler_ana)
    _ready(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert axe_violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.goto(live_server.url + reverse("keyboard_shortcuts"))
    expect(page.get_by_role("heading", name="On a recall")).to_be_visible()
    assert axe_violations(page) == []


def test_a_mistake_is_undone_by_one_key(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site
) -> None:
    (recall,) = _due_recalls(shadyside, 1)
    page = sign_in(scheduler_ana)
    page.goto(live_server.url + reverse("step", args=[recall.pk, "hold"]))
    page.fill("[name=until]", (timezone.now() + timedelta(days=5)).date().isoformat())
    page.fill("[name=note]", "The wrong patient.")
    page.locator(".step-form button[type=submit]").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    _ready(page)
    page.keyboard.press("u")
    expect(page.get_by_text("Undone: Put on hold.")).to_be_visible()
    recall.refresh_from_db()
    assert recall.state == State.TO_CONTACT


def test_of_two_concurrent_users_the_second_is_told_by_whom_and_keeps_the_typed_text(
    browser: Browser,
    sign_in: SignIn,
    live_server: LiveServer,
    scheduler_ana: User,
    scheduler_bea: User,
    shadyside: Site,
) -> None:
    (recall,) = _due_recalls(shadyside, 1)
    address = live_server.url + reverse("recall", args=[recall.pk])
    ana = sign_in(scheduler_ana)
    ana.goto(address)
    bea = _at_another_desk(browser, live_server, scheduler_bea)
    bea.goto(address)
    name = scheduler_ana.get_full_name()
    expect(bea.get_by_text(f"{name} has this recall open just now.")).to_be_visible()

    bea.get_by_label("Left message").check()
    bea.fill("[name=note]", "A sister took it down.")
    ana.get_by_label("No answer").check()
    ana.get_by_role("button", name="Save and next").click()
    expect(ana.get_by_text("Phone call: No answer.")).to_be_visible()
    bea.get_by_role("button", name="Save and next").click()
    expect(bea.get_by_text(f"{name} was first")).to_be_visible()
    assert bea.input_value("[name=note]") == "A sister took it down."
    assert bea.get_by_label("Left message").is_checked()
    assert axe_violations(bea) == []
    assert recall.contact_attempts.count() == 1
    bea.get_by_role("button", name="Save and next").click()
    expect(bea.get_by_text("Phone call: Left message.")).to_be_visible()
    assert recall.contact_attempts.count() == 2
    bea.context.close()

"""A scheduler works through twenty recalls by keyboard alone."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from recalls.enums import ContactResult, State
from recalls.models import Recall
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.browser.conftest import PASSWORD, tab_to

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COUNT_KEYS_JS = """
window.addEventListener('keydown', event => {
  if (event.key !== 'Shift') sessionStorage.pressed = +(sessionStorage.pressed ?? 0) + 1;
}, true);
window.addEventListener('pointerdown', () => { sessionStorage.mouse = 'used'; }, true);
"""


class KeyboardUser:
    """Two hands on a keyboard: there is no way here to click."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page, self.site = page, site
        page.add_init_script(COUNT_KEYS_JS)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type_text(self, words: str) -> None:
        self.page.keyboard.type(words)

    def wait_for_page(self, name: str, *args: Any) -> None:
        """Wait until that page is there and its keys are."""
        self.page.wait_for_url(f"**{reverse(name, args=args)}*")
        expect(self.page.locator("html[data-desk-keys=on]")).to_be_attached()
        self.page.wait_for_load_state()

    def assert_current_row(self, recall: Recall) -> None:
        """The row of that recall is the current one, and in sight."""
        link = self.page.locator(f"a.who-link[href^='{reverse('recall', args=[recall.pk])}']").first
        expect(link).to_be_focused()
        expect(link).to_be_in_viewport()

    def go_to(self, recall: Recall) -> None:
        """Down the list with j until its row is the current one."""
        path = reverse("recall", args=[recall.pk])
        for _ in range(30):
            self.press("j")
            if self.page.evaluate("document.activeElement.pathname") == path:
                return
        raise AssertionError(f"recall {recall.pk} is not on the list")

    def key_count(self) -> int:
        return int(self.page.evaluate("sessionStorage.pressed ?? 0"))


@pytest.fixture
def morning(shadyside: Site) -> list[Recall]:
    """Twenty whose turn it is, in the order of the list."""
    cache.clear()
    RoomFactory.create(site=shadyside, name="Mammography 1")
    recalls = [RecallFactory.create(site=shadyside) for _ in range(20)]
    Recall.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    return recalls


@pytest.fixture
def keyboard_user(page: Page, live_server: LiveServer, scheduler_ana: User, shadyside: Site) -> Iterator[KeyboardUser]:
    """After signing in the cursor waits in the first field."""
    scheduler_ana.set_password(PASSWORD)
    scheduler_ana.save()
    hands = KeyboardUser(page, shadyside)
    page.goto(live_server.url)
    expect(page.get_by_label("Username")).to_be_focused()
    hands.type_text(scheduler_ana.username)
    hands.press("Tab")
    hands.type_text(PASSWORD)
    hands.press("Enter")
    hands.wait_for_page("queue")
    yield hands
    assert page.evaluate("sessionStorage.mouse ?? 'never'") == "never"


def _try_list_shortcuts(keyboard_user: KeyboardUser, recalls: list[Recall]) -> None:
    keyboard_user.press("?")
    expect(keyboard_user.page.get_by_role("dialog", name="Keys")).to_be_visible()
    keyboard_user.press("Escape", "j", "j", "k")
    keyboard_user.assert_current_row(recalls[0])
    keyboard_user.press("Enter")
    keyboard_user.wait_for_page("recall", recalls[0].pk)


CALLS = (
    ("4", ContactResult.NO_ANSWER, "Rang out."),
    ("3", ContactResult.LEFT_MESSAGE, ""),
    ("2", ContactResult.REACHED_CALLS_BACK, "At work until noon."),
    ("5", ContactResult.WRONG_NUMBER, ""),
    ("7", ContactResult.THIRD_PERSON, "A sister."),
    ("8", ContactResult.NEEDS_INTERPRETER, ""),
    ("6", ContactResult.REFUSED, "Wants to ask the doctor."),
)


def _call(keyboard_user: KeyboardUser, recalls: list[Recall]) -> None:
    """One call after the other: each with its result, some with a word, every next one opened by the save."""
    for (key, result, note), recall, following in zip(CALLS, recalls, recalls[1:], strict=False):
        keyboard_user.wait_for_page("recall", recall.pk)
        before = keyboard_user.key_count()
        if note:
            keyboard_user.press("n")
            keyboard_user.type_text(note)
            keyboard_user.press("Escape")
        keyboard_user.press(key)
        keyboard_user.press("Enter")
        if result == ContactResult.REFUSED:  # the page stays: ask the doctor to call, or record the refusal
            expect(keyboard_user.page.get_by_text("The patient said no").first).to_be_visible()
            keyboard_user.press("j")
        keyboard_user.wait_for_page("recall", following.pk)
        assert keyboard_user.key_count() - before - len(note) <= 4 + (result == ContactResult.REFUSED)


def _undo_mistake(keyboard_user: KeyboardUser, recall: Recall, following: Recall) -> None:
    """The wrong answer, taken back by one key on the page that came next."""
    keyboard_user.press("4", "Enter")
    keyboard_user.wait_for_page("recall", following.pk)
    expect(keyboard_user.page.get_by_role("button", name="Undo")).to_be_enabled()
    keyboard_user.press("u")
    keyboard_user.wait_for_page("recall", recall.pk)
    expect(keyboard_user.page.get_by_text("Undone: Log a contact.")).to_be_visible()


def _book(keyboard_user: KeyboardUser, reached: Recall, wrote: Recall) -> None:
    """One says yes on the phone; another one asked by letter, and is booked straight from the list."""
    keyboard_user.press("1", "Enter")
    keyboard_user.wait_for_page("step", reached.pk, "book_appointment")
    keyboard_user.press("j", "j", "k")
    expect(keyboard_user.page.locator(".times :checked")).to_be_focused()
    keyboard_user.press("Enter")
    keyboard_user.wait_for_page("recall", wrote.pk)
    keyboard_user.press("k")
    keyboard_user.wait_for_page("queue")
    keyboard_user.go_to(wrote)
    keyboard_user.press("b")
    keyboard_user.wait_for_page("step", wrote.pk, "book_appointment")
    keyboard_user.press("j", "Enter")


def _act_from_list(keyboard_user: KeyboardUser, noted: Recall, called: Recall, held: Recall) -> None:
    """A note and a call by the letter of each, then somebody who is away until next week."""
    keyboard_user.wait_for_page("recall", noted.pk)
    keyboard_user.press("k")
    keyboard_user.wait_for_page("queue")
    keyboard_user.go_to(noted)
    keyboard_user.press("n")
    keyboard_user.wait_for_page("step", noted.pk, "add_note")
    expect(keyboard_user.page.get_by_role("textbox", name="Note")).to_be_focused()
    keyboard_user.type_text("Daughter drives, Thursdays only.")
    keyboard_user.press("Control+Enter")
    keyboard_user.wait_for_page("recall", called.pk)
    keyboard_user.press("k")
    keyboard_user.wait_for_page("queue")
    keyboard_user.go_to(called)
    keyboard_user.press("c")
    keyboard_user.wait_for_page("step", called.pk, "log_contact")
    keyboard_user.press("3", "Enter")
    keyboard_user.wait_for_page("recall", held.pk)
    tab_to(keyboard_user.page, "a[href*='/hold/']")
    keyboard_user.press("Enter")
    keyboard_user.wait_for_page("step", held.pk, "hold")
    until = timezone.now() + timedelta(days=8)
    tab_to(keyboard_user.page, "[name=until]")
    keyboard_user.type_text(f"{until:%m%d%Y}")
    tab_to(keyboard_user.page, "[name=note]")
    keyboard_user.type_text("Away until next week.")
    keyboard_user.press("Control+Enter")


def _search(keyboard_user: KeyboardUser, recall: Recall) -> None:
    """The patient calls back while another page is open."""
    keyboard_user.wait_for_page("recall", recall.pk)
    keyboard_user.press("/")
    keyboard_user.type_text(recall.patient.family_name)
    keyboard_user.press("Enter")
    keyboard_user.wait_for_page("search")
    keyboard_user.press("j", "Enter")
    keyboard_user.wait_for_page("recall", recall.pk)
    keyboard_user.press("2", "Enter")
    keyboard_user.wait_for_page("search")


def _bulk_action(keyboard_user: KeyboardUser, recalls: list[Recall], choice: str) -> None:
    """Tick, look for whom it will not be done, do it, and be back at the list."""
    tab_to(keyboard_user.page, ".site-nav a")
    keyboard_user.press("Enter")
    keyboard_user.wait_for_page("queue")
    keyboard_user.go_to(recalls[0])
    keyboard_user.press("x")
    for _ in recalls[1:]:
        keyboard_user.press("j", "x")
    keyboard_user.press("w")
    keyboard_user.type_text(choice)
    keyboard_user.press("Tab", "Enter")
    keyboard_user.wait_for_page("bulk")
    expect(keyboard_user.page.get_by_role("heading", name=f"Will be done for {len(recalls)} patients")).to_be_visible()
    tab_to(keyboard_user.page, "#main button[type=submit]")
    keyboard_user.press("Enter")
    expect(keyboard_user.page.get_by_role("heading", name=f"Done for {len(recalls)} patients")).to_be_visible()


def _skip(keyboard_user: KeyboardUser, passed: Recall, last: Recall) -> None:
    tab_to(keyboard_user.page, "#main a.btn-primary")
    keyboard_user.press("Enter")
    keyboard_user.wait_for_page("queue")
    keyboard_user.go_to(passed)
    keyboard_user.press("Enter")
    keyboard_user.wait_for_page("recall", passed.pk)
    keyboard_user.press("j")
    keyboard_user.wait_for_page("recall", last.pk)
    keyboard_user.press("n")
    keyboard_user.type_text("Call after five.")
    keyboard_user.press("Escape", "2", "Enter")
    keyboard_user.wait_for_page("recall", passed.pk)
    keyboard_user.press("4", "Enter")
    keyboard_user.wait_for_page("queue")


def _steps_taken(recall: Recall) -> list[str]:
    """What was done with it this morning."""
    return [*recall.events.exclude(user=None).order_by("version").values_list("step", flat=True)]


def _contact_results(recall: Recall) -> tuple[str, str]:
    attempt = recall.contact_attempts.latest("pk")
    return attempt.result, attempt.note


def test_a_schedulers_morning_of_twenty_recalls_by_keyboard_only(
    morning: list[Recall], keyboard_user: KeyboardUser, scheduler_ana: User
) -> None:
    _try_list_shortcuts(keyboard_user, morning)
    _call(keyboard_user, morning)
    _undo_mistake(keyboard_user, morning[7], morning[8])
    _book(keyboard_user, morning[7], morning[8])
    _act_from_list(keyboard_user, *morning[9:12])
    _search(keyboard_user, morning[12])
    _bulk_action(keyboard_user, morning[13:16], "Have a letter printed")
    _bulk_action(keyboard_user, morning[16:18], "Take it on")
    _skip(keyboard_user, morning[18], morning[19])

    for recall in morning:
        recall.refresh_from_db()
    steps, called = [_steps_taken(recall) for recall in morning], [["log_contact"]]
    assert [_contact_results(recall) for recall in morning[:7]] == [(result, note) for _key, result, note in CALLS]
    assert steps[:7] == called * 7
    decided = morning[6]  # said no: somebody decides, nobody calls again without it
    assert [recall for recall in morning[:7] if recall.contact_attempts.get().next_try_at is None] == [decided]
    assert steps[7:9] == [["log_contact", "undo", "log_contact", "book_appointment"], ["book_appointment"]]
    assert {recall.state for recall in morning[7:9]} == {State.SCHEDULED}
    assert len({recall.appointments.get().starts_at for recall in morning[7:9]}) == 2
    assert steps[9:12] == [["add_note"], ["log_contact"], ["hold"]]
    assert morning[11].state == State.ON_HOLD
    assert _contact_results(morning[12]) == (ContactResult.REACHED_CALLS_BACK, "")
    assert steps[13:18] == [["ask_letter"]] * 3 + [["take_on"]] * 2
    assert {recall.assigned_to for recall in morning[16:18]} == {scheduler_ana}
    assert steps[18:] == called * 2
    assert _contact_results(morning[19]) == (ContactResult.REACHED_CALLS_BACK, "Call after five.")

"""Can a scheduler work a morning of twenty recalls without once touching the mouse, and is it all written down?"""

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
from recalls.factories import RecallFactory, RoomFactory
from recalls.models import Recall
from recalls.states import ContactResult, State
from tests.browser.conftest import PASSWORD, tab_to

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WATCH = """
window.addEventListener('keydown', event => {
  if (event.key !== 'Shift') sessionStorage.pressed = +(sessionStorage.pressed ?? 0) + 1;
}, true);
window.addEventListener('pointerdown', () => { sessionStorage.mouse = 'used'; }, true);
"""


class Hands:
    """Two hands on a keyboard: there is no way here to click."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page, self.site = page, site
        page.add_init_script(WATCH)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, words: str) -> None:
        self.page.keyboard.type(words)

    def arrive(self, name: str, *args: Any) -> None:
        """Wait until that page is there and its keys are."""
        self.page.wait_for_url(f"**{reverse(name, args=args)}*")
        expect(self.page.locator("html[data-desk-keys=on]")).to_be_attached()
        self.page.wait_for_load_state()

    def sits_on(self, recall: Recall) -> None:
        """The row of that recall is the current one, and in sight."""
        link = self.page.locator(f"a.who-link[href='{reverse('recall', args=[recall.pk])}']").first
        expect(link).to_be_focused()
        expect(link).to_be_in_viewport()

    def go_to(self, recall: Recall) -> None:
        """Down the list with j until its row is the current one."""
        href = reverse("recall", args=[recall.pk])
        for _ in range(30):
            self.press("j")
            if self.page.evaluate("document.activeElement.getAttribute('href')") == href:
                return
        raise AssertionError(f"recall {recall.pk} is not on the list")

    def pressed(self) -> int:
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
def hands(page: Page, live_server: LiveServer, scheduler_ana: User, shadyside: Site) -> Iterator[Hands]:
    """She signs in, and the cursor waits where she types."""
    scheduler_ana.set_password(PASSWORD)
    scheduler_ana.save()
    hands = Hands(page, shadyside)
    page.goto(live_server.url)
    expect(page.get_by_label("Username")).to_be_focused()
    hands.write(scheduler_ana.username)
    hands.press("Tab")
    hands.write(PASSWORD)
    hands.press("Enter")
    hands.arrive("queue")
    yield hands
    assert page.evaluate("sessionStorage.mouse ?? 'never'") == "never"


def _look_around(hands: Hands, recalls: list[Recall]) -> None:
    hands.press("?")
    expect(hands.page.get_by_role("dialog", name="Keys")).to_be_visible()
    hands.press("Escape", "j", "j", "k")
    hands.sits_on(recalls[0])
    hands.press("Enter")
    hands.arrive("recall", recalls[0].pk)


CALLS = (
    ("4", ContactResult.NO_ANSWER, "Rang out."),
    ("3", ContactResult.LEFT_MESSAGE, ""),
    ("2", ContactResult.REACHED_CALLS_BACK, "At work until noon."),
    ("5", ContactResult.WRONG_NUMBER, ""),
    ("7", ContactResult.THIRD_PERSON, "Her sister."),
    ("8", ContactResult.LANGUAGE, ""),
    ("6", ContactResult.REFUSED, "Wants to ask her doctor."),
)


def _call(hands: Hands, recalls: list[Recall]) -> None:
    """One call after the other: each with its result, some with a word, every next one opened by the save."""
    for (key, _result, note), recall, following in zip(CALLS, recalls, recalls[1:], strict=False):
        hands.arrive("recall", recall.pk)
        before = hands.pressed()
        if note:
            hands.press("n")
            hands.write(note)
            hands.press("Escape")
        hands.press(key)
        hands.press("Enter")
        hands.arrive("recall", following.pk)
        assert hands.pressed() - before - len(note) <= 4


def _slip(hands: Hands, recall: Recall, following: Recall) -> None:
    """The wrong answer, taken back by one key on the page that came next."""
    hands.press("4", "Enter")
    hands.arrive("recall", following.pk)
    expect(hands.page.get_by_role("button", name="Undo")).to_be_enabled()
    hands.press("u")
    hands.arrive("recall", recall.pk)
    expect(hands.page.get_by_text("Undone: Log a contact.")).to_be_visible()


def _book(hands: Hands, reached: Recall, wrote: Recall) -> None:
    """One says yes on the phone; another one asked by letter, and is booked straight from the list."""
    hands.press("1", "Enter")
    hands.arrive("step", reached.pk, "book_appointment")
    hands.press("j", "j", "k")
    expect(hands.page.locator(".times :checked")).to_be_focused()
    hands.press("Enter")
    hands.arrive("recall", wrote.pk)
    hands.press("k")
    hands.arrive("queue")
    hands.go_to(wrote)
    hands.press("b")
    hands.arrive("step", wrote.pk, "book_appointment")
    hands.press("j", "Enter")


def _from_the_list(hands: Hands, noted: Recall, called: Recall, held: Recall) -> None:
    """A note and a call by the letter of each, then somebody who is away until next week."""
    hands.arrive("recall", noted.pk)
    hands.press("k")
    hands.arrive("queue")
    hands.go_to(noted)
    hands.press("n")
    hands.arrive("step", noted.pk, "add_note")
    expect(hands.page.get_by_role("textbox", name="Note")).to_be_focused()
    hands.write("Daughter drives her, Thursdays only.")
    hands.press("Control+Enter")
    hands.arrive("recall", called.pk)
    hands.press("k")
    hands.arrive("queue")
    hands.go_to(called)
    hands.press("c")
    hands.arrive("step", called.pk, "log_contact")
    hands.press("3", "Enter")
    hands.arrive("recall", held.pk)
    tab_to(hands.page, "a[href$='/hold/']")
    hands.press("Enter")
    hands.arrive("step", held.pk, "hold")
    until = timezone.now() + timedelta(days=8)
    tab_to(hands.page, "[name=until]")
    hands.write(f"{until:%m%d%Y}")
    tab_to(hands.page, "[name=note]")
    hands.write("Away until next week.")
    hands.press("Control+Enter")


def _find(hands: Hands, recall: Recall) -> None:
    """She rings back while another page is open."""
    hands.arrive("recall", recall.pk)
    hands.press("/")
    hands.write(recall.patient.family_name)
    hands.press("Enter")
    hands.arrive("search")
    hands.press("j", "Enter")
    hands.arrive("recall", recall.pk)
    hands.press("2", "Enter")
    hands.arrive("search")


def _with_many(hands: Hands, recalls: list[Recall], choice: str) -> None:
    """Tick, look for whom it will not be done, do it, and be back at the list."""
    tab_to(hands.page, ".site-nav a")
    hands.press("Enter")
    hands.arrive("queue")
    hands.go_to(recalls[0])
    hands.press("x")
    for _ in recalls[1:]:
        hands.press("j", "x")
    hands.press("w")
    hands.write(choice)
    hands.press("Tab", "Enter")
    hands.arrive("bulk")
    expect(hands.page.get_by_role("heading", name=f"Will be done for {len(recalls)} patients")).to_be_visible()
    tab_to(hands.page, "#main button[type=submit]")
    hands.press("Enter")
    expect(hands.page.get_by_role("heading", name=f"Done for {len(recalls)} patients")).to_be_visible()


def _pass_over(hands: Hands, passed: Recall, last: Recall) -> None:
    tab_to(hands.page, "#main a.btn-primary")
    hands.press("Enter")
    hands.arrive("queue")
    hands.go_to(passed)
    hands.press("Enter")
    hands.arrive("recall", passed.pk)
    hands.press("j")
    hands.arrive("recall", last.pk)
    hands.press("n")
    hands.write("Call after five.")
    hands.press("Escape", "2", "Enter")
    hands.arrive("recall", passed.pk)
    hands.press("4", "Enter")
    hands.arrive("queue")


def _steps(recall: Recall) -> list[str]:
    """What was done with it this morning."""
    return [*recall.events.exclude(user=None).order_by("version").values_list("step", flat=True)]


def _said(recall: Recall) -> tuple[str, str]:
    attempt = recall.contact_attempts.latest("pk")
    return attempt.result, attempt.note


def test_a_schedulers_morning_of_twenty_recalls_by_keyboard_only(
    morning: list[Recall], hands: Hands, scheduler_ana: User
) -> None:
    _look_around(hands, morning)
    _call(hands, morning)
    _slip(hands, morning[7], morning[8])
    _book(hands, morning[7], morning[8])
    _from_the_list(hands, *morning[9:12])
    _find(hands, morning[12])
    _with_many(hands, morning[13:16], "Have a letter printed")
    _with_many(hands, morning[16:18], "Take it on")
    _pass_over(hands, morning[18], morning[19])

    for recall in morning:
        recall.refresh_from_db()
    steps, called = [_steps(recall) for recall in morning], [["log_contact"]]
    assert [_said(recall) for recall in morning[:7]] == [(result, note) for _key, result, note in CALLS]
    assert steps[:7] == called * 7
    decided = morning[6]  # said no: somebody decides, nobody rings again by herself
    assert [recall for recall in morning[:7] if recall.contact_attempts.get().next_try_at is None] == [decided]
    assert steps[7:9] == [["log_contact", "undo", "log_contact", "book_appointment"], ["book_appointment"]]
    assert {recall.state for recall in morning[7:9]} == {State.SCHEDULED}
    assert len({recall.appointments.get().starts_at for recall in morning[7:9]}) == 2
    assert steps[9:12] == [["add_note"], ["log_contact"], ["hold"]]
    assert morning[11].state == State.ON_HOLD
    assert _said(morning[12]) == (ContactResult.REACHED_CALLS_BACK, "")
    assert steps[13:18] == [["ask_letter"]] * 3 + [["take_on"]] * 2
    assert {recall.assigned_to for recall in morning[16:18]} == {scheduler_ana}
    assert steps[18:] == called * 2
    assert _said(morning[19]) == (ContactResult.REACHED_CALLS_BACK, "Call after five.")

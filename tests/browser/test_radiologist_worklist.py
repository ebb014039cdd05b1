"""A radiologist works through the worklist by keyboard alone."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from recalls.enums import ConcordanceVerdict, State
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.browser.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]

MAX_KEYS_PER_CASE = 5


class KeyCounter:
    """A keyboard that counts: no mouse, no script, only keys pressed one after the other."""

    def __init__(self, page: Page) -> None:
        self.page, self.pressed = page, 0

    def press(self, *keys: str) -> "KeyCounter":
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1
        return self

    def count(self) -> int:
        counted, self.pressed = self.pressed, 0
        return counted


def _step(recall: Recall, step: str) -> str:
    return reverse("step", args=[recall.pk, step])


@pytest.fixture
def arrived(shadyside: Site) -> list[Recall]:
    """Six patients who came, who came first is first."""
    now = timezone.now()
    return [
        RecallFactory.create(site=shadyside, attended=True, ended_at=now - timedelta(days=12 - at)) for at in range(6)
    ]


def test_a_list_of_arrived_patients_is_worked_by_keyboard_in_five_keys_a_case(
    sign_in: SignIn, live_server: LiveServer, radiologist_rao: User, shadyside: Site, arrived: list[Recall]
) -> None:
    to_sign = RecallFactory.create(site=shadyside, awaiting_concordance=True)
    page = sign_in(radiologist_rao)
    page.goto(live_server.url + reverse("worklist"))
    keys = KeyCounter(page).press("j", "Enter")
    page.wait_for_url(f"**{_step(arrived[0], 'record_outcome')}*")
    answers = (("1", "r"), ("2", "s"), ("3", "r"), ("4", "a"), ("5",), ("0",))
    for answer, following in zip(answers, [*arrived[1:], None], strict=True):
        keys.press(*answer, "Enter")
        page.wait_for_url(f"**{_step(following or to_sign, 'record_outcome' if following else 'sign_concordance')}*")
        assert keys.count() <= MAX_KEYS_PER_CASE
    keys.press("1", "Enter")
    page.wait_for_url(f"**{reverse('worklist')}")
    assert keys.count() <= MAX_KEYS_PER_CASE

    read = [Recall.objects.get(pk=recall.pk) for recall in arrived]
    assert [recall.outcomes.get().assessment for recall in read] == ["1", "2", "3", "4A", "5", "0-AI"]
    assert [hasattr(recall.outcomes.get(), "release") for recall in read] == [True, False, True, False, False, False]
    assert read[2].follow_up_on is not None
    assert to_sign.concordances.get().verdict == ConcordanceVerdict.CONCORDANT_BENIGN


def test_no_key_chooses_anything_while_typing(
    sign_in: SignIn, live_server: LiveServer, radiologist_rao: User, arrived: list[Recall]
) -> None:
    page = sign_in(radiologist_rao)
    page.goto(live_server.url + _step(arrived[0], "record_outcome"))
    page.keyboard.press("2")
    page.focus("[name=text]")
    page.keyboard.type("3 small cysts, seen on 6 pictures, stable")
    assert page.input_value("[name=text]") == "3 small cysts, seen on 6 pictures, stable"
    assert page.locator("[name=assessment]:checked").input_value() == "2"
    assert page.locator("[name=release]:checked").count() == 0


def test_a_key_only_goes_to_a_button_and_enter_presses_it(
    sign_in: SignIn, live_server: LiveServer, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, priors_received=True)
    page = sign_in(radiologist_rao)
    page.goto(live_server.url + _step(recall, "resolve_by_priors"))
    page.keyboard.press("1")
    page.keyboard.press("2")
    recall.refresh_from_db()
    assert recall.state == State.AWAITING_PRIORS
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('worklist')}")
    recall.refresh_from_db()
    assert recall.state == State.TO_CONTACT


def test_only_what_the_category_asks_for_is_in_sight(
    sign_in: SignIn, live_server: LiveServer, radiologist_rao: User, arrived: list[Recall]
) -> None:
    page = sign_in(radiologist_rao)
    page.goto(live_server.url + _step(arrived[0], "record_outcome"))
    fields = ("assessment", "assessment_right", "follow_up_months", "release", "release_day", "text")

    def in_sight() -> list[str]:
        return [name for name in fields if page.locator(f"[name={name}]").first.is_visible()]

    page.keyboard.press("1")
    assert in_sight() == ["assessment", "release", "text"]
    page.keyboard.press("3")
    assert in_sight() == ["assessment", "follow_up_months", "release", "text"]
    page.keyboard.press("t")
    assert in_sight() == ["assessment", "follow_up_months", "release", "release_day", "text"]
    page.keyboard.press("5")
    assert in_sight() == ["assessment", "text"]


def test_an_outcome_is_recorded_and_amended_with_scripts_switched_off(
    browser: Browser, live_server: LiveServer, radiologist_rao: User, arrived: list[Recall]
) -> None:
    radiologist_rao.set_password(PASSWORD)
    radiologist_rao.save()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/sign-in/")
    page.fill("[name=username]", radiologist_rao.username)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Start with the first").click()
    page.get_by_label("3: Probably benign").check()
    page.get_by_label("After I have spoken to the patient").check()
    page.get_by_role("button", name="Save and next").click()
    assert urlsplit(page.url).path == _step(arrived[1], "record_outcome")
    page.goto(live_server.url + _step(arrived[0], "amend_outcome"))
    page.get_by_label("2: Benign").check()
    page.locator("[name=release][value=now]").check()
    page.get_by_label("Why it is amended").fill("Seen again with ultrasound.")
    page.get_by_role("button", name="Save", exact=True).click()
    context.close()
    recall = Recall.objects.get(pk=arrived[0].pk)
    assert [row.assessment for row in recall.outcomes.all()] == ["3", "2"]
    assert recall.state == State.CLOSED

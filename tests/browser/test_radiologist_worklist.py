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
    """Ten patients who came, who came first is first."""
    now = timezone.now()
    return [
        RecallFactory.create(site=shadyside, attended=True, ended_at=now - timedelta(days=16 - at)) for at in range(10)
    ]


def test_ten_arrived_patients_are_read_by_keyboard_in_no_more_keys_than_their_answer_needs(
    sign_in: SignIn, live_server: LiveServer, radiologist_rao: User, shadyside: Site, arrived: list[Recall]
) -> None:
    """A 1, 2 or 3: its key, how the patient hears of it, Enter. A 4, 5, 6 or 0: its key and Enter."""
    page = sign_in(radiologist_rao)
    page.goto(live_server.url + reverse("worklist"))
    keys = KeyCounter(page).press("j", "Enter")
    page.wait_for_url(f"**{_step(arrived[0], 'record_outcome')}*")
    keys.count()
    answers = (("1", "r"), ("2", "s"), ("3", "r"), ("4",), ("a",), ("b",), ("c",), ("5", "v"), ("6",), ("0",))
    for number, answer in enumerate(answers):
        keys.press(*answer, "Enter")
        if number + 1 < len(arrived):
            page.wait_for_url(f"**{_step(arrived[number + 1], 'record_outcome')}*")
        else:
            page.wait_for_url("**/result_told/*")
        assert keys.count() == len(answer) + 1
    read = [Recall.objects.get(pk=recall.pk) for recall in arrived]
    said = ["1", "2", "3", "4", "4A", "4B", "4C", "5", "6", "0-AI"]
    assert [recall.outcomes.get().assessment for recall in read] == said
    told = [recall.state for recall in read if recall.state != State.RESULT_TO_TELL]
    assert told == [State.CLOSED, State.FOLLOW_UP, State.BIOPSY_TO_BOOK], "in writing, in writing, at the visit"
    assert read[2].follow_up_on is not None


def test_a_second_lesion_is_recorded_with_its_place_and_signed_by_its_name(
    sign_in: SignIn, live_server: LiveServer, radiologist_rao: User, arrived: list[Recall]
) -> None:
    page = sign_in(radiologist_rao)
    page.goto(live_server.url + _step(arrived[0], "record_outcome"))
    page.keyboard.press("b")
    page.keyboard.press("v")
    page.get_by_text("More than one lesion, or its place and size").click()
    page.select_option("[name=lesion1_assessment]", "3")
    page.select_option("[name=lesion1_side]", "right")
    page.select_option("[name=lesion2_assessment]", "4B")
    page.select_option("[name=lesion2_side]", "left")
    page.select_option("[name=lesion2_location]", "2")
    page.get_by_role("button", name="Save and next").click()
    page.wait_for_url(f"**{_step(arrived[1], 'record_outcome')}*")
    lesions = [str(lesion) for lesion in arrived[0].lesions.all()]
    assert len(lesions) == 2
    assert any("left" in lesion and "2 o'clock" in lesion for lesion in lesions)


def test_a_concordance_is_signed_and_told_by_keyboard(
    sign_in: SignIn, live_server: LiveServer, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, awaiting_concordance=True)
    page = sign_in(radiologist_rao)
    page.goto(live_server.url + reverse("worklist"))
    keys = KeyCounter(page).press("j", "Enter")
    page.wait_for_url(f"**{_step(recall, 'sign_concordance')}*")
    keys.press("1", "Enter")
    page.wait_for_url(f"**{_step(recall, 'result_told')}*")
    keys.press("p", "Enter")
    page.wait_for_url(f"**{reverse('worklist')}*")
    recall.refresh_from_db()
    assert (recall.state, recall.concordances.get().verdict) == (State.CLOSED, ConcordanceVerdict.CONCORDANT_BENIGN)
    assert keys.count() == 6


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
    assert page.locator("[name=telling]:checked").count() == 0


def test_a_key_only_goes_to_a_button_and_enter_presses_it(
    sign_in: SignIn, live_server: LiveServer, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, priors_received=True)
    page = sign_in(radiologist_rao)
    page.goto(live_server.url + _step(recall, "resolve_by_priors"))
    page.keyboard.press("2")
    assert page.locator("[name=assessment]:checked").input_value() == "2"
    page.keyboard.press("d")
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
    fields = ("assessment", "assessment_right", "lesion1_side", "follow_up_months", "telling", "release_day", "text")

    def in_sight() -> list[str]:
        return [name for name in fields if page.locator(f"[name={name}]").first.is_visible()]

    page.keyboard.press("1")
    assert in_sight() == ["assessment", "telling", "text"]
    page.keyboard.press("3")
    assert in_sight() == ["assessment", "follow_up_months", "telling", "text"]
    page.keyboard.press("t")
    assert in_sight() == ["assessment", "follow_up_months", "telling", "release_day", "text"]
    page.keyboard.press("5")
    assert in_sight() == ["assessment", "telling", "text"]
    offered = [kind for kind in ("at_visit", "now", "later", "to_tell") if page.locator(f"[value={kind}]").is_visible()]
    assert offered == ["at_visit", "to_tell"], "a 5 is told by voice"


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
    page.get_by_label("Told at the visit").check()
    page.get_by_role("button", name="Save and next").click()
    assert urlsplit(page.url).path == _step(arrived[1], "record_outcome")
    page.goto(live_server.url + _step(arrived[0], "amend_outcome"))
    page.get_by_label("2: Benign").check()
    page.locator("[name=telling][value=now]").check()
    page.get_by_label("Why it is amended").fill("Seen again with ultrasound.")
    page.get_by_role("button", name="Save", exact=True).click()
    context.close()
    recall = Recall.objects.get(pk=arrived[0].pk)
    assert [row.assessment for row in recall.outcomes.all()] == ["3", "2"]
    assert recall.state == State.CLOSED

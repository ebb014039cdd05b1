"""Can everybody use every page: small screen, dark, and with a screen reader's eyes?"""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from recalls.factories import RecallFactory
from recalls.forms import FORMS
from recalls.models import Recall
from recalls.states import OPEN_STATES
from tests.browser.conftest import barriers, too_wide

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]
WIDTHS = (1280, 360)
STORIES = (
    "to_contact", "wrong_number", "three_attempts", "booked", "attended", "awaiting_priors", "biopsy_to_book",
    "awaiting_concordance", "closed_benign",
)  # fmt: skip


def _look(page: Page, address: str) -> list[str]:
    """Everything that stands in somebody's way at this address, at both widths."""
    found = []
    page.goto(address)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{address} at {width}: {barrier}" for barrier in barriers(page)]
        if too_wide(page):
            found.append(f"{address} at {width}: must be scrolled sideways")
    return found


@pytest.fixture
def recalls(shadyside: Site) -> list[Recall]:
    return [RecallFactory.create(site=shadyside, **{story: True}) for story in STORIES]


def test_lists_stand_in_nobodys_way(
    sign_in: SignIn, live_server: LiveServer, recalls: list[Recall], scheduler_ana: User, radiologist_rao: User
) -> None:
    page = sign_in(scheduler_ana)
    addresses = [reverse("queue_state", args=[state]) for state in OPEN_STATES] + [reverse("work"), reverse("search")]
    found = [barrier for address in addresses for barrier in _look(page, live_server.url + address)]
    page.get_by_role("button", name="Sign out").click()
    page = sign_in(radiologist_rao)
    assert found + _look(page, live_server.url + reverse("worklist")) == []


def test_the_page_of_a_recall_stands_in_nobodys_way(
    sign_in: SignIn, live_server: LiveServer, recalls: list[Recall], radiologist_rao: User
) -> None:
    page = sign_in(radiologist_rao)
    addresses = [live_server.url + reverse("recall", args=[recall.pk]) for recall in recalls]
    assert [barrier for address in addresses for barrier in _look(page, address)] == []


def test_the_form_of_every_step_stands_in_nobodys_way(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = sign_in(scheduler_ana)
    addresses = [live_server.url + reverse("step", args=[recall.pk, step]) for step in FORMS]
    assert [barrier for address in addresses for barrier in _look(page, address)] == []


def test_a_form_sent_back_stands_in_nobodys_way_and_leads_to_the_field(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = sign_in(scheduler_ana)
    page.goto(live_server.url + reverse("step", args=[recall.pk, "hold"]))
    page.fill("[name=note]", "She is away.")
    page.fill("[name=until]", "2020-01-06")
    page.get_by_role("button", name="Put on hold").click()
    assert barriers(page) == []
    page.get_by_role("link", name="Until: Choose a day after today.").click()
    assert page.locator("[name=until]").evaluate("element => element === document.activeElement")
    assert page.input_value("[name=note]") == "She is away."


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_sign_in_and_the_pages_that_say_no_are_readable_in_light_and_dark(
    scheme: str, page: Page, sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, recalls: list[Recall]
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    found = _look(page, f"{live_server.url}/sign-in/")
    sign_in(scheduler_ana)
    for address in ("/no-such-page/", "/worklist/", "/queue/", reverse("recall", args=[recalls[1].pk])):
        found += _look(page, live_server.url + address)
    assert found == []


def test_text_at_twice_its_size_still_fits(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, recalls: list[Recall]
) -> None:
    page = sign_in(scheduler_ana)
    page.set_viewport_size({"width": 640, "height": 450})  # what 1280 by 900 shows at 200 %
    for address in (reverse("queue"), reverse("recall", args=[recalls[0].pk])):
        page.goto(live_server.url + address)
        assert not too_wide(page)

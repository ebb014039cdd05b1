"""The status board draws its charts, and board and lists work without scripts."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from recalls.testing.factories import RecallFactory
from tests.browser.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]

# Whether any point of the picture has a colour: a canvas that was never drawn on is clear everywhere.
IS_DRAWN = """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"""


@pytest.fixture
def a_clinic_at_work(shadyside: Site) -> None:
    for story in ("to_contact", "wrong_number", "booked", "closed_normal", "benign_concordant", "lost"):
        RecallFactory.create(site=shadyside, **{story: True})


def test_the_board_draws_each_chart_when_it_comes_into_sight_and_none_before(
    page: Page, sign_in: SignIn, live_server: LiveServer, administrator_ada: User, a_clinic_at_work: None
) -> None:
    said, asked = list[str](), list[str]()
    page.on("console", lambda message: said.append(_console_error(message)))
    page.on("request", lambda request: asked.append(request.url))
    sign_in(administrator_ada)
    page.goto(live_server.url + reverse("board"))
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "chart" in url]
    assert page.locator("canvas").count() == 10
    for chart in page.locator("canvas").all():
        chart.scroll_into_view_if_needed()
        expect(chart).to_have_attribute("data-drawn", "")
        assert chart.evaluate(IS_DRAWN)
    assert len([url for url in asked if "chart" in url]) == 1
    assert [words for words in said if words] == []


def _console_error(message: ConsoleMessage) -> str:
    return message.text if message.type in ("error", "warning") else ""


def test_the_board_and_a_search_work_without_javascript(
    browser: Browser, live_server: LiveServer, administrator_ada: User, a_clinic_at_work: None
) -> None:
    administrator_ada.set_password(PASSWORD)
    administrator_ada.save()
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(live_server.url + reverse("board"))
    page.fill("[name=username]", administrator_ada.username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.get_by_role("link", name="1 open: Visit booked").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.goto(live_server.url + reverse("admin:patients_patient_changelist"))
    page.fill("#searchbar", "Sample")
    page.press("#searchbar", "Enter")
    expect(page.locator("#result_list tbody tr")).to_have_count(6)
    assert "Sample" not in page.url
    assert page.input_value("#searchbar") == "Sample"

"""Can an administrator use the board and every list: small screen, dark, without JavaScript, with a screen reader?"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from recalls.factories import RecallFactory
from tests.browser.conftest import barriers, too_wide

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]

# Whether any point of the picture has a colour: a canvas that was never drawn on is clear everywhere.
IS_DRAWN = """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"""


@pytest.fixture
def a_clinic_at_work(shadyside: Site) -> None:
    for story in ("to_contact", "wrong_number", "booked", "closed_normal", "benign_concordant", "lost"):
        RecallFactory.create(site=shadyside, **{story: True})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_board_stands_in_nobodys_way_and_draws_its_charts(
    width: int, scheme: Any, page: Page, sign_in: SignIn, live_server: LiveServer, administrator_ada: User,
    a_clinic_at_work: None,
) -> None:  # fmt: skip
    said: list[str] = []
    page.on("console", lambda message: said.append(_complaint(message)))
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(administrator_ada)
    page.goto(live_server.url + "/admin/")
    for chart in page.locator("canvas").all():
        chart.scroll_into_view_if_needed()
        expect(chart).to_have_attribute("data-drawn", "")
        assert chart.evaluate(IS_DRAWN)
    assert page.locator("canvas").count() == 10
    assert [words for words in said if words] == []
    assert not too_wide(page)
    assert barriers(page) == []
    for summary in page.locator("summary").all():
        summary.click()
    assert barriers(page) == []
    assert not too_wide(page)


def _complaint(message: ConsoleMessage) -> str:
    return message.text if message.type in ("error", "warning") else ""


def _addresses() -> list[str]:
    """Every list of the admin, and one row of each that has rows."""
    found = []
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found.append(reverse(f"{name}_changelist"))
        row = model._default_manager.last()
        found += [reverse(f"{name}_change", args=[row.pk])] if row is not None else []
    return [*found, reverse("admin:clinic_user_add"), reverse("admin:clinic_site_add")]


@pytest.mark.ignore_template_errors  # Django's own page of an account leaves a variable to its default
def test_every_list_and_row_stands_in_nobodys_way(
    page: Page, sign_in: SignIn, live_server: LiveServer, administrator_ada: User, a_clinic_at_work: None
) -> None:
    page.set_viewport_size({"width": 360, "height": 900})  # what is narrow shows most
    sign_in(administrator_ada)
    found = []
    for address in _addresses():
        answer = page.goto(live_server.url + address)
        assert answer is not None
        assert answer.status in (200, 403), address
        found += [f"{address}: {barrier}" for barrier in barriers(page)]
        found += [f"{address}: must be scrolled sideways"] if too_wide(page) else []
    assert found == []


def test_the_board_and_a_search_work_without_javascript(
    browser: Browser, live_server: LiveServer, administrator_ada: User, a_clinic_at_work: None
) -> None:
    administrator_ada.set_password("correct-horse-battery")
    administrator_ada.save()
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(live_server.url + "/admin/")
    page.fill("[name=username]", administrator_ada.username)
    page.fill("[name=password]", "correct-horse-battery")
    page.press("[name=password]", "Enter")
    page.get_by_role("link", name="1 open: Visit booked").click()
    assert page.locator("#result_list tbody tr").count() == 1
    page.goto(live_server.url + reverse("admin:patients_patient_changelist"))
    page.fill("#searchbar", "Sample")
    page.press("#searchbar", "Enter")
    assert "Sample" not in page.url
    assert page.input_value("#searchbar") == "Sample"
    assert page.locator("#result_list tbody tr").count() == 6

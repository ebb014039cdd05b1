"""A manager reads the map, its lists, the board and its files."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings as project
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from recalls import actions
from recalls.enums import OPEN_STATES, WorkItemKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.browser.conftest import PASSWORD, session_cookie, tab_to

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    settings.MAP_REFRESH_SECONDS = 1
    cache.clear()


@pytest.fixture
def a_clinic_at_work(shadyside: Site) -> None:
    for story in ("to_contact", "wrong_number", "booked", "closed_normal", "benign_concordant", "lost"):
        RecallFactory.create(site=shadyside, **{story: True})


def test_numbers_change_in_place_and_nothing_moves_while_the_map_is_open(
    page: Page, sign_in: SignIn, live_server: LiveServer, manager_mo: User, shadyside: Site
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    statuses: list[int] = []
    page.on("response", lambda answer: statuses.append(answer.status) if "/figures/" in answer.url else None)
    RecallFactory.create(site=shadyside)
    page.emulate_media(reduced_motion="reduce")  # else the page may still be scrolling to the box when it is measured
    sign_in(manager_mo)
    page.goto(live_server.url + "/map/")
    box = "#map-box-to_contact"
    tab_to(page, box)
    before = page.locator(box).bounding_box()
    RecallFactory.create(site=shadyside)
    cache.clear()
    page.wait_for_selector(f'{box}[aria-label^="To contact: 2 open"]')
    assert page.locator("#map-states tr").nth(1).inner_text().split("\t")[1] == "2"
    assert page.locator(box).bounding_box() == before
    assert page.locator(box).evaluate("element => element === document.activeElement")
    page.wait_for_timeout(2500)
    assert 304 in statuses  # nothing new, nothing sent
    assert [words for words in said if words] == []


def test_a_manager_goes_from_map_to_list_board_and_export(
    page: Page, sign_in: SignIn, live_server: LiveServer, manager_mo: User, a_clinic_at_work: None
) -> None:
    """From the map to a list by keyboard, to the board, and home with a file of figures."""
    sign_in(manager_mo)
    page.goto(live_server.url + "/map/")
    assert page.locator("svg a").count() >= len(OPEN_STATES)
    tab_to(page, "#map-box-scheduled")
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue/scheduled/**")
    page.get_by_role("link", name="Status board").click()
    page.get_by_role("heading", name="Open recalls without a next step").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV file: Next action overdue by step and by site").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert text.startswith("State,Shadyside Sample Imaging")


def test_an_open_map_goes_to_the_sign_in_page_when_the_session_ends(
    page: Page, sign_in: SignIn, live_server: LiveServer, manager_mo: User, shadyside: Site
) -> None:
    sign_in(manager_mo)
    page.goto(live_server.url + "/map/")
    page.context.clear_cookies()
    page.wait_for_url("**/sign-in/**")


def test_the_map_is_all_there_without_javascript(
    browser: Browser, live_server: LiveServer, manager_mo: User, a_clinic_at_work: None
) -> None:
    manager_mo.set_password(PASSWORD)
    manager_mo.save()
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{live_server.url}{project.LOGIN_URL}?next=/map/")
    page.fill("[name=username]", manager_mo.username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.get_by_role("link", name="Visit booked: 1 open").click()
    assert page.url.endswith("/queue/scheduled/")


def _press(page: Page, selector: str, key: str = "Enter") -> None:
    tab_to(page, selector)
    page.keyboard.press(key)


def test_a_managers_morning_by_keyboard(
    page: Page, sign_in: SignIn, live_server: LiveServer, manager_mo: User, scheduler_ana: User, shadyside: Site
) -> None:
    """From the board to the late list, three given to ana, the list as a file, and a task settled."""
    long_ago = timezone.now() - timedelta(days=40)
    late = [RecallFactory.create(site=shadyside, ended_at=long_ago) for _number in range(3)]
    task = actions.open_work_item(late[0], WorkItemKind.VERIFY_CONTACT, "Mail came back.")
    sign_in(manager_mo)
    assert page.url.endswith("/board/")
    _press(page, ".board-headline a")
    page.wait_for_url("**/lists/late/")
    for recall in late:
        _press(page, f"[name=recall][value='{recall.pk}']", "Space")
    page.get_by_role("button", name="Assign the selected").press("Enter")
    page.get_by_role("heading", name="Will be done for 3 patients").wait_for()
    page.get_by_label("Give to").select_option(label=scheduler_ana.get_full_name())
    page.get_by_role("button", name="Assign: 3").press("Enter")
    page.get_by_role("heading", name="Assign").first.wait_for()
    assert Recall.objects.filter(assigned_to=scheduler_ana).count() == 3
    page.goto(live_server.url + "/lists/late/")
    _press(page, "summary:text('CSV file of this list')")
    page.get_by_label("Why is the file needed?").fill("The morning's round")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").press("Enter")
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert text.count(scheduler_ana.get_full_name()) == 3
    page.goto(live_server.url + "/work/")
    page.get_by_role("button", name="Done").press("Enter")
    page.get_by_text("No task is open.").wait_for()
    task.refresh_from_db()
    assert task.done_by == manager_mo


def test_the_late_list_is_assigned_and_taken_without_javascript(
    browser: Browser, live_server: LiveServer, manager_mo: User, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, ended_at=timezone.now() - timedelta(days=40))
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    context.add_cookies([session_cookie(manager_mo, live_server)])
    page = context.new_page()
    page.goto(live_server.url + "/board/")
    expect(page.get_by_label("1 overdue: To contact")).to_be_visible()
    page.goto(live_server.url + "/lists/late/")
    page.get_by_label(f"Select {recall.patient}").check()
    page.get_by_role("button", name="Assign the selected").click()
    page.get_by_label("Give to").select_option(label=scheduler_ana.get_full_name())
    page.get_by_role("button", name="Assign: 1").click()
    recall.refresh_from_db()
    assert recall.assigned_to == scheduler_ana

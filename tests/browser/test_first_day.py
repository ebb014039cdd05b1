"""An empty installation is set up in the browser alone, and its first recall is walked to closed."""

import io
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site
from exchange.models import ResultUpload
from exchange.uploads.upload_load import load_slice
from recalls.enums import State
from recalls.models import Recall
from tests.browser.conftest import axe_violations, has_horizontal_scroll
from tests.entry.test_uploads import as_xlsx
from tests.exchange.conftest import as_csv, make_result

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "four copper kettles"
SITE = {
    "name": "Harbor Imaging", "sender_name": "Harbor Imaging", "contact_person": "Nia, nurse navigator",
    "phone": "206 555 0123", "address_line": "3 Example Pier", "city": "Seattle", "state": "WA",
    "postal_code": "98101", "subdivision": "WA", "code": "HARBOR",
}  # fmt: skip
TYPED_RESULT = {
    "mrn": "H-4401", "family_name": "Sample-Oak", "given_name": "Testa", "birth_date": "1968-03-14",
    "accession": "HB-70011",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _links_lead_here(settings: Settings, live_server: LiveServer, tmp_path: Path) -> None:
    settings.PUBLIC_URL = live_server.url
    settings.UPLOAD_DIR = tmp_path / "uploads"
    cache.clear()


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    """Without scripts: nothing on the way needs one."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def _set_up_code() -> str:
    out = io.StringIO()
    call_command("setup_code", stdout=out)
    return str(re.findall(r"Set-up code: (\S+)", out.getvalue())[0])


def _fill(page: Page, typed: dict[str, str]) -> None:
    for name, value in typed.items():
        page.fill(f"[name={name}]", value)


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()


def _follow(page: Page, point: str) -> None:
    """The link of a point of the check list."""
    panel = page.locator("li.panel", has=page.get_by_role("heading", name=point))
    panel.get_by_role("link").first.click()


def _make_the_first_account(page: Page, live_server: LiveServer) -> None:
    page.goto(live_server.url)
    names = {"first_name": "Wren", "last_name": "Example-Yew", "email": "wren@example.org", "username": "wren"}
    _fill(page, names | {"code": _set_up_code(), "password1": PASSWORD, "password2": PASSWORD})
    _press(page, "Make the account and go on")


def _invite(page: Page, name: str, role: str) -> str:
    _fill(page, {"first_name": name, "last_name": "Example-Fern", "username": name.lower()})
    page.get_by_label(role, exact=True).check()
    _press(page, "Add and invite")
    link = page.get_by_label("Link", exact=True).input_value()
    page.get_by_role("link", name="Back to the staff").click()
    return link


def _set_up(page: Page) -> dict[str, str]:
    """Every point of the check list; the invitations of the staff."""
    page.get_by_role("link", name="Add a site").click()
    page.select_option("[name=time_zone]", "America/Los_Angeles")
    _fill(page, SITE)
    _press(page, "Save")
    _press(page, "Save")  # the week as it is offered
    _follow(page, "Rooms and lengths of visits")
    page.get_by_role("link", name="Add a room").click()
    _fill(page, {"name": "Mammography 1"})
    _press(page, "Save")
    page.get_by_role("link", name="Back to the check list").click()
    _follow(page, "Staff with role and site")
    roles = {"Ana": "Scheduler", "Rao": "Radiologist", "Mo": "Manager"}
    links = {role: _invite(page, name, role) for name, role in roles.items()}
    page.get_by_role("link", name="Back to the check list").click()
    _follow(page, "Texts to patients")
    page.get_by_label("I have read the texts").check()
    _press(page, "Sign the review")
    _follow(page, "Mail")
    _press(page, "Send")
    page.get_by_role("link", name="Back to the check list").click()
    _follow(page, "Link to the patient's page")
    page.check("[name=page_link]")
    _press(page, "Save")
    return links


def _come_in(page: Page, link: str) -> None:
    page.goto(link)
    _fill(page, {"new_password1": PASSWORD, "new_password2": PASSWORD})
    _press(page, "Save and sign in")


def _upload(page: Page, live_server: LiveServer, path: Path) -> None:
    """Send the file, take the columns as they were guessed, and let a worker take its turn."""
    page.goto(live_server.url + reverse("uploads"))
    page.set_input_files("[name=file]", path)
    _press(page, "Upload and check")
    _press(page, "Load the file")
    page.wait_for_selector("text=Waits to be loaded")
    load_slice(ResultUpload.objects.latest("pk").pk)
    page.wait_for_selector("#upload-progress h2:has-text('Loaded')")


def _upload_both_kinds(page: Page, live_server: LiveServer, folder: Path) -> None:
    rows = [
        make_result(site="HARBOR", mrn=f"H-{number}", accession=f"HB-{number}", family_name=name, exam_date=str(day))
        for number, name, day in ((5501, "Sample-Ash", _days_ago(6)), (5502, "Sample-Elm", _days_ago(5)))
    ]
    (folder / "week.csv").write_text(as_csv(rows[0]), encoding="utf-8")
    (folder / "week.xlsx").write_bytes(as_xlsx(list(rows[1]), list(rows[1].values())))
    for name in ("week.csv", "week.xlsx"):
        _upload(page, live_server, folder / name)


def _days_ago(days: int) -> date:
    return timezone.localdate() - timedelta(days=days)


def test_an_empty_installation_is_set_up_and_its_first_recall_walked_to_closed(
    desk: Page, browser: Browser, live_server: LiveServer, tmp_path: Path
) -> None:
    _make_the_first_account(desk, live_server)
    links = _set_up(desk)
    expect(desk.get_by_text("Everything is set up")).to_be_visible()
    site = Site.objects.get()
    assert (site.code, site.phone, site.page_link) == ("HARBOR", "+12065550123", True)
    manager = browser.new_context().new_page()
    _come_in(manager, links["Manager"])
    _upload_both_kinds(manager, live_server, tmp_path)
    assert Recall.objects.count() == 2
    scheduler = browser.new_context().new_page()
    _come_in(scheduler, links["Scheduler"])
    scheduler.goto(live_server.url + reverse("entry"))
    _fill(scheduler, TYPED_RESULT | {"exam_date": f"{_days_ago(4)}"})
    scheduler.select_option("[name=assessment]", "0-AI")
    _press(scheduler, "Save")
    expect(scheduler.get_by_text("the recall is open")).to_be_visible()
    scheduler.goto(live_server.url + reverse("queue"))
    scheduler.get_by_role("link", name="Sample-Oak").click()
    scheduler.get_by_role("link", name="Book visit").first.click()
    scheduler.locator("label.time").first.click()
    _press(scheduler, "Book visit")
    recall = Recall.objects.get(exam__accession=TYPED_RESULT["accession"])
    assert recall.state == State.SCHEDULED
    scheduler.goto(f"{live_server.url}/recalls/{recall.pk}/mark_attended/")
    if scheduler.locator("[name=came_early]").count():
        scheduler.check("[name=came_early]")
    _press(scheduler, "Patient came")
    reader = browser.new_context().new_page()
    _come_in(reader, links["Radiologist"])
    reader.get_by_role("link", name="Sample-Oak").click()
    reader.get_by_label("1: Negative").check()
    reader.get_by_label("Told at the visit").check()
    _press(reader, "Save and next")
    reader.wait_for_load_state()
    recall.refresh_from_db()
    assert recall.state == State.CLOSED


def test_the_pages_of_the_set_up_are_accessible_and_fit_a_phone(page: Page, live_server: LiveServer) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(live_server.url)
    assert axe_violations(page) == []
    _make_the_first_account(page, live_server)
    _set_up(page)
    site = Site.objects.get()
    for path in ("", "sites/new/", "staff/", "closed-days/", "texts/", "mail/", *(
        f"sites/{site.pk}/{part}" for part in ("", "hours/", "rooms/", "rooms/new/", "messages/")
    )):  # fmt: skip
        page.goto(f"{live_server.url}/setup/{path}")
        assert axe_violations(page) == [], path
        assert not has_horizontal_scroll(page), path

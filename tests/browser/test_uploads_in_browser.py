"""A CSV file and an Excel workbook with foreign columns are uploaded, checked, loaded, and their bad rows mended."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from exchange.models import ParkedRow, ResultUpload
from exchange.uploads.upload_load import load_slice
from recalls.models import Recall, ScreeningExam
from tests.browser.conftest import axe_violations
from tests.entry.test_uploads import BAD, GOOD, HEADER, as_csv, as_xlsx

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]


def _upload(page: Page, live_server: LiveServer, path: Path) -> None:
    page.goto(live_server.url + reverse("uploads"))
    page.set_input_files("[name=file]", path)
    page.click("text=Upload and check")
    page.wait_for_url("**/columns/")


def _load(page: Page) -> None:
    """Press the button; a worker takes its turn while the page watches."""
    page.click("text=Load the file")
    page.wait_for_selector("text=Waits to be loaded")
    load_slice(ResultUpload.objects.latest("pk").pk)
    page.wait_for_selector("#upload-progress h2:has-text('Loaded')")


def _mend(page: Page, assessment: str, sign_in: SignIn, other: User) -> None:
    """A result is typed by one person, and a second one sends the row as it stands."""
    page.click("text=Mend 1 parked row")
    page.click("main >> text=Line 3")
    page.fill("[name=cell_assessment]", assessment)
    page.click("text=Save and replay")
    page.wait_for_selector("text=A second person has to look at the row")
    address = page.url
    page = sign_in(other)
    page.goto(address)
    page.click("text=Save and replay")
    page.wait_for_selector("text=The row is in")


@pytest.mark.parametrize("name", ["week.csv", "week.xlsx"])
def test_a_file_is_mapped_loaded_and_its_bad_row_mended(
    sign_in: SignIn, live_server: LiveServer, manager_mo: User, administrator_ada: User, tmp_path: Path, name: str
) -> None:
    path, header = tmp_path / name, [*HEADER[:4], "Our number", *HEADER[5:]]
    path.write_bytes((as_csv if name.endswith("csv") else as_xlsx)(header, GOOD, BAD))
    page = sign_in(manager_mo)
    _upload(page, live_server, path)
    page.wait_for_selector("text=Say which column of the file holds “Accession”")
    page.select_option("tr:has-text('Our number') select", "accession")
    page.click("text=Keep the columns and check")
    page.wait_for_selector("text=A plain 0 does not say what is needed")
    assert not ScreeningExam.objects.exists()
    assert axe_violations(page) == []
    _load(page)
    assert axe_violations(page) == []
    _mend(page, "4B", sign_in, administrator_ada)
    assert ParkedRow.objects.get().state == "replayed"
    assert Recall.objects.count() == 2
    _upload(page, live_server, path)
    _load(page)
    page.wait_for_selector("text=Already here, unchanged")
    assert Recall.objects.count() == 2


def test_the_progress_is_seen_without_scripts(
    sign_in: SignIn, live_server: LiveServer, manager_mo: User, shadyside: Site, tmp_path: Path
) -> None:
    path = tmp_path / "week.csv"
    path.write_bytes(as_csv(HEADER, GOOD))
    page = sign_in(manager_mo)
    page.route("**/*.js", lambda route: route.abort())
    _upload(page, live_server, path)
    page.select_option("tr:has-text('Acc #') select", "accession")
    page.click("text=Keep the columns and check")
    page.click("text=Load the file")
    load_slice(ResultUpload.objects.get().pk)
    page.click("text=Look again")
    page.wait_for_selector("text=Recall opened")

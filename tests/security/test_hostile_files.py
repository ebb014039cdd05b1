"""Holds that a file is taken for what it is: not for what its name says, and no more of it than can be read."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.http import content_disposition_header

from clinic import calendar
from clinic.models import Site, User
from exchange.models import ResultUpload
from exchange.uploads import xlsx_reader
from recalls.forms.outside import MAX_FILE_BYTES
from recalls.models import OutsideReport, Recall
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import StepFormClient
from tests.entry.test_uploads import COLUMNS, GOOD, HEADER, as_csv, as_xlsx, stored_files
from tests.security.conftest import ClientFor

pytestmark = pytest.mark.django_db
ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + step, b"&%c;" % (97 + step) * 12) for step in range(9)
)


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.UPLOAD_DIR = tmp_path / "uploads"


@pytest.fixture
def manager(client_for: ClientFor, manager_mo: User, shadyside: Site) -> Client:
    return client_for(manager_mo)


def _send(browser: Client, name: str, content: bytes) -> Any:
    sent = {"site": Site.objects.get().pk, "file": SimpleUploadedFile(name, content)}
    return browser.post(reverse("uploads"), sent)


def _workbook_with(head: bytes, word: bytes) -> bytes:
    """A workbook whose sheet begins with that document type and names its entity in a cell."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(as_xlsx(HEADER, GOOD))) as book, zipfile.ZipFile(written, "w") as changed:
        for part in book.infolist():
            content = book.read(part)
            if part.filename.startswith("xl/worksheets/"):
                content = head + content.partition(b"?>")[2] if content.startswith(b"<?xml") else head + content
                content = content.replace(b"Sample-Ash", word)
            changed.writestr(part, content)
    return written.getvalue()


@pytest.mark.parametrize(("head", "word"), [(ENTITY, b"&e;"), (LAUGHS + b"]>", b"&j;")], ids=["outside", "laughs"])
def test_an_entity_of_a_workbook_is_neither_fetched_nor_multiplied(manager: Client, head: bytes, word: bytes) -> None:
    answer = _send(manager, "results.xlsx", _workbook_with(head, word))
    shown = answer.content.decode() + (manager.get(answer["Location"]).content.decode() if "Location" in answer else "")
    assert answer.status_code < 500
    assert "root:" not in shown
    assert "haha" not in shown


def test_a_workbook_of_too_many_parts_is_refused(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_reader, "MAX_PARTS", 3)
    assert "too large" in " ".join(_send(manager, "results.xlsx", as_xlsx(HEADER, GOOD)).context["form"].errors["file"])
    assert stored_files() == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("results.xlsx", as_csv(HEADER, GOOD)),
        ("results.csv", as_xlsx(HEADER, GOOD)),
        ("results.csv", b"\x7fELF\x02\x01"),
        ("results.csv", b"%PDF-1.7\n1"),
        ("results.php", as_csv(HEADER, GOOD)),
        ("results.csv.exe", as_csv(HEADER, GOOD)),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused_and_not_kept(
    manager: Client, name: str, content: bytes
) -> None:
    assert _send(manager, name, content).status_code == 200
    assert (ResultUpload.objects.count(), stored_files()) == (0, [])


def test_the_name_of_a_file_leads_to_no_other_folder(manager: Client) -> None:
    _send(manager, "../../../etc/cron.d/x.csv", as_csv(HEADER, GOOD))
    (stored,) = stored_files()
    upload = ResultUpload.objects.get()
    assert stored == Path(settings.UPLOAD_DIR) / f"{upload.key}.csv"
    assert stored.stat().st_mode & 0o077 == 0
    assert len(COLUMNS) == len(HEADER)


def _report(browser: Client, recall: Recall, name: str, content: bytes) -> int:
    """Send a report of another institution; the status of the answer."""
    file = SimpleUploadedFile(name, content)
    day = calendar.today(recall.site)
    sent = {"kind": "imaging", "facility": "Elsewhere", "performed_on": day, "source": "fax", "assessment": "2"}
    return StepFormClient(browser, recall, "record_outside").send(**sent, file=file).status_code


def test_a_report_from_elsewhere_is_of_a_known_kind_and_of_a_size_that_can_be_kept(
    client_for: ClientFor, navigator_nia: User, shadyside: Site
) -> None:
    recall, browser = RecallFactory.create(site=shadyside, transferred=True), client_for(navigator_nia)
    for content in (b"MZ\x90\x00", b"<html><script>", b"<svg onload=x>", b"%PDF-" + b"0" * MAX_FILE_BYTES):
        assert _report(browser, recall, "report.pdf", content) == 200
    assert not OutsideReport.objects.exists()


@pytest.mark.parametrize("name", ['x".pdf', "../../etc/passwd", "Befund é 女.pdf", "a;filename=b.exe"])
def test_the_name_of_a_report_adds_no_header_and_is_written_as_the_standard_says(
    client_for: ClientFor, navigator_nia: User, shadyside: Site, name: str
) -> None:
    recall, browser = RecallFactory.create(site=shadyside, transferred=True), client_for(navigator_nia)
    assert _report(browser, recall, name, b"%PDF-1.7") == 302
    report = OutsideReport.objects.get()
    answer = browser.get(reverse("outside_report", args=[recall.pk, report.pk]))
    written = content_disposition_header(True, Path(name).name)
    assert answer.headers["Content-Disposition"] == written
    assert written is not None
    assert written.isascii()

"""Holds that a file sent by browser is checked, loaded once, and leaves nothing behind but its rows."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl.cell import WriteOnlyCell

from clinic.models import Site, User
from exchange.models import IntakeRules, ParkedRow, ResultUpload
from exchange.uploads import upload_forms, upload_load, xlsx_reader
from patients.models import Patient
from recalls.models import Recall, ScreeningExam

pytestmark = pytest.mark.django_db

HEADER = ["Patient ID", "Last Name", "First Name", "DOB", "Acc #", "Study Date", "BI-RADS", "Ward"]
COLUMNS = ["mrn", "family_name", "given_name", "birth_date", "accession", "exam_date", "assessment", ""]
GOOD = ["U100", "Sample-Ash", "Testa", "1961-03-04", "UA-1", "2026-11-02", "0-AI", "west"]
BAD = ["U200", "Sample-Elm", "Prueba", "1962-03-04", "UA-2", "2026-11-02", "0", "west"]
Send = Callable[..., Any]


def as_csv(*rows: list[str], first: str = "") -> bytes:
    return (first + "\r\n".join(";".join(row) for row in rows) + "\r\n").encode()


def as_xlsx(*rows: list[Any], number_format: str = "") -> bytes:
    book, content = openpyxl.Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    for row in rows:
        cells = [WriteOnlyCell(sheet, value=value) for value in row]
        if number_format and cells:
            cells[0].number_format = number_format
        sheet.append(cells)
    book.save(content)
    return content.getvalue()


def stored_files() -> list[Path]:
    folder = Path(settings.UPLOAD_DIR)
    return list(folder.iterdir()) if folder.exists() else []


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.UPLOAD_DIR = tmp_path / "uploads"


@pytest.fixture
def send(client: Client, manager_mo: User, shadyside: Site) -> Send:
    """`send(name, content)` uploads a file as the manager and follows to the page of its columns."""

    def upload(name: str, content: bytes) -> Any:
        client.force_login(manager_mo)
        data = {"site": shadyside.pk, "file": SimpleUploadedFile(name, content)}
        return client.post(reverse("uploads"), data, follow=True)

    return upload


def press(client: Client, button: str, columns: list[str] | None = None) -> Any:
    upload = ResultUpload.objects.latest("pk")
    sent = {f"column_{number}": name for number, name in enumerate(columns or upload.columns)}
    return client.post(reverse("upload_columns", args=[upload.pk]), {**sent, button: ""}, follow=True)


def load(client: Client, columns: list[str] | None = None) -> dict[str, int]:
    """Press the button and let a worker do what it does; the number of rows by result."""
    press(client, "load", columns)
    upload = ResultUpload.objects.latest("pk")
    upload_load.load_slice(upload.pk)
    return counts_of(upload.pk)


def counts_of(pk: int) -> dict[str, int]:
    upload = ResultUpload.objects.select_related("file").get(pk=pk)
    return upload.file.counts if upload.file and upload.state == "done" else {}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("results.csv", as_csv(HEADER, GOOD, BAD)),
        ("results.csv", as_csv(HEADER, GOOD, BAD, first="sep=;\r\n")),
        ("results.xlsx", as_xlsx(HEADER, GOOD, BAD)),
        ("results.xlsx", as_xlsx(["Export of the week"], HEADER, GOOD, [], BAD)),
    ],
    ids=["csv", "csv with sep=", "xlsx", "xlsx with a title"],
)
def test_columns_are_guessed_and_the_rows_tried_before_anything_is_written(
    send: Send, client: Client, name: str, content: bytes
) -> None:
    page = send(name, content)
    guessed = ResultUpload.objects.get().columns
    assert guessed[:4] + guessed[5:] == COLUMNS[:4] + COLUMNS[5:]
    text = press(client, "check", COLUMNS).text
    assert "Sample-Ash" in page.text
    assert "recall opened" in text
    assert "A plain 0 does not say what is needed" in text
    assert not ScreeningExam.objects.exists()
    assert not ParkedRow.objects.exists()


def test_a_loaded_file_tells_what_became_of_its_rows_and_is_deleted(send: Send, client: Client) -> None:
    send("results.csv", as_csv(HEADER, GOOD, BAD))
    assert len(stored_files()) == 1
    assert stored_files()[0].stat().st_mode & 0o077 == 0
    assert load(client, COLUMNS) == {"opened": 1, "parked": 1}
    upload = ResultUpload.objects.get()
    text = client.get(reverse("upload", args=[upload.pk])).text
    assert "Recall opened" in text
    assert "Mend 1 parked row" in text
    assert stored_files() == []
    assert "Ward" not in ParkedRow.objects.get().raw


def test_the_same_file_again_changes_nothing_and_its_columns_are_known(send: Send, client: Client) -> None:
    send("results.csv", as_csv(HEADER, GOOD))
    load(client, COLUMNS)
    send("results.csv", as_csv(HEADER, GOOD))
    assert ResultUpload.objects.latest("pk").columns == COLUMNS
    assert load(client) == {"unchanged": 1}
    assert Recall.objects.count() == 1
    assert IntakeRules.objects.get().column_names["Acc #"] == "accession"


def test_days_and_numbers_of_a_workbook_are_read_as_they_are_shown(send: Send, client: Client) -> None:
    row = [734, "Sample-Ash", "Testa", datetime(1961, 3, 4), 2026110012, datetime(2026, 11, 2), 1, True]
    send("results.xlsx", as_xlsx(HEADER, row, number_format="00000000"))
    assert load(client, COLUMNS) == {"recorded": 1}
    exam = ScreeningExam.objects.get()
    assert (exam.patient.mrn, exam.accession, str(exam.exam_date)) == ("00000734", "2026110012", "2026-11-02")
    assert str(exam.patient.birth_date) == "1961-03-04"


def test_a_number_longer_than_excel_can_keep_is_parked(send: Send, client: Client) -> None:
    send("results.xlsx", as_xlsx(HEADER, [1.2345678901234567e19, *GOOD[1:]]))
    assert load(client, COLUMNS) == {"parked": 1}
    assert "lost its last digits" in ParkedRow.objects.get().problems[0]["message"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("results.pdf", b"%PDF", "Choose a CSV file"),
        ("results.xlsx", b"PK\x03\x04 broken", "no Excel workbook"),
        ("results.xlsx", b"\xd0\xcf\x11\xe0" + b"0" * 600, "password"),
        ("results.xlsx", as_xlsx(), "first sheet is empty"),
        ("results.csv", "Patient ID;Last Näme\r\n".encode("latin-1"), "CSV UTF-8"),
        ("results.csv", b"\r\n", "The first line must name"),
        ("results.csv", b"", "empty"),
    ],
)
def test_a_file_of_which_nothing_can_be_loaded_is_refused_with_a_remedy_and_not_kept(
    send: Send, name: str, content: bytes, words: str
) -> None:
    page = send(name, content)
    assert words in " ".join(page.context["form"].errors["file"])
    assert not ResultUpload.objects.exists()
    assert stored_files() == []


def test_a_file_that_is_too_large_is_refused(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_forms, "MAX_MEGABYTES", 0)
    assert "larger than 0 MB" in " ".join(send("results.csv", as_csv(HEADER)).context["form"].errors["file"])


def test_a_workbook_that_unpacks_to_too_much_is_refused(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_reader, "MAX_UNPACKED_BYTES", 1000)
    assert "too large" in " ".join(send("results.xlsx", as_xlsx(HEADER, GOOD)).context["form"].errors["file"])


def test_a_required_column_that_nobody_named_keeps_the_file_from_being_loaded(send: Send, client: Client) -> None:
    send("results.csv", as_csv(HEADER, GOOD))
    text = press(client, "load", ["", *COLUMNS[1:]]).text
    assert "Say which column of the file holds “MRN”" in text
    text = press(client, "load", ["mrn", "mrn", *COLUMNS[2:]]).text
    assert "Two columns of the file are “MRN”" in text
    assert ResultUpload.objects.get().state == "draft"


def test_pressing_the_button_twice_loads_once(send: Send, client: Client) -> None:
    send("results.csv", as_csv(HEADER, GOOD))
    load(client, COLUMNS)
    press(client, "load", COLUMNS)
    pk = ResultUpload.objects.get().pk
    assert upload_load.load_slice(pk)
    assert counts_of(pk) == {"opened": 1}


def test_a_load_goes_on_where_a_slice_of_time_ended(
    send: Send, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_load, "CHUNK_SIZE", 2)
    monkeypatch.setattr("exchange.loader.CHUNK_SIZE", 2)
    rows = [[f"U{n}", "Sample-Ash", f"Testa{n}", "1961-03-04", f"UA-{n}", "2026-11-02", "1", ""] for n in range(5)]
    send("results.csv", as_csv(HEADER, *rows))
    press(client, "load", COLUMNS)
    pk = ResultUpload.objects.get().pk
    assert [upload_load.load_slice(pk, seconds=0) for _ in range(3)] == [False, False, True]
    assert (counts_of(pk), Patient.objects.count()) == ({"recorded": 5}, 5)


def test_a_load_that_was_killed_is_gone_on_with_and_given_up_after_three_times(send: Send, client: Client) -> None:
    send("results.csv", as_csv(HEADER, GOOD))
    press(client, "load", COLUMNS)
    rows = ResultUpload.objects.all()
    rows.update(state="loading", seen_at=timezone.now())
    assert upload_load.load_slice(rows.get().pk)  # another worker has it
    assert not ScreeningExam.objects.exists()
    long_ago = timezone.now() - timedelta(minutes=5)
    rows.update(seen_at=long_ago)
    assert upload_load.sweep_uploads() == 1
    upload_load.load_slice(rows.get().pk)
    assert (rows.get().state, ScreeningExam.objects.count()) == ("done", 1)
    rows.update(state="loading", seen_at=long_ago, attempts=2)
    upload_load.load_slice(rows.get().pk)
    assert (rows.get().state, "broke off" in rows.get().error) == ("failed", True)


def test_a_file_that_nobody_went_on_with_is_deleted_after_a_day(send: Send) -> None:
    send("results.csv", as_csv(HEADER, GOOD))
    upload_load.sweep_uploads()
    assert len(stored_files()) == 1
    ResultUpload.objects.update(uploaded_at=timezone.now() - timedelta(days=1, minutes=1))
    upload_load.sweep_uploads()
    assert stored_files() == []
    assert not ResultUpload.objects.exists()


def test_a_file_may_be_deleted_instead(send: Send, client: Client) -> None:
    send("results.csv", as_csv(HEADER, GOOD))
    assert "Nothing of it was loaded" in press(client, "discard").text
    assert stored_files() == []


def test_rows_of_a_site_at_which_the_person_does_not_work_are_parked(
    send: Send, client: Client, foothills: Site
) -> None:
    rows = [[*GOOD[:-1], "FOOT"], [*BAD[:6], "1", "SHADY"]]
    send("results.csv", as_csv([*HEADER[:-1], "Site"], *rows))
    assert load(client, [*COLUMNS[:-1], "site"]) == {"recorded": 1, "parked": 1}


@pytest.mark.parametrize("who", ["scheduler_ana", "navigator_nia", "radiologist_rao"])
def test_other_roles_upload_nothing(client: Client, who: str, request: pytest.FixtureRequest) -> None:
    client.force_login(request.getfixturevalue(who))
    for name in ("uploads", "parked_rows"):
        assert client.get(reverse(name)).status_code == 403


def test_uploads_of_other_sites_are_not_there(
    send: Send, client: Client, foothills: Site, administrator_ada: User
) -> None:
    send("results.csv", as_csv(HEADER, GOOD))
    ResultUpload.objects.update(site=foothills)
    pk = ResultUpload.objects.get().pk
    for name in ("upload", "upload_columns", "upload_progress"):
        assert client.get(reverse(name, args=[pk])).status_code == 404

"""Holds that a parked row is mended and replayed on a page of the desk."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import Site, User
from exchange.csv_reader import Record
from exchange.loader import Loader, get_sites_by_code
from exchange.models import ParkedRow, ResultFile
from exchange.schema import COLUMNS
from patients.models import Patient
from recalls.models import Recall
from tests.entry.conftest import TYPED

pytestmark = pytest.mark.django_db


def load_row(**cells: str) -> None:
    loader = Loader(ResultFile.objects.create(name="week.csv", by="x"), get_sites_by_code())
    list(loader.load([Record(2, {**TYPED, **cells})]))


def park(**cells: str) -> ParkedRow:
    load_row(**cells)
    return ParkedRow.objects.latest("pk")


def submit(client: Client, row: ParkedRow, button: str, **typed: str) -> Any:
    cells = {f"cell_{column.name}": row.raw.get(column.name, "") for column in COLUMNS}
    return client.post(reverse("parked_row", args=[row.pk]), {**cells, "note": "", button: "", **typed}, follow=True)


@pytest.fixture
def manager_client(client: Client, manager_mo: User) -> Client:
    client.force_login(manager_mo)
    return client


def test_a_row_is_mended_and_replayed(manager_client: Client, manager_mo: User) -> None:
    row = park(assessment="0")
    assert "A plain 0" in manager_client.get(reverse("parked_rows")).text
    assert "A plain 0" in manager_client.get(reverse("parked_row", args=[row.pk])).text
    page = submit(manager_client, row, "_replay", cell_assessment="0-AI")
    row.refresh_from_db()
    assert (row.state, row.settled_by, row.exam) == ("replayed", manager_mo, Recall.objects.get().exam)
    assert "The row is in: recall opened." in page.text
    assert reverse("recall", args=[Recall.objects.get().pk]) in page.text


def test_a_row_mended_badly_shows_what_is_wrong_now(manager_client: Client) -> None:
    row = park(assessment="0")
    page = submit(manager_client, row, "_replay", cell_assessment="1", cell_birth_date="1966-02-31")
    assert "The row is not in yet" in page.text
    assert "There is no such day" in page.text
    assert 'value="1966-02-31"' in page.text


def test_a_name_that_has_changed_is_confirmed(manager_client: Client) -> None:
    load_row()
    row = park(given_name="Quercus", accession="HA-2")
    page = manager_client.get(reverse("parked_row", args=[row.pk]))
    assert "the same patient, whose name has changed" in page.text
    submit(manager_client, row, "_replay", same_patient="on")
    assert Patient.objects.get().given_name == "Quercus"


def test_a_number_with_other_zeros_is_confirmed_as_another_patient(manager_client: Client) -> None:
    Patient.objects.create(
        site=Site.objects.get(), assigning_authority="SHADY", mrn="700", family_name="Sample-Fern", given_name="Testa",
        birth_date="1966-05-09",
    )  # fmt: skip
    row = park(mrn="00700")
    submit(manager_client, row, "_replay")
    assert not Recall.objects.exists()
    submit(manager_client, row, "_replay", other_patient="on")
    assert Recall.objects.get().patient.mrn == "00700"


def test_a_row_is_dismissed_with_a_reason(manager_client: Client) -> None:
    row = park(assessment="0")
    assert "Say why" in submit(manager_client, row, "_dismiss").text
    submit(manager_client, row, "_dismiss", note="a test of the vendor")
    row.refresh_from_db()
    assert (row.state, row.note) == ("dismissed", "a test of the vendor")
    assert manager_client.get(reverse("parked_row", args=[row.pk])).status_code == 404


def test_rows_of_other_sites_and_of_other_files_are_not_in_the_list(
    manager_client: Client, foothills: Site, shadyside: Site
) -> None:
    first, second = park(assessment="0"), park(assessment="9", accession="HA-9")
    elsewhere = park(assessment="0", site="FOOT")
    shown = manager_client.get(reverse("parked_rows")).context["rows"]
    assert list(shown) == [first, second]
    of_file = manager_client.get(reverse("parked_rows"), {"file": second.file_id}).context["rows"]
    assert list(of_file) == [second]
    assert manager_client.get(reverse("parked_row", args=[elsewhere.pk])).status_code == 404

"""Holds who may take a list as a file, that a reason is kept, and that no cell and no row is there that must not be."""

import csv
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.models import AccessLog, Site, User
from recalls.testing.factories import RecallFactory
from reports.manager import views
from reports.models import ExportLog
from tests.support.admin_pages import signed_in_client

pytestmark = pytest.mark.django_db
LATE = "/lists/late/export/"
ASKED = {"reason": "Calls on Saturday", "for_excel": "on"}


def _late(site: Site, **traits: object) -> object:
    return RecallFactory.create(site=site, ended_at=timezone.now() - timedelta(days=40), **traits)


def _text(client: Client, address: str = LATE, **changes: str) -> str:
    return client.post(address, ASKED | changes).getvalue().decode()


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.removeprefix("\ufeff").splitlines()))


def test_a_list_comes_as_a_file_with_the_rows_of_the_page(manager_mo: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, ended_at=timezone.now() - timedelta(days=40))
    mo = signed_in_client(manager_mo)
    text = _text(mo)
    assert text.startswith("\ufeffPatient,")
    (row,) = _rows(text)
    assert (row["Patient"], row["MRN"]) == (str(recall.patient), recall.patient.mrn)
    assert row["Phone"].startswith("(724) 555-")
    assert row["Past target"].endswith("days late")
    assert not _text(mo, for_excel="").startswith("\ufeff")


def test_no_row_of_another_site_is_in_the_file(manager_mo: User, shadyside: Site, foothills: Site) -> None:
    _late(shadyside)
    _late(foothills)
    assert [row["Site"] for row in _rows(_text(signed_in_client(manager_mo)))] == [shadyside.name]
    assert signed_in_client(manager_mo).post(f"{LATE}?site={foothills.pk}", ASKED).status_code == 404


def test_a_file_longer_than_one_read_holds_everybody_once(
    manager_mo: User, shadyside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "EXPORT_CHUNK", 2)
    for _number in range(5):
        _late(shadyside)
    names = [row["MRN"] for row in _rows(_text(signed_in_client(manager_mo)))]
    assert len(names) == len(set(names)) == 5


def test_a_name_that_a_spreadsheet_would_run_is_defused(manager_mo: User, shadyside: Site) -> None:
    _late(shadyside, patient__family_name="=HYPERLINK(1)", patient__given_name="Testa")
    _late(shadyside, patient__family_name="Sample-Oak", patient__given_name="@SUM(A1)")
    for row in _rows(_text(signed_in_client(manager_mo))):
        assert row["Patient"][0] not in "=+-@"


def test_without_a_reason_there_is_no_file_and_the_page_says_so(manager_mo: User, shadyside: Site) -> None:
    _late(shadyside)
    answer = signed_in_client(manager_mo).post(LATE, {"reason": " "})
    assert answer.status_code == 422
    assert "Say why the file is needed" in answer.text
    assert not ExportLog.objects.exists()


def test_who_took_which_file_and_why_is_kept_with_every_patient_in_it(manager_mo: User, shadyside: Site) -> None:
    recalls = [RecallFactory.create(site=shadyside, ended_at=timezone.now() - timedelta(days=40)) for _n in range(2)]
    _text(signed_in_client(manager_mo))
    taken = ExportLog.objects.get()
    assert (taken.user, taken.name, taken.reason) == (manager_mo, "late", "Calls on Saturday")
    seen = AccessLog.objects.filter(page="CSV file late").values_list("patient_id", flat=True)
    assert set(seen) == {recall.patient_id for recall in recalls}


@pytest.mark.parametrize("who", ["scheduler_ana", "navigator_nia", "radiologist_rao", "administrator_ada"])
@pytest.mark.parametrize("address", [LATE, "/lists/lost/export/", "/lists/work/export/"])
def test_only_a_manager_takes_a_file(who: str, address: str, request: pytest.FixtureRequest) -> None:
    client = signed_in_client(request.getfixturevalue(who))
    assert client.post(address, ASKED).status_code == 403
    assert not ExportLog.objects.exists()


def test_a_file_is_never_a_link(manager_mo: User, shadyside: Site) -> None:
    assert signed_in_client(manager_mo).get(LATE).status_code == 405
    assert "Download CSV" in signed_in_client(manager_mo).get(reverse("recall_list", args=["late"])).text

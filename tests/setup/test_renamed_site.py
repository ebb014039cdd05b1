"""A site that gets another code or authority keeps its patients: files under either name meet the same records."""

from collections.abc import Iterator
from datetime import date

import pytest
import time_machine
from django.core.exceptions import ValidationError

from clinic.factories import SiteFactory
from clinic.models import Site
from patients.models import Consent, Patient
from recalls.models import Recall, ScreeningExam
from tests.exchange.conftest import LoadResults, make_result

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_on_a_friday")]


@pytest.fixture
def _on_a_friday() -> Iterator[None]:
    with time_machine.travel("2026-11-20 15:00:00+00:00", tick=False):
        yield


def _rename(site: Site, **names: str) -> Site:
    for name, value in names.items():
        setattr(site, name, value)
    site.full_clean()
    site.save()
    return site


@pytest.mark.parametrize("written", ["SHADY", "RIVERSIDE"])
@pytest.mark.parametrize(
    "names", [{"code": "RIVERSIDE"}, {"code": "RIVERSIDE", "assigning_authority": "VALLEY-HEALTH"}]
)
def test_a_new_result_meets_the_patient_from_before_the_new_code(
    names: dict[str, str], written: str, load_results: LoadResults, shady_site: Site
) -> None:
    load_results(make_result(mrn="77-B", detail_consent="no"))
    _rename(shady_site, **names)
    load_results(make_result(mrn="77-B", accession="A2", site=written, exam_date="2026-11-10", detail_consent=""))
    patient = Patient.objects.get()
    assert ScreeningExam.objects.filter(patient=patient).count() == 2
    assert not Consent.objects.get(patient=patient, subject=Consent.Subject.DETAIL).granted


@pytest.mark.parametrize("written", ["SHADY", "RIVERSIDE"])
def test_a_corrected_row_of_an_old_exam_applies_after_the_new_code(
    written: str, load_results: LoadResults, shady_site: Site
) -> None:
    load_results(make_result(assessment="3"))
    _rename(shady_site, code="RIVERSIDE")
    answer = load_results(make_result(assessment="4B", site=written))
    assert answer.results == ["updated"]
    assert ScreeningExam.objects.get().assessment == "4B"
    assert Recall.objects.count() == 1


def test_one_number_under_the_old_and_the_new_authority_in_one_file_is_one_patient(
    load_results: LoadResults, shady_site: Site
) -> None:
    _rename(shady_site, assigning_authority="VALLEY-HEALTH")
    load_results(
        make_result(mrn="5", assigning_authority="SHADY"),
        make_result(mrn="5", assigning_authority="VALLEY-HEALTH", accession="A2"),
    )
    assert Patient.objects.get().assigning_authority == "VALLEY-HEALTH"


def test_details_of_a_patient_from_before_go_on_being_brought_up_to_date(
    load_results: LoadResults, shady_site: Site
) -> None:
    load_results(make_result(city="Ohio City"))
    _rename(shady_site, code="RIVERSIDE")
    load_results(make_result(site="RIVERSIDE", accession="A2", exam_date="2026-11-12", city="Erie"))
    assert Patient.objects.get().city == "Erie"


def test_another_person_under_the_same_number_is_parked_as_ever(load_results: LoadResults, shady_site: Site) -> None:
    load_results(make_result(mrn="5"))
    _rename(shady_site, code="RIVERSIDE")
    answer = load_results(make_result(mrn="5", accession="A2", site="RIVERSIDE", birth_date="1955-05-05"))
    assert answer.results == ["parked"]
    assert Patient.objects.get().birth_date == date(1970, 2, 1)


def test_no_other_site_may_take_a_former_code(load_results: LoadResults, shady_site: Site) -> None:
    _rename(shady_site, code="RIVERSIDE")
    with pytest.raises(ValidationError, match="had this code before"):
        _rename(SiteFactory.create(code="HILLTOP"), code="SHADY")


def test_a_code_taken_back_is_the_sites_own_again(load_results: LoadResults, shady_site: Site) -> None:
    load_results(make_result(mrn="5"))
    for code in ("RIVERSIDE", "SHADY"):
        _rename(shady_site, code=code)
    load_results(make_result(mrn="5", accession="A2"), make_result(mrn="6", accession="A3", site="RIVERSIDE"))
    assert Patient.objects.count() == 2

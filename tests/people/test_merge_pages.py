"""A manager compares two records, merges and separates them; records that look alike are proposed, not joined."""

from datetime import date

import pytest
from django.urls import reverse

from clinic.models import Site, User
from patients.factories import PatientFactory
from patients.models import Patient
from recalls.actions import merge_patients
from recalls.testing.factories import RecallFactory
from records.duplicates import find_duplicates
from tests.desk.conftest import ClientFor, page_text

pytestmark = pytest.mark.django_db

BORN = date(1968, 2, 29)


@pytest.fixture
def twins(shadyside: Site) -> list[Patient]:
    """One person under two numbers, once with and once without accents."""
    return [
        PatientFactory.create(
            site=shadyside, family_name=family, given_name=given, birth_date=BORN, mobile=None, email=None, home=home
        )
        for family, given, home in (("Muñoz-Sample", "Ángela", "412 555 0191"), ("MUNOZ SAMPLE", "Angela", None))
    ]


def test_records_that_look_alike_are_proposed_on_the_record_and_in_the_list(
    client_for: ClientFor, manager_mo: User, twins: list[Patient]
) -> None:
    browser = client_for(manager_mo)
    compare = reverse("patient_merge", args=[twins[0].pk, twins[1].pk])
    assert compare in page_text(browser.get(reverse("patient", args=[twins[0].pk])))
    reverse_way = reverse("patient_merge", args=[twins[1].pk, twins[0].pk])
    listed = page_text(browser.get(reverse("duplicates")))
    assert compare in listed or reverse_way in listed
    assert all(patient.merged_into_id is None for patient in Patient.objects.all())


def test_the_same_email_and_birth_date_are_proposed_too_but_not_the_name_alone(
    manager_mo: User, shadyside: Site
) -> None:
    same = {"site": shadyside, "birth_date": BORN, "home": None}
    first = PatientFactory.create(given_name="Ada", family_name="Sample-A", email="ada@example.org", **same)
    married = PatientFactory.create(given_name="Ada", family_name="Sample-B", email="ADA@example.org", **same)
    PatientFactory.create(
        site=shadyside, given_name="Ada", family_name="Sample-A", birth_date=date(1970, 1, 1), email=None
    )
    assert find_duplicates(manager_mo, [first]) == {first.pk: [married]}


def test_not_the_same_person_is_remembered(client_for: ClientFor, manager_mo: User, twins: list[Patient]) -> None:
    client_for(manager_mo).post(reverse("patient_merge", args=[twins[1].pk, twins[0].pk]), {"different": "yes"})
    assert find_duplicates(manager_mo, twins) == {}
    assert Patient.objects.filter(merged_into=None).count() == 2


def test_a_manager_sees_both_records_merges_them_and_separates_them_again(
    client_for: ClientFor, manager_mo: User, twins: list[Patient]
) -> None:
    browser, (goes, stays) = client_for(manager_mo), twins
    recall = RecallFactory.create(patient=goes)
    found = browser.post(
        reverse("patient_merge_find", args=[goes.pk]), {"mrn": stays.mrn, "birth_date": BORN.isoformat()}
    )
    compare = reverse("patient_merge", args=[goes.pk, stays.pk])
    assert found.headers["Location"] == compare
    page = page_text(browser.get(compare))
    assert "+14125550191" in page
    assert "recalls 1" in page
    assert "This field is required" in page_text(browser.post(compare, {"note": ""}))
    browser.post(compare, {"note": "Same insurance card."})
    recall.refresh_from_db()
    assert recall.patient == stays
    assert browser.get(reverse("patient", args=[goes.pk])).headers["Location"] == reverse("patient", args=[stays.pk])
    browser.post(reverse("patient_separate", args=[goes.pk]), {"note": "Two sisters."})
    recall.refresh_from_db()
    assert recall.patient == goes


def test_nobody_else_merges_and_no_record_of_another_site_is_named(
    client_for: ClientFor, scheduler_ana: User, manager_mo: User, twins: list[Patient], foothills: Site
) -> None:
    far = PatientFactory.create(site=foothills)
    compare = reverse("patient_merge", args=[twins[0].pk, twins[1].pk])
    assert client_for(scheduler_ana).get(compare).status_code == 403
    assert client_for(manager_mo).get(reverse("patient_merge", args=[twins[0].pk, far.pk])).status_code == 404
    named = {"mrn": far.mrn, "birth_date": far.birth_date.isoformat()}
    page = page_text(client_for(manager_mo).post(reverse("patient_merge_find", args=[twins[0].pk]), named))
    assert "No record in use at your sites" in page


def test_a_record_that_came_along_with_another_is_separated_after_it(
    client_for: ClientFor, manager_mo: User, twins: list[Patient], shadyside: Site
) -> None:
    (first, stays), older = twins, PatientFactory.create(site=shadyside)
    for loser, survivor in ((older, first), (first, stays)):
        merge_patients(Patient.objects.get(pk=loser.pk), Patient.objects.get(pk=survivor.pk), by=manager_mo)
    page = client_for(manager_mo).post(reverse("patient_separate", args=[older.pk]), {"note": "Two persons."})
    assert f"This record came along with MRN {first.mrn}. Separate that one first." in page_text(page)
    assert Patient.objects.get(pk=older.pk).merged_into == stays

"""A caller gives a phone number or its end, an email address or a birth date, in any way of writing."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import Site, User
from patients.actions import set_contact_point
from patients.factories import PatientFactory
from patients.models import ContactPoint, Patient
from patients.written_dates import find_date
from recalls.selectors.search import search_patients
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor

pytestmark = pytest.mark.django_db
Find = Callable[[str], list[str]]
TODAY = date(2026, 11, 24)


@pytest.fixture
def find(scheduler_ana: User) -> Find:
    return lambda asked: [row.patient.mrn for row in search_patients(scheduler_ana, asked)]


@pytest.fixture
def wanda(shadyside: Site) -> Patient:
    PatientFactory.create(site=shadyside, mrn="OTHER", mobile="412 555 0199", home=None, birth_date=date(1950, 1, 1))
    patient: Patient = PatientFactory.create(
        site=shadyside,
        mrn="00-8815",
        given_name="Wanda",
        family_name="Sample-Linden",
        birth_date=date(1965, 9, 3),
        mobile="814 555 0173",
        home=None,
        email="Wanda.Linden@Example.org",
    )
    return patient


@pytest.mark.parametrize(
    "asked",
    [
        "0173", "555-0173", "5550173", "814-555-0173", "(814) 555 0173", "+1 814 555 0173", "18145550173",
        "814.555.0173", "814 555 0173 x12", "linden 0173", "0173 wanda", "wanda (814) 555-0173",
        "wanda.linden@example.org", "WANDA.LINDEN@EXAMPLE.ORG", "sample wanda.linden@example.org",
        "1965-09-03", "9/3/1965", "9/3/65", "09-03-1965", "3 September 1965", "3rd of September 1965", "Sept 3, 1965",
        "Sep 3 65", "3 sept 1965", "3 de septiembre de 1965", "3 sep 1965", "wanda 3 Sep 1965", "9/3/1965 linden",
        "00-8815", "008815", "8815", "00 8815",
    ],
)  # fmt: skip
def test_a_patient_is_found_by(asked: str, find: Find, wanda: Patient) -> None:
    assert find(asked) == ["00-8815"]


@pytest.mark.parametrize("asked", ["0174", "wanda 0199", "wanda 4 Sep 1965", "linden@example.org", "", "  ", "-", "()"])
def test_nobody_is_found_by_a_detail_that_is_another(asked: str, find: Find, wanda: Patient) -> None:
    assert find(asked) == []


def test_a_new_number_is_found_at_once_and_the_old_one_no_longer(
    find: Find, wanda: Patient, scheduler_ana: User
) -> None:
    set_contact_point(wanda, ContactPoint.Kind.MOBILE, "412 555 0120", by=scheduler_ana)
    assert find("0120") == ["00-8815"]
    assert find("0173") == []
    ContactPoint.objects.filter(patient=wanda).first().delete()  # type: ignore[union-attr]
    assert find("linden") == ["00-8815"]


@pytest.mark.parametrize(
    ("typed", "orders", "days"),
    [
        ("5/6/1970", {"mdy"}, {date(1970, 5, 6)}),
        ("5/6/1970", {"dmy"}, {date(1970, 6, 5)}),
        ("5/6/1970", {"mdy", "dmy"}, {date(1970, 5, 6), date(1970, 6, 5)}),
        ("25.6.1970", {"mdy"}, {date(1970, 6, 25)}),
        ("5/6/12", {"mdy"}, {date(1912, 5, 6), date(2012, 5, 6)}),
        ("5/6/70", {"mdy"}, {date(1970, 5, 6)}),
        ("agosto 1 1970", {"mdy"}, {date(1970, 8, 1)}),
        ("13/45/1970", {"mdy", "dmy"}, set()),
        ("12 oak 1970", {"mdy"}, set()),
        ("2031-01-01", {"mdy"}, set()),
        ("1970/06/25", {"mdy"}, {date(1970, 6, 25)}),
        ("19700625", {"mdy"}, {date(1970, 6, 25)}),
        ("19701345", {"mdy"}, set()),
        ("4120019700625", {"mdy"}, set()),
    ],
)
def test_a_written_date_is_read(typed: str, orders: set[str], days: set[date]) -> None:
    assert find_date(typed, orders, TODAY)[0] == days


def test_the_box_keeps_the_words_on_the_page_of_results_alone(
    client_for: ClientFor, scheduler_ana: User, wanda: Patient
) -> None:
    browser: Client = client_for(scheduler_ana)
    browser.post(reverse("search"), {"q": 'linden "0173"'})
    assert 'value="linden &quot;0173&quot;"' in browser.get(reverse("search")).content.decode()
    assert "linden" not in browser.get(reverse("queue")).content.decode()


def test_a_patient_without_a_recall_is_told_with_birth_date_and_site(
    client_for: ClientFor, scheduler_ana: User, wanda: Patient
) -> None:
    browser: Client = client_for(scheduler_ana)
    browser.post(reverse("search"), {"q": "wanda"})
    (row,) = browser.get(reverse("search")).context["rows"]
    assert (row.name, row.birth_date, row.state) == ("Sample-Linden, Wanda", "1965-09-03", "No recall")
    assert row.site == wanda.site.name


def test_a_patient_registered_elsewhere_is_found_where_they_are_called_back(
    find: Find, wanda: Patient, shadyside: Site, foothills: Site, other_site_scheduler: User
) -> None:
    elsewhere = PatientFactory.create(site=foothills, family_name="Traveller-Sample")
    assert find("traveller") == []
    RecallFactory.create(patient=elsewhere, exam__site=shadyside)
    assert find("traveller") == [elsewhere.mrn]
    assert [row.patient for row in search_patients(other_site_scheduler, "linden")] == []

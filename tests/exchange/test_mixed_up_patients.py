"""Holds that a file never turns one patient's record into another's."""

import pytest

from clinic.factories import UserFactory
from clinic.models import Site
from clinic.roles import Role
from exchange.errors import Confirmation
from exchange.lookup_cache import link_exams
from exchange.mending.parked_rows import replay_parked_row
from exchange.models import ParkedRow, ReaderName
from patients.models import ContactPoint, Patient
from recalls.models import ScreeningExam
from tests.exchange.conftest import LoadResults, make_result

ELDER = make_result(
    given_name="Lina", email="lina@example.org", phone_mobile="412 555 0142", detail_consent="yes", findings="mass:left"
)


@pytest.mark.parametrize("given_name", ["Nina", "Quercus", "Lena-Rose", "Magdalina Rose"])
def test_a_twin_under_the_number_of_the_other_is_parked(load_results: LoadResults, given_name: str) -> None:
    load_results(ELDER)
    loaded = load_results(make_result(given_name=given_name, accession="B1", assessment="1", email="n@example.org"))
    assert loaded.results == ["parked"]
    assert "perhaps a twin" in loaded.problems()["given_name"]
    assert Patient.objects.get().given_name == "Lina"
    assert ContactPoint.objects.get(kind="email").value == "lina@example.org"


def test_twins_who_share_a_middle_name_are_told_apart(load_results: LoadResults) -> None:
    load_results(make_result(given_name="Lina Rose"))
    assert load_results(make_result(given_name="Vera Rose", accession="B1")).results == ["parked"]


@pytest.mark.parametrize("given_name", ["LINA", "Lína", "Lina Rose", "L.", "Linaa", "Rose Lina"])
def test_a_patient_whose_given_name_is_written_in_another_way_is_the_same(
    load_results: LoadResults, given_name: str
) -> None:
    load_results(ELDER)
    assert load_results(make_result(given_name=given_name, accession="B1")).results == ["opened"]
    assert Patient.objects.count() == 1


def test_a_near_given_name_with_another_phone_and_another_email_is_parked(load_results: LoadResults) -> None:
    load_results(ELDER)
    near = make_result(given_name="Elina", accession="B1", family_name="Elm")
    both = {**near, "email": "elina@example.org", "phone_mobile": "412 555 0177"}
    assert load_results(both).results == ["parked"]
    assert load_results({**near, "phone_mobile": "412 555 0177"}).results == ["opened"]


def test_a_marriage_with_a_new_phone_and_a_new_email_is_the_same_patient(load_results: LoadResults) -> None:
    load_results(ELDER)
    moved = {"email": "lina.elm@example.org", "phone_mobile": "412 555 0177"}
    assert load_results(make_result(given_name="Lina", family_name="Elm", accession="B1", **moved)).results == [
        "opened"
    ]


def test_a_person_may_confirm_that_the_name_of_the_patient_has_changed(
    load_results: LoadResults, shady_site: Site
) -> None:
    load_results(ELDER)
    load_results(make_result(given_name="Quercus", accession="B1"))
    row = ParkedRow.objects.get()
    assert row.problems[0]["settled_by"] == Confirmation.SAME_PATIENT
    manager = UserFactory.create(role=Role.MANAGER, sites=[shady_site])
    assert replay_parked_row(row, row.raw, by=manager).result == "parked"
    confirmed = frozenset({Confirmation.SAME_PATIENT})
    assert replay_parked_row(row, row.raw, by=manager, confirmed=confirmed).result == "opened"
    assert Patient.objects.get().given_name == "Quercus"


def test_nobody_can_confirm_away_another_birth_date(load_results: LoadResults, shady_site: Site) -> None:
    load_results(ELDER)
    load_results(make_result(given_name="Lina", birth_date="1973-02-01", accession="B1"))
    row = ParkedRow.objects.get()
    manager = UserFactory.create(role=Role.MANAGER, sites=[shady_site])
    assert replay_parked_row(row, row.raw, by=manager, confirmed=frozenset(Confirmation)).result == "parked"


def test_an_exam_under_a_former_name_of_its_reader_is_the_readers(load_results: LoadResults, shady_site: Site) -> None:
    reader = UserFactory.create(
        role=Role.RADIOLOGIST, sites=[shady_site], first_name="Lia", last_name="Sample-New", username="lia"
    )
    load_results(make_result(reader="Lia Sample-Old"))
    assert ScreeningExam.objects.get().reader is None
    assert link_exams(ReaderName.objects.create(user=reader, name="Lia Sample-Old")) == 1
    load_results(make_result(accession="A2", reader="lia sample-old"), make_result(accession="A3", reader="Lia Old"))
    assert list(ScreeningExam.objects.order_by("pk").values_list("reader", flat=True)) == [reader.pk, reader.pk, None]


def test_a_former_name_that_is_a_colleagues_name_gives_the_exam_to_nobody(
    load_results: LoadResults, shady_site: Site
) -> None:
    reader, _namesake = (
        UserFactory.create(role=Role.RADIOLOGIST, sites=[shady_site], first_name="Lia", last_name=last_name)
        for last_name in ("Sample-New", "Sample-Old")
    )
    load_results(make_result(reader="Dr. Lia"))
    ScreeningExam.objects.update(reader_name="Lia Sample-Old")
    assert link_exams(ReaderName.objects.create(user=reader, name="Lia Sample-Old")) == 0
    load_results(make_result(accession="A2", reader="Lia Sample-Old"))
    assert not ScreeningExam.objects.exclude(reader=None).exists()


@pytest.mark.parametrize(("before", "after"), [("Maria Luisa", "María Teresa"), ("Mary-Ann", "Mary Jo")])
def test_twins_whose_double_names_begin_alike_are_told_apart(
    load_results: LoadResults, before: str, after: str
) -> None:
    load_results(make_result(given_name=before))
    loaded = load_results(make_result(given_name=after, accession="B1"))
    assert (loaded.results, list(loaded.problems())) == (["parked"], ["given_name"])


@pytest.mark.parametrize("given_name", ["Maria", "Maria L.", "Maria Luiza", "Luisa Maria"])
def test_a_double_name_that_is_shortened_or_turned_round_is_the_same(
    load_results: LoadResults, given_name: str
) -> None:
    load_results(make_result(given_name="Maria Luisa"))
    assert load_results(make_result(given_name=given_name, accession="B1")).results == ["opened"]


def test_another_middle_name_is_asked_about_where_phone_and_email_are_others_too(load_results: LoadResults) -> None:
    load_results({**ELDER, "middle_name": "Rose"})
    other = make_result(given_name="Lina", middle_name="Vera", accession="B1", email="lv@example.org")
    assert load_results({**other, "phone_mobile": "412 555 0177"}).results == ["parked"]
    assert load_results(other).results == ["opened"]

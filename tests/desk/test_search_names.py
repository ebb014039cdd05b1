"""A caller says any part of any name, in any order, as they write it; the patient is found."""

from collections.abc import Callable
from datetime import date
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.models import Site, User
from patients.factories import PatientFactory
from patients.models import Patient
from recalls.selectors.search import search_patients
from recalls.testing.factories import ExamFactory

pytestmark = pytest.mark.django_db
Find = Callable[[str], list[str]]

NAMES = [
    # given, family, what is asked
    ("Jürgen Žofie", "Übungs-Beispiel", ["ubungs", "beispiel zofie", "ÜBUNGS-BEISPIEL", "uebungs", "Übungsbeispiel"]),
    ("Siobhán", "O’Muster-Ejemplo", ["o'muster", "OMUSTER", "omuster siobhan", "muster", "o`muster", "O‘Muster"]),  # noqa: RUF001 - as typed
    ("María José", "de la Prueba Peña", ["pena", "delaprueba", "de la prueba", "jose pena", "Dela Prueba"]),
    ("Nguyễn", "Ví Dụ", ["vi du", "nguyen", "du nguyen", "VÍ DỤ"]),
    ("Łucja", "Przykład-Wzór", ["przyklad", "wzor lucja", "Przyk", "Wzor-Przyklad"]),
    ("Søren", "Ærøprøve", ["soren", "aeroprove", "Ærøprøve Søren"]),
    ("Анна", "Примерова", ["анна", "ПРИМЕРОВА", "примерова анна", "Примирова"]),
    ("민지", "샘플", ["샘플", "민지 샘플"]),
    ("Fatima", "al-Mithal", ["almithal", "al mithal", "mithal fatima"]),
    ("Grace", "MacSample", ["Mac Sample", "macsample", "grace mac sample", "mcsample"]),
    ("Ｗｉｄｅ", "Fullwidth", ["wide", "fullwidth wide"]),  # noqa: RUF001 - full-width letters are the point
]  # fmt: skip

CASES = [(given_name, family, asked) for given_name, family, ways in NAMES for asked in ways]


@pytest.fixture
def find(scheduler_ana: User) -> Find:
    return lambda asked: [row.patient.mrn for row in search_patients(scheduler_ana, asked)]


@pytest.fixture
def crowd(shadyside: Site) -> None:
    """Others, so that finding everybody is not enough."""
    for given_name, family_name in (("Olga", "Another-Person"), ("Bertha", "Quite Different")):
        PatientFactory.create(site=shadyside, given_name=given_name, family_name=family_name)


@pytest.mark.parametrize(("given_name", "family_name", "asked"), CASES)
def test_a_name_is_found_however_it_is_written(
    given_name: str, family_name: str, asked: str, find: Find, crowd: None, shadyside: Site
) -> None:
    PatientFactory.create(site=shadyside, mrn="HERE", given_name=given_name, family_name=family_name)
    assert find(asked) == ["HERE"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data(), names=st.sampled_from([(given_name, family) for given_name, family, _ways in NAMES]))
def test_any_two_words_of_a_name_in_any_order_find_the_patient(
    data: Any, names: tuple[str, str], find: Find, shadyside: Site
) -> None:
    """Names of many origins, each word whole or only its beginning."""
    given_name, family_name = names
    patient, _created = Patient.objects.get_or_create(
        mrn=f"M{NAMES.index(next(row for row in NAMES if row[:2] == names))}",
        defaults={
            "site": shadyside, "assigning_authority": "X", "given_name": given_name, "family_name": family_name,
            "birth_date": date(1970, 2, 1),
        },
    )  # fmt: skip
    words = f"{given_name} {family_name}".replace("-", " ").split()
    pair = data.draw(st.sampled_from(list(permutations(words, 2))))
    typed = " ".join(word[: data.draw(st.integers(min(2, len(word)), len(word)))] for word in pair)
    assert patient.mrn in find(data.draw(st.sampled_from([typed, typed.upper(), typed.lower()])))


@pytest.mark.parametrize("asked", ["Rodirguez", "Rodrigez", "Rodriguezz", "Rodrigues", "odriguez", "Veronca Rodriguez"])
def test_one_slip_of_the_pen_is_forgiven(asked: str, find: Find, crowd: None, shadyside: Site) -> None:
    PatientFactory.create(site=shadyside, mrn="HERE", given_name="Verónica", family_name="Rodríguez-Muestra")
    assert find(asked) == ["HERE"]


def test_who_has_the_very_name_stands_before_a_longer_name_and_before_a_slip(find: Find, shadyside: Site) -> None:
    for mrn, family in (("slip", "Smyth"), ("longer", "Smithson"), ("same", "Smith")):
        PatientFactory.create(site=shadyside, mrn=mrn, given_name="Testa", family_name=family)
    assert find("smith") == ["same", "longer", "slip"]


def test_two_words_must_both_be_of_the_patient(find: Find, shadyside: Site) -> None:
    PatientFactory.create(site=shadyside, mrn="A", given_name="Carla", family_name="Beispiel")
    PatientFactory.create(site=shadyside, mrn="B", given_name="Dora", family_name="Muster")
    assert find("dora beispiel") == []


def test_a_corrected_name_is_found_at_once_and_the_old_one_no_longer(find: Find, shadyside: Site) -> None:
    patient = PatientFactory.create(site=shadyside, mrn="HERE", given_name="Testa", family_name="Formerly")
    patient.family_name = "Nowadays"
    patient.save(update_fields=["family_name"])
    assert find("nowadays") == ["HERE"]
    assert find("formerly") == []
    Patient.objects.filter(pk=patient.pk).update(family_name="Thereafter")
    assert find("thereafter") == ["HERE"]


def test_the_name_of_a_merged_record_leads_to_the_record_in_use(find: Find, shadyside: Site) -> None:
    kept = PatientFactory.create(site=shadyside, mrn="KEPT", family_name="Married-Sample")
    merged = PatientFactory.create(site=shadyside, mrn="GONE", family_name="Maiden-Sample")
    merged.merged_into = kept
    merged.save(update_fields=["merged_into"])
    assert find("maiden") == ["KEPT"]
    assert find("GONE") == ["KEPT"]


def test_a_patient_with_a_normal_screening_is_found(find: Find, shadyside: Site) -> None:
    exam = ExamFactory.create(site=shadyside, negative=True, patient__family_name="Normal-Sample")
    assert find("normal") == [exam.patient.mrn]
    assert find(exam.accession) == [exam.patient.mrn]

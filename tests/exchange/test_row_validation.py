"""Holds that a row that cannot be true is parked while the rows beside it go in."""

import pytest

from clinic.factories import SiteFactory
from exchange.models import ParkedRow
from patients.actions import record_death
from patients.factories import PatientFactory
from patients.models import Patient
from recalls.models import Recall, ScreeningExam
from tests.exchange.conftest import LoadResults, make_result


@pytest.mark.parametrize(
    ("cells", "column", "remedy"),
    [
        ({"birth_date": "2027-01-01"}, "birth_date", "lies in the future"),
        ({"birth_date": "1870-01-01"}, "birth_date", "too long ago"),
        ({"birth_date": "02/30/1970"}, "birth_date", "no such day"),
        ({"birth_date": "2/1/70"}, "birth_date", "four digits"),
        ({"exam_date": "1969-11-02"}, "exam_date", "before the birth date"),
        ({"exam_date": "2026-11-21"}, "exam_date", "lies in the future"),
        ({"reported_at": "2026-11-01"}, "reported_at", "before the exam"),
        ({"reported_at": "2026-11-20 10:30"}, "reported_at", "lies in the future"),
        ({"site": "SHADDY"}, "site", "Known codes: SHADY"),
        ({"site": ""}, "site", "Write the code"),
        ({"mrn": ""}, "mrn", "must not be empty"),
        ({"given_name": " \u00a0 "}, "given_name", "must not be empty"),
        ({"family_name": "x" * 201}, "family_name", "200 characters"),
        ({"language": "Klingonese"}, "language", "code such as en"),
        ({"interpreter_needed": "maybe"}, "interpreter_needed", "yes or no"),
        ({"email_consent": "2"}, "email_consent", "yes or no"),
        ({"voicemail": "perhaps"}, "voicemail", "yes, no or ask"),
        ({"sex": "?"}, "sex", "Write F"),
        ({"density": "e"}, "density", "a, b, c or d"),
        ({"supplemental": "PET"}, "supplemental", "ultrasound, mri or cem"),
        ({"recall_kind": "supplement"}, "recall_kind", "technical or clinical"),
        ({"birads_edition": "4th edition"}, "birads_edition", "5 or v2025"),
        ({"recall_kind": "social"}, "recall_kind", "technical or clinical"),
        ({"findings": "swelling:left"}, "findings", "one of: mass, calcifications"),
        ({"findings": "mass:up"}, "findings", "right, left or both"),
        ({"findings": "mass"}, "findings", "kind:side"),
        ({"referrer_npi": "12345"}, "referrer_npi", "ten digits"),
        ({"assessment": "0"}, "assessment", "0-AI"),
        ({"assessment": "6"}, "assessment", "no screening result"),
        ({"assessment": "", "assessment_left": "0-AI"}, "assessment", "must not be empty"),
        ({"assessment_left": "4B", "assessment_right": "1"}, "assessment", "worse breast"),
        ({"assessment": "4B", "assessment_left": "2", "assessment_right": "1"}, "assessment", "worse breast"),
        ({"assessment": "1", "assessment_left": "2"}, "assessment", "worse breast"),
    ],
)
def test_a_row_is_parked_with_its_column_and_a_remedy(
    load_results: LoadResults, cells: dict[str, str], column: str, remedy: str
) -> None:
    loaded = load_results(make_result(**cells), make_result(mrn="M2", accession="A2", family_name="Other"))
    assert (loaded.status, loaded.results) == (3, ["parked", "opened"])
    assert list(loaded.problems()) == [column]
    assert remedy in loaded.problems()[column]
    kept = ParkedRow.objects.get()
    assert {name: text for name, text in kept.raw.items() if text} == {
        k: v for k, v in make_result(**cells).items() if v
    }
    assert not Patient.objects.filter(mrn="M1").exists()


def test_every_problem_of_a_row_is_told_at_once(load_results: LoadResults) -> None:
    loaded = load_results(make_result(birth_date="x", sex="?", assessment="9", findings="swelling:left"))
    assert list(loaded.problems()) == ["birth_date", "assessment", "sex", "findings"]


@pytest.mark.parametrize(
    ("cells", "field", "stored"),
    [
        ({"family_name": "x" * 200}, "family_name", "x" * 200),
        ({"given_name": 'Testa "Tess" O\'Oak'}, "given_name", 'Testa "Tess" O\'Oak'),
        ({"given_name": "Rene\u0301e"}, "given_name", "Renée"),
        ({"language": "eng"}, "language", "en"),
        ({"language": "Spanish"}, "language", "es"),
        ({"language": "español"}, "language", "es"),
        ({"language": "es-US"}, "language", "es-US"),
        ({"language": "vi"}, "language", "vi"),
        ({"sex": "female"}, "sex", "F"),
        ({"interpreter_needed": "Y"}, "interpreter_needed", True),
        ({"voicemail": "No"}, "voicemail", "no"),
        ({}, "language", "en"),
    ],
)
def test_what_a_patient_is_called_and_speaks_is_kept(
    load_results: LoadResults, cells: dict[str, str], field: str, stored: object
) -> None:
    assert load_results(make_result(**cells)).status == 0
    assert getattr(Patient.objects.get(), field) == stored


@pytest.mark.parametrize("side", ["R", "right", "RT"])
def test_a_side_may_be_a_letter_or_a_word(load_results: LoadResults, side: str) -> None:
    load_results(make_result(findings=f"Focal asymmetry:{side}:upper outer, 3 o'clock; mass:Bilateral"))
    found = ScreeningExam.objects.get().findings.values_list("kind", "side", "place")
    assert list(found) == [("focal_asymmetry", "right", "upper outer, 3 o'clock"), ("mass", "both", "")]


def test_dates_follow_the_order_of_the_site(load_results: LoadResults) -> None:
    SiteFactory.create(code="OAK", date_order="dmy")
    assert load_results(
        make_result(site="OAK", exam_date="02/11/2026"), make_result(mrn="M2", exam_date="13/11/2026")
    ).results == [
        "opened",
        "parked",
    ]


def test_a_bare_zero_opens_where_the_site_says_what_it_means(load_results: LoadResults) -> None:
    SiteFactory.create(code="OAK", bare_zero="0-PRIOR")
    loaded = load_results(
        make_result(assessment="BI-RADS 0"), make_result(site="OAK", mrn="M2", assessment="BI-RADS 0")
    )
    assert (loaded.results, loaded.states) == (["parked", "opened"], [None, "awaiting_priors"])


def test_a_record_number_with_another_birth_date_is_parked_and_never_merged(load_results: LoadResults) -> None:
    load_results(make_result())
    loaded = load_results(make_result(accession="A2", birth_date="1971-02-01"))
    assert loaded.results == ["parked"]
    assert "mixed up" in loaded.problems()["birth_date"]
    assert Patient.objects.get().birth_date.year == 1970


def test_a_possible_mix_up_inside_one_file_is_parked_too(load_results: LoadResults) -> None:
    assert load_results(make_result(), make_result(accession="A2", birth_date="1971-02-01")).results == [
        "opened",
        "parked",
    ]


def test_quite_another_name_under_a_record_number_is_parked(load_results: LoadResults) -> None:
    load_results(make_result())
    loaded = load_results(make_result(accession="A2", family_name="Quercus", given_name="Bea"))
    assert "mixed up" in loaded.problems()["family_name"]
    assert ScreeningExam.objects.count() == 1


@pytest.mark.parametrize(
    "cells", [{"family_name": "Elm"}, {"given_name": "Tessta"}, {"family_name": "SAMPLE OAK", "given_name": "Tésta"}]
)
def test_a_patient_who_marries_or_goes_by_another_name_is_the_same_patient(
    load_results: LoadResults, cells: dict[str, str]
) -> None:
    load_results(make_result())
    assert load_results(make_result(accession="A2", **cells)).results == ["opened"]
    assert Patient.objects.count() == 1


def test_the_accession_of_another_patient_is_parked(load_results: LoadResults) -> None:
    load_results(make_result())
    loaded = load_results(make_result(mrn="M2", assessment="1"))
    assert "another patient" in loaded.problems()["accession"]
    assert Recall.objects.get().is_open


def test_a_patient_who_has_died_is_not_recalled(load_results: LoadResults) -> None:
    from datetime import date

    from clinic.actors import INTAKE

    load_results(make_result(assessment="1"))
    record_death(Patient.objects.get(), date(2026, 11, 10), by=INTAKE)
    assert "has died" in load_results(make_result(accession="A2")).problems()["mrn"]
    assert not Recall.objects.exists()


def test_a_record_number_belongs_to_its_authority(load_results: LoadResults) -> None:
    SiteFactory.create(code="OAK")
    PatientFactory.create(assigning_authority="NETWORK", mrn="M1")
    load_results(make_result(), make_result(site="OAK", birth_date="1971-02-01"))
    assert Patient.objects.filter(mrn="M1").count() == 3

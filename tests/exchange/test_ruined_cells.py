"""Holds that an identifier has one spelling, and that a number which a spreadsheet has ruined is not taken."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.models import Site
from exchange.errors import InvalidValue
from exchange.models import IntakeRules
from exchange.parsing.cell_text import clean_cell
from patients.models import Patient
from recalls.models import Recall, ScreeningExam
from tests.exchange.conftest import LoadResults, make_result

INVISIBLE = ["\u200b", "\u200e", "\u00ad", "\ufeff", "\u2060", "\u202a", "\u061c"]
LETTERS = string.ascii_uppercase + string.digits


@given(st.text(LETTERS, min_size=1, max_size=20), st.integers(0, 20), st.sampled_from(INVISIBLE))
def test_an_invisible_character_anywhere_in_a_number_changes_nothing(number: str, place: int, hidden: str) -> None:
    place = min(place, len(number))
    assert clean_cell("mrn", number[:place] + hidden + number[place:]) == clean_cell("mrn", number)


@given(st.text(LETTERS, min_size=1, max_size=20))
def test_full_width_letters_and_digits_are_the_plain_ones(number: str) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in number)
    assert clean_cell("accession", wide) == clean_cell("accession", number)


@given(st.text(string.digits, min_size=1, max_size=20))
def test_a_number_that_excel_was_told_to_leave_alone_keeps_its_zeros(number: str) -> None:
    assert clean_cell("mrn", f'="{number}"') == number


@given(st.integers(10**11, 10**20))
def test_a_number_in_scientific_notation_is_refused_whatever_its_digits(number: int) -> None:
    for text in (f"{number:.5E}", f"{number:.2e}", f"{number:.3E}".replace(".", ",")):
        with pytest.raises(InvalidValue, match="lost its last digits"):
            clean_cell("accession", text)


@pytest.mark.parametrize("text", ["700310.0", "8.00", "9001,0"])
def test_a_decimal_number_is_refused_since_its_zeros_may_be_gone(text: str) -> None:
    with pytest.raises(InvalidValue, match="leading zeros"):
        clean_cell("mrn", text)


@pytest.mark.parametrize("text", ["1E5", "E+12", "12.34.0", "7-0", "A1.0", "10.5"])
def test_a_number_that_only_looks_alike_is_left_alone(text: str) -> None:
    assert clean_cell("accession", text) == text


@pytest.mark.parametrize("column", ["mrn", "city", "reader", "density"])
@pytest.mark.parametrize("text", ["#N/A", "#REF!", "#value!", "########"])
def test_an_error_of_the_spreadsheet_is_no_value(column: str, text: str) -> None:
    with pytest.raises(InvalidValue, match="error here"):
        clean_cell(column, text)


def test_a_name_keeps_the_joiners_of_its_script_and_loses_what_hides_in_it() -> None:
    assert (
        clean_cell("family_name", "\u0646\u06cc\u200c\u0645\u0648\u0646\u0647")
        == "\u0646\u06cc\u200c\u0645\u0648\u0646\u0647"
    )
    assert clean_cell("given_name", "Tes\u00adta\u200b") == "Testa"


def test_one_patient_and_one_exam_come_of_every_spelling(load_results: LoadResults) -> None:
    load_results(make_result(mrn="R88", accession="X5"))
    again = load_results(
        make_result(mrn="\u2060R88", accession="X\u200b5"),
        make_result(mrn="\uff3288", accession="\uff38\uff15"),
        make_result(mrn='="R88"', accession="X5\u00ad"),
    )
    assert again.results == ["unchanged"] * 3
    assert (Patient.objects.count(), ScreeningExam.objects.count(), Recall.objects.count()) == (1, 1, 1)


def test_two_patients_whose_numbers_a_spreadsheet_made_alike_do_not_become_one(load_results: LoadResults) -> None:
    ruined = {"mrn": "4.40012E+13", "family_name": "Sample-Rue"}
    loaded = load_results(make_result(**ruined), make_result(**ruined, given_name="Probanda", accession="A2"))
    assert loaded.results == ["parked", "parked"]
    assert "lost its last digits" in loaded.problems(1)["mrn"]
    assert not Patient.objects.exists()


@pytest.mark.parametrize("number", ["88123", "000088123", "0088123"])
def test_a_number_that_differs_by_zeros_in_front_is_asked_about(load_results: LoadResults, number: str) -> None:
    load_results(make_result(mrn="00088123"))
    loaded = load_results(make_result(mrn=number, accession="A2"))
    assert loaded.results == ["parked"]
    assert "zeros in front" in loaded.problems()["mrn"]


def test_zeros_in_front_are_noticed_between_two_rows_of_one_file(load_results: LoadResults) -> None:
    assert load_results(make_result(mrn="0451"), make_result(mrn="451", accession="A2")).results == ["opened", "parked"]


def test_zeros_in_front_tell_two_patients_apart_who_share_nothing_else(load_results: LoadResults) -> None:
    load_results(make_result(mrn="0451"))
    other_day = make_result(mrn="451", accession="A2", birth_date="1970-02-02")
    other_name = make_result(mrn="00451", accession="A3", given_name="Quercus")
    assert load_results(other_day, other_name).results == ["opened", "opened"]


def test_a_number_that_is_not_built_like_those_of_the_site_is_parked(
    load_results: LoadResults, shady_site: Site
) -> None:
    IntakeRules.objects.create(site=shady_site, mrn_pattern="[0-9]{6}", accession_pattern="SH-[0-9]+")
    good = make_result(mrn="000123", accession="SH-9")
    loaded = load_results(good, make_result(mrn="00123", accession="SH-10"), make_result(mrn="000124", accession="9"))
    assert loaded.results == ["opened", "parked", "parked"]
    assert [*loaded.problems(1), *loaded.problems(2)] == ["mrn", "accession"]


@pytest.mark.parametrize("separator", [";", "|", "~", "\t"])
def test_the_line_that_names_the_separator_is_obeyed(load_results: LoadResults, separator: str) -> None:
    row = make_result(comment="a,b;c")
    names, cells = separator.join(row), separator.join(f'"{cell}"' for cell in row.values())
    loaded = load_results(f"sep={separator}\r\n{names}\r\n{cells}\r\n")
    assert (loaded.results, loaded.lines[0]["line"]) == (["opened"], 3)
    assert ScreeningExam.objects.get().comment == "a,b;c"


@pytest.mark.parametrize(("family", "given_name"), [("Muestra", "-"), ("fnu", "Muestra"), ("Muestra", "FNU")])
def test_a_patient_with_one_name_is_called_by_it(load_results: LoadResults, family: str, given_name: str) -> None:
    loaded = load_results(make_result(family_name=family, given_name=given_name))
    patient = Patient.objects.get()
    assert loaded.results == ["opened"]
    assert (patient.full_name, patient.first_name, str(patient)) == ("Muestra", "Muestra", "Muestra")
    again = load_results(make_result(family_name=family, given_name=given_name, accession="A2"))
    assert again.results == ["opened"]


def test_two_dashes_are_no_name(load_results: LoadResults) -> None:
    assert "at least one name" in load_results(make_result(family_name="-", given_name="-")).problems()["family_name"]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("R\u20113-9", "R-3-9"),  # a hyphen that does not break
        ("R\u20133\u22129", "R-3-9"),  # an en dash and a minus sign
        ("R\ufe0f39", "R39"),
        ("\u034fR\u31643\u115f9", "R39"),
        ("R\u00a0 39", "R 39"),
        ("\u0663\u0669", "39"),  # digits of Arabic
        ("'00039", "00039"),
    ],
)
def test_an_identifier_has_one_spelling_whatever_program_wrote_it(written: str, plain: str) -> None:
    assert clean_cell("accession", written) == plain


@pytest.mark.parametrize("text", ["1,234,567", "900,310"])
def test_a_number_with_commas_of_a_spreadsheet_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="commas"):
        clean_cell("mrn", text)


@pytest.mark.parametrize("number", ["r-88", "R 88", "0R88", "R.88"])
def test_a_number_in_another_way_of_writing_is_asked_about(load_results: LoadResults, number: str) -> None:
    load_results(make_result(mrn="R88"))
    loaded = load_results(make_result(mrn=number, accession="A2"))
    assert (loaded.results, list(loaded.problems())) == (["parked"], ["mrn"])
    assert load_results(make_result(mrn=number, accession="A3", given_name="Quercus")).results == ["opened"]


@pytest.mark.parametrize("accession", ["812", "00812", "0-812", "0 812"])
def test_an_exam_whose_accession_is_written_in_another_way_opens_no_second_recall(
    load_results: LoadResults, accession: str
) -> None:
    load_results(make_result(accession="0812"))
    loaded = load_results(make_result(accession=accession))
    assert (loaded.results, list(loaded.problems())) == (["parked"], ["accession"])
    assert Recall.objects.count() == 1
    assert load_results(make_result(accession=accession, exam_date="2026-11-09")).results == ["opened"]

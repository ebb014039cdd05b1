"""Holds that a slightly odd file goes in and that an unusable one leaves only a clear error."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from clinic.factories import SiteFactory
from exchange.models import ParkedRow, ResultFile
from patients.models import Patient
from recalls.models import ScreeningExam
from tests.exchange.conftest import LoadResults, as_csv, make_result, run_load_results


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_comma_semicolon_and_tab_separate_columns(load_results: LoadResults, delimiter: str) -> None:
    row = make_result(findings="mass:left;skin:right", comment='said "no, thanks"')
    assert load_results(as_csv(row, delimiter=delimiter)).results == ["opened"]
    assert ScreeningExam.objects.get().findings.count() == 2
    assert ScreeningExam.objects.get().comment == 'said "no, thanks"'


def test_columns_stand_in_any_order(load_results: LoadResults) -> None:
    assert load_results(dict(reversed(make_result().items()))).results == ["opened"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(load_results: LoadResults) -> None:
    assert load_results(b"\xef\xbb\xbf" + as_csv(make_result()).encode()).results == ["opened"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_system(load_results: LoadResults, ending: str) -> None:
    text = as_csv(make_result(), make_result(mrn="M2", accession="A2")).replace("\r\n", ending)
    assert [line["line"] for line in load_results(text).lines] == [2, 3]


def test_a_row_is_named_by_the_line_it_begins_on(load_results: LoadResults) -> None:
    rows = (
        make_result(comment="two\nlines"),
        make_result(mrn="M2", accession="A2"),
        make_result(mrn="M3", accession="A3"),
    )
    text = as_csv(*rows).replace("M3,", "\r\n,,,,,,,,\r\nM3,")
    assert [line["line"] for line in load_results(text).lines] == [2, 4, 7]


def test_an_unknown_column_makes_the_file_unusable_and_the_nearest_known_one_is_named(
    load_results: LoadResults,
) -> None:
    loaded = load_results({**make_result(), "Date of birth": "x", "exam date": "x"})
    assert loaded.status == 2
    assert "“exam date” is unknown. Did you mean “exam_date”" in loaded.error
    assert "“Date of birth” is unknown" in loaded.error
    assert not ResultFile.objects.exists()


def test_a_missing_column_makes_the_file_unusable(load_results: LoadResults) -> None:
    rows = {name: text for name, text in make_result().items() if name not in ("birth_date", "site")}
    loaded = load_results(rows)
    assert loaded.status == 2
    assert "“birth_date” is missing" in loaded.error
    assert "--site" in loaded.error


def test_a_column_that_is_there_twice_makes_the_file_unusable(load_results: LoadResults) -> None:
    loaded = load_results(as_csv(make_result(mrn="M1")).replace("given_name", "mrn"))
    assert loaded.status == 2
    assert "“mrn” is there twice" in loaded.error


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_another_encoding_makes_the_file_unusable_and_says_how_to_save_it(
    load_results: LoadResults, encoding: str
) -> None:
    loaded = load_results(
        as_csv(make_result(), make_result(mrn="M2", accession="A2", given_name="Renée")).encode(encoding)
    )
    assert loaded.status == 2
    assert "UTF-8" in loaded.error
    assert ("Line 3" if encoding == "cp1252" else "Line 1") in loaded.error
    assert not Patient.objects.exists()


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"Testa,Sample-Oak,1970-02-01\n", b'"mrn,\n'])
def test_a_file_without_a_header_is_unusable(load_results: LoadResults, content: bytes) -> None:
    loaded = load_results(content)
    assert loaded.status == 2
    assert "first line" in loaded.error
    assert "Testa" not in loaded.error


def test_a_header_alone_is_a_file_with_nothing_in_it(load_results: LoadResults) -> None:
    loaded = load_results(as_csv(make_result()).splitlines()[0])
    assert (loaded.status, loaded.lines) == (0, [])


def test_no_such_file_and_a_folder_are_unusable(tmp_path: Path, db: None) -> None:
    assert run_load_results(str(tmp_path / "none.csv")).status == 2
    assert run_load_results(str(tmp_path)).status == 2


def test_an_unknown_site_on_the_command_line_is_refused_before_anything_is_read(load_results: LoadResults) -> None:
    loaded = load_results(make_result(), site="SHADDY")
    assert loaded.status == 2
    assert "SHADY" in loaded.error


def test_the_command_names_the_site_of_rows_that_name_none(load_results: LoadResults) -> None:
    SiteFactory.create(code="OAK")
    without = {name: text for name, text in make_result().items() if name != "site"}
    assert load_results(without, site="OAK").results == ["opened"]
    assert (
        load_results(
            make_result(mrn="M2", accession="A2"), make_result(mrn="M3", accession="A3", site=""), site="OAK"
        ).status
        == 0
    )
    assert list(ScreeningExam.objects.order_by("pk").values_list("site__code", flat=True)) == ["OAK", "SHADY", "OAK"]


def test_a_dash_reads_standard_input(load_results: LoadResults, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(as_csv(make_result()).encode())))
    assert run_load_results("-").results == ["opened"]


@pytest.mark.parametrize("change", ["longer", "shorter"])
def test_a_row_with_too_many_or_too_few_cells_is_parked_and_the_others_go_in(
    load_results: LoadResults, change: str
) -> None:
    header, first, second = as_csv(make_result(), make_result(mrn="M2", accession="A2")).splitlines()
    broken = f"{first},extra" if change == "longer" else first.rsplit(",", 1)[0]
    loaded = load_results("\n".join((header, broken, second)))
    assert (loaded.status, loaded.results) == (3, ["parked", "opened"])
    assert "cells" in loaded.problems()[""]


def test_a_stray_quotation_mark_costs_its_own_row_only(load_results: LoadResults) -> None:
    rows = (make_result(), make_result(mrn="M2", accession="A2"), make_result(mrn="M3", accession="A3"))
    header, first, *others = as_csv(*rows).splitlines()
    loaded = load_results("\n".join((header, first.replace("Testa", '"Testa'), *others)))
    assert loaded.results == ["parked", "opened", "opened"]
    assert "quotation marks" in loaded.problems()[""]
    assert ParkedRow.objects.get().line == 2


def test_a_lone_quotation_mark_inside_a_name_swallows_nothing(load_results: LoadResults) -> None:
    header, first, second = as_csv(make_result(), make_result(mrn="M2", accession="A2")).splitlines()
    assert load_results("\n".join((header, first.replace("Testa", 'Te"sta'), second))).results == ["opened", "opened"]
    assert Patient.objects.get(mrn="M1").given_name == 'Te"sta'


def test_a_cell_no_database_could_keep_is_parked(load_results: LoadResults) -> None:
    loaded = load_results(
        make_result(given_name="Te\x00sta"), make_result(mrn="M2", accession="A2", given_name="Te\x07sta")
    )
    assert loaded.results == ["parked", "parked"]
    assert "cannot be shown" in loaded.problems(0)["given_name"]


def test_a_cell_of_a_megabyte_is_parked(load_results: LoadResults) -> None:
    assert load_results(make_result(comment="x" * 1_000_000), make_result(mrn="M2", accession="A2")).results == [
        "parked",
        "opened",
    ]


def test_without_json_the_command_tells_parked_rows_by_line_column_and_remedy_and_names_nobody(
    load_results: LoadResults, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load_results(make_result())
    file = tmp_path / "plain.csv"
    file.write_text(as_csv(make_result(birth_date="02/30/1970"), make_result(accession="A2", phone_mobile="12")))
    out = io.StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("load_results", str(file), stdout=out)
    told = out.getvalue() + capsys.readouterr().err
    assert stopped.value.code == 3
    assert "Line 2, birth_date: There is no such day." in told
    assert "Line 3, phone_mobile:" in told
    assert "1  recall opened" in told
    assert not any(word in told for word in ("Testa", "Sample", "1970"))


def test_a_dry_run_says_what_would_happen_and_changes_nothing(load_results: LoadResults) -> None:
    loaded = load_results(make_result(), make_result(mrn="M2", accession="A2", assessment="6"), dry_run=True)
    assert (loaded.status, loaded.results, loaded.states) == (3, ["opened", "parked"], ["to_contact", None])
    assert not any(model.objects.exists() for model in (Patient, ScreeningExam, ResultFile, ParkedRow))


def test_the_command_ends_with_status_two_for_an_unusable_file(tmp_path: Path, db: None) -> None:
    with pytest.raises(CommandError) as error:
        call_command("load_results", str(tmp_path / "none.csv"))
    assert error.value.returncode == 2

"""Holds that a parked row is settled when its exam comes in later, and never while it says something else."""

import pytest

from clinic.models import Site
from exchange.models import ParkedRow
from recalls.models import ScreeningExam
from tests.exchange.conftest import LoadResults, make_result


def parked_states() -> list[str]:
    return list(ParkedRow.objects.order_by("pk").values_list("state", flat=True))


def test_the_same_row_goes_in_once_the_site_says_what_a_zero_means(load_results: LoadResults, shady_site: Site) -> None:
    assert load_results(make_result(assessment="BI-RADS 0")).results == ["parked"]
    Site.objects.update(bare_zero="0-AI")
    assert load_results(make_result(assessment="BI-RADS 0")).results == ["opened"]
    row = ParkedRow.objects.get()
    assert (row.state, row.exam, row.settled_by) == ("overtaken", ScreeningExam.objects.get(), None)
    assert row.settled_at is not None


def test_the_source_corrects_the_row(load_results: LoadResults) -> None:
    load_results(make_result(density="q"), make_result(mrn="M2", accession="B1", sex="?"))
    load_results(make_result(density="c"))
    assert parked_states() == ["overtaken", "parked"]


def test_a_good_row_further_down_in_the_same_file_settles_the_bad_one(load_results: LoadResults) -> None:
    loaded = load_results(make_result(density="q"), make_result(density="c"))
    assert loaded.results == ["parked", "opened"]
    assert parked_states() == ["overtaken"]


def test_a_bad_row_behind_a_good_one_waits(load_results: LoadResults) -> None:
    load_results(make_result(density="c"), make_result(density="q"))
    assert parked_states() == ["parked"]


def test_the_file_with_both_rows_changes_nothing_the_second_time(load_results: LoadResults) -> None:
    rows = make_result(density="q"), make_result(density="c")
    load_results(*rows)
    again = load_results(*rows)
    assert (again.status, again.results) == (0, ["unchanged", "unchanged"])
    assert parked_states() == ["overtaken"]


@pytest.mark.parametrize(
    ("waits", "comes"),
    [
        ({"assessment": "4B", "density": "q"}, {"assessment": "1"}),
        ({"reported_at": "2026-11-09", "density": "q"}, {"reported_at": "2026-11-03"}),
        ({"mrn": "M2", "density": "q"}, {}),
        ({"birth_date": "2070-02-01", "mrn": "M7"}, {}),
    ],
    ids=["another assessment", "a newer report", "another patient", "another number"],
)
def test_a_row_that_says_something_else_still_waits(
    load_results: LoadResults, waits: dict[str, str], comes: dict[str, str]
) -> None:
    load_results(make_result(**waits))
    load_results(make_result(**comes))
    assert parked_states() == ["parked"]


def test_an_older_file_loaded_again_does_not_settle_a_newer_row(load_results: LoadResults) -> None:
    load_results(make_result(assessment="0-AI"))
    load_results(make_result(assessment="0-AI", density="q"))
    assert load_results(make_result(assessment="0-AI")).results == ["unchanged"]
    assert parked_states() == ["parked"]

"""Holds that a reading keeps the edition of BI-RADS by which it was made."""

import pytest

from clinic.models import Site
from recalls.enums import BiradsEdition
from recalls.models import ScreeningExam, SupersededReading
from tests.exchange.conftest import LoadResults, make_result


@pytest.mark.parametrize("written", ["v2025", "2025", "BI-RADS v2025", "ACR BI-RADS 2025", "V2025"])
def test_the_edition_of_2025_is_understood_as_systems_write_it(load_results: LoadResults, written: str) -> None:
    assert load_results(make_result(birads_edition=written)).results == ["opened"]
    assert ScreeningExam.objects.get().birads_edition == BiradsEdition.V2025


@pytest.mark.parametrize("written", ["5", "5th edition", "fifth", "2013", "BI-RADS 5th edition (2013)"])
def test_the_fifth_edition_is_understood_as_systems_write_it(
    load_results: LoadResults, shady_site: Site, written: str
) -> None:
    Site.objects.update(birads_edition=BiradsEdition.V2025)
    assert load_results(make_result(birads_edition=written)).results == ["opened"]
    assert ScreeningExam.objects.get().birads_edition == BiradsEdition.FIFTH


@pytest.mark.parametrize("edition", BiradsEdition)
def test_a_row_that_names_no_edition_has_the_sites_own(load_results: LoadResults, edition: BiradsEdition) -> None:
    Site.objects.update(birads_edition=edition)
    load_results(make_result())
    assert ScreeningExam.objects.get().birads_edition == edition


def test_a_correction_without_an_edition_keeps_the_one_on_record(load_results: LoadResults) -> None:
    load_results(make_result(birads_edition="v2025"))
    load_results(make_result(assessment="4A"))
    assert ScreeningExam.objects.get().birads_edition == BiradsEdition.V2025


def test_a_reading_that_was_replaced_keeps_its_edition(load_results: LoadResults) -> None:
    load_results(make_result())
    assert load_results(make_result(assessment="4A", birads_edition="v2025")).results == ["updated"]
    assert SupersededReading.objects.get().reading["birads_edition"] == BiradsEdition.FIFTH
    assert ScreeningExam.objects.get().birads_edition == BiradsEdition.V2025

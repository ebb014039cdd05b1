"""Holds that loading one file twice at once, or being cut off in the middle, does no harm."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from clinic.factories import SiteFactory
from exchange.batch_importer import RowResult
from exchange.csv_reader import Record
from exchange.loader import CHUNK_SIZE, Loader, get_sites_by_code
from exchange.models import ParkedRow, ResultFile
from patients.models import Patient
from recalls.models import Recall, ScreeningExam
from tests.exchange.conftest import as_csv, make_result, run_load_results


def make_rows(count: int) -> list[dict[str, str]]:
    return [
        make_result(mrn=f"M{n}", accession=f"A{n}", assessment=("0-AI", "1", "0")[n % 3], email=f"t{n}@example.org")
        for n in range(count)
    ]


@pytest.mark.django_db(transaction=True)
def test_the_same_file_loaded_twice_at_once_goes_in_once(tmp_path: Path) -> None:
    SiteFactory.create(code="SHADY")
    file = tmp_path / "results.csv"
    file.write_text(as_csv(*make_rows(90)))
    start, seen = threading.Barrier(2), []

    def load() -> None:
        start.wait()
        try:
            seen.append(run_load_results(str(file)))
        finally:
            connection.close()

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [loaded.status for loaded in seen] == [3, 3]
    results = [result for loaded in seen for result in loaded.results]
    assert (results.count("opened"), results.count("recorded"), results.count("unchanged")) == (30, 30, 60)
    assert (Patient.objects.count(), ScreeningExam.objects.count(), Recall.objects.count()) == (60, 60, 30)
    assert ParkedRow.objects.count() == 30


@pytest.mark.django_db(transaction=True)
def test_a_load_that_is_cut_off_leaves_whole_parts_and_is_completed_by_the_next() -> None:
    SiteFactory.create(code="SHADY")
    records = [Record(line, row) for line, row in enumerate(make_rows(CHUNK_SIZE + 60), start=2)]

    def cut_off() -> Iterator[Record]:
        yield from records[: CHUNK_SIZE + 30]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Loader(ResultFile.objects.create(name="cut", by="intake"), get_sites_by_code()).load(cut_off()))
    assert ScreeningExam.objects.count() == sum(record.raw["assessment"] != "0" for record in records[:CHUNK_SIZE])
    again = Loader(ResultFile.objects.create(name="again", by="intake"), get_sites_by_code())
    results = [outcome.result for outcome in again.load(records)]
    assert results.count(RowResult.UNCHANGED) == sum(record.raw["assessment"] != "0" for record in records[:CHUNK_SIZE])
    assert ScreeningExam.objects.count() == sum(record.raw["assessment"] != "0" for record in records)
    assert Recall.objects.count() == sum(record.raw["assessment"] == "0-AI" for record in records)

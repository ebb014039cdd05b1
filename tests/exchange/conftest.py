"""Fixtures that write a results file, load it by the command, and read the status and the lines."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from clinic.factories import SiteFactory
from clinic.models import Site

DEFAULT_RESULT = {
    "mrn": "M1",
    "family_name": "Sample-Oak",
    "given_name": "Testa",
    "birth_date": "1970-02-01",
    "accession": "A1",
    "exam_date": "2026-11-02",
    "assessment": "0-AI",
    "site": "SHADY",
}


def make_result(**cells: str) -> dict[str, str]:
    """A row that is fit to go in and opens a recall, with some cells changed."""
    return {**DEFAULT_RESULT, **cells}


def as_csv(*rows: dict[str, str], delimiter: str = ",") -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@dataclass(frozen=True)
class LoadOutput:
    """What the command said: its exit status, one line for each row, and its words when the file was unusable."""

    status: int
    lines: list[dict[str, Any]]
    error: str = ""

    @property
    def results(self) -> list[str]:
        return [line["result"] for line in self.lines]

    @property
    def states(self) -> list[str | None]:
        return [line["state"] for line in self.lines]

    def problems(self, row: int = 0) -> dict[str, str]:
        return {problem["column"]: problem["message"] for problem in self.lines[row]["problems"]}


LoadResults = Callable[..., LoadOutput]


@pytest.fixture(autouse=True)
def _freeze_time() -> Iterator[None]:
    with time_machine.travel("2026-11-20 15:00:00+00:00", tick=False):
        yield


@pytest.fixture
def shady_site(db: None) -> Site:
    return SiteFactory.create(code="SHADY")


@pytest.fixture
def load_results(tmp_path: Path, shady_site: Site) -> LoadResults:
    """`load(result(...), ...)` loads rows, `load(text)` or `load(bytes)` a file; options are the command's."""

    def run(*content: Any, **options: Any) -> LoadOutput:
        file = tmp_path / "results.csv"
        if content and isinstance(content[0], bytes):
            file.write_bytes(content[0])
        else:
            text = content[0] if content and isinstance(content[0], str) else as_csv(*content)
            file.write_text(text, encoding="utf-8", newline="")
        return run_load_results(str(file), **options)

    return run


def run_load_results(path: str, **options: Any) -> LoadOutput:
    out = io.StringIO()
    status, complaint = 0, ""
    try:
        call_command("load_results", path, as_json=True, stdout=out, **options)
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    except CommandError as error:
        status, complaint = error.returncode, str(error)
    return LoadOutput(status, [json.loads(line) for line in out.getvalue().splitlines()], complaint)

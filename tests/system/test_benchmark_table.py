"""Rules of the table of budgets: what counts as missed, and that its parts can be run."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from bench import __main__ as run
from bench.budgets.line import Line, format_line, format_markdown, print_lines
from bench.budgets.plan import PARTS, PARTS_AT_SIZE, SHORT_FORM_BY_PART, settings_of
from config.env import PROJECT_ROOT


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (Line("ratio", 1.2, 1.2), "met"),
        (Line("ratio", 1.21, 1.2), "MISSED"),
        (Line("speed", 0.7, 0.7, is_floor=True), "met"),
        (Line("speed", 0.69, 0.7, is_floor=True), "MISSED"),
        (Line("figure", 7.0), ""),
        (Line("left out", None, 1.2), "not measured"),
        (Line("part", None, is_broken=True), "BROKE DOWN"),
    ],
)
def test_a_limit_is_met_up_to_itself_and_missed_beyond(line: Line, verdict: str) -> None:
    assert line.verdict == verdict
    assert verdict in format_line(line)


def test_the_table_for_the_docs_says_limit_and_verdict() -> None:
    table = format_markdown([Line("speed", 0.69, 0.7, is_floor=True, detail="2 against 3")])
    assert "| speed | 0.69 | 0.70 or more | missed | 2 against 3 |" in table


def test_one_missed_line_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = Line("good", 1.0, 1.2), Line("bad", 1.3, 1.2)
    assert print_lines([good, Line("left out", None, 1.2)]) == 0
    assert print_lines([good, bad, good]) == 1
    assert "MISSED" in capsys.readouterr().out


def test_a_part_that_breaks_down_keeps_its_lines_and_fails_the_run(tmp_path: Path) -> None:
    program = "def measure():\n    yield Line('first', 1.0, 2.0)\n    raise OSError\n"
    (tmp_path / "half.py").write_text(f"from bench.budgets.line import Line\n\n\n{program}")
    found = list(run.run_part("half", {"PYTHONPATH": str(tmp_path)}, tmp_path / "half.jsonl"))
    assert [(line["name"], line["verdict"]) for line in found] == [("first", "met"), ("half", "BROKE DOWN")]


def test_every_part_of_the_run_is_a_module() -> None:
    assert [part for part in PARTS if find_spec(part) is None] == []
    assert set(SHORT_FORM_BY_PART) | PARTS_AT_SIZE <= set(PARTS)


def test_only_the_short_form_makes_a_part_smaller() -> None:
    assert settings_of("bench.hl7_intake", is_short=False) == {}
    assert int(settings_of("bench.sweep_at_size", is_short=True)["MESSAGES"]) < 200


def test_the_run_has_the_packages_of_the_tests() -> None:
    """`make lock` pins them together; one that is added to the tests alone would be missing in the run."""
    tests, benchmarks = (
        set(re.findall(r"^[a-z0-9.-]+==[^ ]+", (PROJECT_ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements-dev.txt", "requirements-bench.txt")
    )
    assert tests - benchmarks == set()

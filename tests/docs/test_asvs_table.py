"""Compares docs/asvs.md with the numbers of the ASVS 5.0.0 and with the tests and rules that it names."""

import ast
import re
from functools import cache

from config.env import PROJECT_ROOT

TABLE = PROJECT_ROOT / "docs" / "asvs.md"
RULES = PROJECT_ROOT / "docs" / "security-rules.md"
STATES = ("met", "not applicable", "open")
MOST_WORDS = 12
MOST_OPEN = 8  # never more than now
# The last number of level 1 or 2 in each section; a number of level 3 before it is left out below.
LAST_NUMBERS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2,
    "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
    "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
    "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4,
    "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
    "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip
LEVEL_1 = frozenset(
    re.findall(
        r"\S+",
        """
    1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.1 1.3.2 1.5.1 2.1.1 2.2.1 2.2.2 2.3.1 3.2.1 3.2.2 3.3.1 3.4.1 3.4.2 3.5.1 3.5.2
    3.5.3 4.1.1 4.4.1 5.2.1 5.2.2 5.3.1 5.3.2 6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.3.1 6.3.2 6.4.1
    6.4.2 7.2.1 7.2.2 7.2.3 7.2.4 7.4.1 7.4.2 8.1.1 8.2.1 8.2.2 8.3.1 9.1.1 9.1.2 9.1.3 9.2.1 10.4.1 10.4.2 10.4.3
    10.4.4 10.4.5 11.3.1 11.3.2 11.4.1 12.1.1 12.2.1 12.2.2 13.4.1 14.2.1 14.3.1 15.1.1 15.2.1 15.3.1""",
    )
)
# The documents that the standard asks for, each with the heading under which it stands in the rules.
DOCUMENTS = {
    "2.1.2": "what-is-accepted", "2.1.3": "how-much-is-accepted", "5.1.1": "files",
    "6.1.1": "sign-in", "6.1.2": "sign-in", "6.1.3": "sign-in", "7.1.1": "sessions",
    "7.1.2": "sessions", "7.1.3": "sessions", "8.1.2": "who-may-see-and-change-which-field",
    "11.1.1": "keys-and-secrets", "13.1.1": "who-talks-to-whom", "14.1.1": "data-and-its-levels",
    "14.1.2": "data-and-its-levels", "15.1.1": "packages", "15.1.3": "what-costs-much", "16.1.1": "logs",
}  # fmt: skip
_ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| ([^|]+) \| (.+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@cache
def _rows() -> list[tuple[str, str, str, str, str]]:
    return _ROW.findall(TABLE.read_text(encoding="utf-8"))


@cache
def _functions(path: str) -> frozenset[str]:
    tree = ast.parse((PROJECT_ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_number_of_levels_1_and_2_stands_in_the_table_once_and_in_order() -> None:
    expected = [f"{section}.{number}" for section, last in LAST_NUMBERS.items() for number in range(1, last + 1)]
    assert [row[0] for row in _rows()] == expected
    assert {row[0] for row in _rows() if row[1] == "1"} == LEVEL_1
    assert (len(expected), len(LEVEL_1)) == (253, 70)


def test_every_row_is_met_by_a_test_or_says_why_not() -> None:
    for number, _level, words, state, evidence in _rows():
        assert state in STATES, number
        assert len(words.split()) <= MOST_WORDS, number
        assert state != "met" or _TEST.search(evidence), number
        assert len(evidence.split()) > 2 or _TEST.search(evidence), number


def test_every_test_that_the_table_names_is_there() -> None:
    named = {found for row in _rows() for found in _TEST.findall(row[4])}
    assert {path for path, _name in named if not (PROJECT_ROOT / path).is_file()} == set()
    assert {f"{path}::{name}" for path, name in named if name not in _functions(path)} == set()
    assert len(re.findall(r"tests/[\w/]+\.py", "".join(row[4] for row in _rows()))) == sum(
        len(_TEST.findall(row[4])) for row in _rows()
    )


def test_the_counts_at_the_top_are_those_of_the_rows() -> None:
    states = [row[3] for row in _rows()]
    said = f"{states.count('met')} are met, {states.count('not applicable')} are not applicable, "
    assert f"{said}{states.count('open')} are open" in TABLE.read_text(encoding="utf-8")
    assert states.count("open") <= MOST_OPEN


def test_every_rule_that_the_table_refers_to_is_written_down() -> None:
    sections = re.split(r"^## ", RULES.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    written = {name.lower().replace(" ", "-"): text for name, _line, text in (one.partition("\n") for one in sections)}
    evidence = {row[0]: row[4] for row in _rows()}
    for number, heading in DOCUMENTS.items():
        assert f"security-rules.md#{heading}" in evidence[number], number
        assert len(written[heading].split()) > 60, heading

"""Can a newcomer read any file in one sitting, and does it say at its top which question it answers?"""

import ast
from pathlib import Path

import pytest

from tests.architecture.source import ALL_FILES, name_of, tree_of

LONGEST_FILE = 300
LONGEST_FUNCTION = 40

every_file = pytest.mark.parametrize("path", ALL_FILES, ids=name_of)


@every_file
def test_a_file_stays_under_three_hundred_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < LONGEST_FILE


@every_file
def test_a_function_stays_under_forty_lines(path: Path) -> None:
    functions = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {node.name: (node.end_lineno or node.lineno) - node.lineno + 1 for node in functions}
    assert {name: length for name, length in lengths.items() if length >= LONGEST_FUNCTION} == {}


@every_file
def test_a_file_says_which_question_it_answers(path: Path) -> None:
    tree = tree_of(path)
    assert not tree.body or ast.get_docstring(tree)

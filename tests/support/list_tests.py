"""Prints the names of all tests as sentences, file by file."""

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent


def test_sentences(file: Path) -> list[str]:
    """The tests of one file, as sentences in the file's order."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    names = [node.name.removeprefix("test_") for node in functions if node.name.startswith("test_")]
    return [name.replace("_", " ").capitalize() + "." for name in names]


if __name__ == "__main__":
    for file in sorted(TESTS.rglob("test_*.py")):
        print(f"\n{file.relative_to(TESTS).with_suffix('')}")
        for rule in test_sentences(file):
            print(f"  - {rule}")

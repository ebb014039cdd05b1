"""Which files are the product's own, and how are they read by the tests about the code itself?"""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("config", "clinic", "patients", "recalls", "notifications", "exchange", "reports", "portal", "demo")


def _python_files(folders: tuple[str, ...]) -> list[Path]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


PRODUCT_FILES = _python_files(PACKAGES)
ALL_FILES = _python_files((*PACKAGES, "tests", "bench"))


def name_of(path: Path) -> str:
    """The path as a person would say it; also the name of the test's case."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))

"""Finds and parses the Python files of the product, the tests and the benchmarks."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = (
    "config",
    "clinic",
    "patients",
    "desk",
    "recalls",
    "notifications",
    "exchange",
    "reports",
    "portal",
    "site_setup",
    "records",
    "operations",
    "demo",
)


def _python_files(folders: tuple[str, ...]) -> list[Path]:
    found = (path for folder in folders for path in (PROJECT_ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


PRODUCT_FILES = _python_files(PACKAGES)
ALL_FILES = _python_files((*PACKAGES, "tests", "bench"))


def relative_name(path: Path) -> str:
    """The path below the root of the project, as in ``recalls/workflow.py``."""
    return path.relative_to(PROJECT_ROOT).as_posix()


def module_of(path: Path) -> str:
    """The dotted name under which the file is imported."""
    parts = path.relative_to(PROJECT_ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def parse_file(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Every node of the file's syntax tree."""
    return tuple(ast.walk(parse_file(path)))


def identifiers_of(path: Path) -> Iterator[tuple[str, int]]:
    """Every name that the file gives or uses, with its line: the file itself, classes, functions, arguments, fields."""
    yield path.stem, 1
    for node in nodes_of(path):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, node.lineno
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.keyword(arg=str(name)):
                yield name, node.lineno
            case ast.alias(asname=str(name)):
                yield name, node.lineno


def imports_of(path: Path, modules: frozenset[str]) -> set[str]:
    """The modules of the given set that the file imports, also inside functions; those for types only are left out."""
    skipped = {
        id(inner)
        for node in nodes_of(path)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    found = set()
    for node in nodes_of(path):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner_names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules else node.module for name in inner_names}
    return found & modules

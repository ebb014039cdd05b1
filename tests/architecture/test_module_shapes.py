"""Holds the shape of modules: a docstring that states, names that tell, small folders, no circle of imports."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.architecture.source_files import (
    ALL_FILES,
    PACKAGES,
    PRODUCT_FILES,
    PROJECT_ROOT,
    identifiers_of,
    imports_of,
    module_of,
    nodes_of,
    parse_file,
    relative_name,
)

MOST_MODULES_IN_A_FOLDER = 20
GENDERED = frozenset({"she", "her", "hers", "herself"})
NAMED_BY_DJANGO = frozenset({"Command"})


def test_every_module_says_in_its_first_line_what_it_does(subtests: pytest.Subtests) -> None:
    for path in ALL_FILES:
        with subtests.test(relative_name(path)):
            tree = parse_file(path)
            docstring = ast.get_docstring(tree)
            assert docstring or not tree.body
            assert "?" not in (docstring or "").split("\n")[0]


def test_no_identifier_takes_the_patient_or_the_user_for_a_woman(subtests: pytest.Subtests) -> None:
    for path in ALL_FILES:
        with subtests.test(relative_name(path)):
            assert [(line, name) for name, line in identifiers_of(path) if GENDERED & _words_of(name)] == []


def _words_of(name: str) -> set[str]:
    """HER2 is a receptor and no pronoun."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", re.sub("(?i)her2", "", name))}


def test_no_name_at_module_level_is_a_single_letter(subtests: pytest.Subtests) -> None:
    for path in ALL_FILES:
        with subtests.test(relative_name(path)):
            letters = [name for name in _module_level_names(parse_file(path)) if re.fullmatch("[A-Za-z]", name)]
            assert letters == []


def _module_level_names(tree: ast.Module) -> Iterator[str]:
    """The names that a module gives; Django's own ``F`` and ``Q`` are imported as they are called."""
    for statement in tree.body:
        match statement:
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from (alias.asname for alias in aliases if alias.asname)
            case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar" | "ParamSpec"))):
                continue
            case ast.Assign(targets=targets):
                yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def test_no_two_classes_of_the_product_have_one_name() -> None:
    homes = defaultdict(list)
    for path in PRODUCT_FILES:
        for node in parse_file(path).body:
            if isinstance(node, ast.ClassDef) and node.name not in NAMED_BY_DJANGO:
                homes[node.name].append(relative_name(path))
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def test_no_folder_of_the_product_holds_more_than_twenty_modules(subtests: pytest.Subtests) -> None:
    folders = defaultdict(list)
    for path in PRODUCT_FILES:
        if path.name != "__init__.py":
            folders[relative_name(path.parent)].append(path.name)
    for folder, modules in folders.items():
        with subtests.test(folder):
            assert len(modules) <= MOST_MODULES_IN_A_FOLDER


@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_of_a_package_import_each_other_in_a_circle(package: str) -> None:
    """An import inside a function counts as well; one that only the type checker reads does not."""
    files = {module_of(path): path for path in PRODUCT_FILES if path.is_relative_to(PROJECT_ROOT / package)}
    modules = frozenset(files)
    assert _circles({module: imports_of(path, modules) for module, path in files.items()}) == []


def _circles(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of modules that reach each other."""
    reached = {module: _reach(module, imports) for module in imports}
    circles = {
        tuple(sorted(other for other in reached[module] if module in reached[other]))
        for module in imports
        if module in reached[module]
    }
    return sorted(list(circle) for circle in circles)


def _reach(module: str, imports: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = set(imports[module])
    while waiting:
        found |= (step := waiting - found)
        waiting = {name for one in step for name in imports[one]} - found
    return found


def test_the_search_for_circles_sees_one() -> None:
    assert _circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c"]]


def test_the_words_of_an_identifier_are_told_apart() -> None:
    assert _words_of("whatSheSees_her_2") == {"what", "she", "sees", "her"}
    assert not GENDERED & _words_of("other_header_Where")


def test_no_test_imports_a_private_name_of_another_test(subtests: pytest.Subtests) -> None:
    for path in (path for path in ALL_FILES if path.is_relative_to(PROJECT_ROOT / "tests")):
        with subtests.test(relative_name(path)):
            assert [alias for alias in _imported_from_tests(path) if alias.startswith("_")] == []


def _imported_from_tests(path: Path) -> Iterator[str]:
    for node in nodes_of(path):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests."):
            yield from (alias.name for alias in node.names)

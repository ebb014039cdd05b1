"""Tests that no module takes a day from the server's clock: days are the site's own."""

import ast

import pytest

from tests.architecture.source_files import PRODUCT_FILES, nodes_of, relative_name

# The invented clinic stands on one machine, and makes its days before its sites.
_EXCEPT = ("demo/",)


def _is_server_day(node: ast.AST) -> bool:
    """``date.today()``, ``localdate()`` and ``now().date()`` or ``now.date()`` without a zone between."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="date" | "datetime"), attr="today")):
            return True
        case ast.Call(func=ast.Name(id="localdate") | ast.Attribute(attr="localdate")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="now") | ast.Attribute(attr="now"), attr="date")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Attribute(attr="now" | "utcnow")), attr="date")):
            return True
    return False


def test_every_day_is_taken_in_a_zone(subtests: pytest.Subtests) -> None:
    for path in PRODUCT_FILES:
        if not relative_name(path).startswith(_EXCEPT):
            with subtests.test(relative_name(path)):
                assert [node.lineno for node in nodes_of(path) if _is_server_day(node)] == []  # type: ignore[attr-defined]  # only calls are found


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ("date.today()", True),
        ("timezone.localdate()", True),
        ("timezone.now().date()", True),
        ("now.date()", True),
        ("self.now.date()", True),
        ("now.astimezone(site.zone).date()", False),
        ("calendar.today(site)", False),
    ],
)
def test_the_search_for_such_days_finds_them(code: str, is_found: bool) -> None:
    assert any(_is_server_day(node) for node in ast.walk(ast.parse(code))) == is_found

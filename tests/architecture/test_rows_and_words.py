"""Holds that views find rows by the person's sites, that words become HTML in known places, that logs name nobody."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from config.env import PROJECT_ROOT
from tests.architecture.source_files import PRODUCT_FILES, nodes_of, relative_name

# A row that is found by its number alone, and why no foreign patient comes with it.
FOUND_BY_NUMBER = {
    ("recalls/views/close_day.py", "Site"),  # one of the person's own, read anew after it was changed
    ("site_setup/views/emergency.py", "EmergencyAccess"),  # `emergency.review` takes it from the person's own alone
    ("site_setup/views/accounts.py", "AccountRequest"),  # `requests.confirm` and `refuse` ask for every site concerned
}
# What makes HTML of words: nothing at all, and Markdown of the program's own texts with HTML turned off.
MAKES_HTML = {"desk/templatetags/desk.py", "portal/explainers.py"}
LOGS = frozenset({"log", "logger", "_log", "logging"})
PERSON = frozenset(
    {"family_name", "given_name", "full_name", "mrn", "birth_date", "accession", "raw", "email", "phone"}
)


def _calls(paths: list[Path]) -> Iterator[tuple[str, ast.Call, str]]:
    for path in paths:
        for node in nodes_of(path):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                yield relative_name(path), node, name


def _root(node: ast.AST) -> str:
    """The first name of a chain such as `Recall.objects.select_related("site")`."""
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return node.id if isinstance(node, ast.Name) else ""


def _is_scoped(call: ast.Call) -> bool:
    words = ast.dump(call)
    return bool(re.search(r"site|visible|own_|manageable|colleagues|_of'|user|'room'", words))


def test_a_view_finds_a_row_by_its_number_only_among_those_of_the_persons_sites() -> None:
    views = [path for path in PRODUCT_FILES if "views" in path.parts or path.stem.endswith("views")]
    found = set()
    for path, call, name in _calls(views):
        if name not in ("get_object_or_404", "get"):
            continue
        if not any(keyword.arg in ("pk", "id") for keyword in call.keywords) or _is_scoped(call):
            continue
        root = _root(call.args[0]) if name == "get_object_or_404" and call.args else _root(call.func)
        if root[:1].isupper():
            found.add((path, root))
    assert found - FOUND_BY_NUMBER == set()


def test_words_become_html_in_two_known_places() -> None:
    found = {path for path, _call, name in _calls(PRODUCT_FILES) if name in ("mark_safe", "SafeString", "SafeText")}
    assert found == MAKES_HTML
    templates = [*(PROJECT_ROOT / "templates").rglob("*.html"), *PROJECT_ROOT.glob("*/templates/**/*.html")]
    raw = re.compile(r"\|\s*safe\b|autoescape\s+off|\|\s*safeseq\b")
    found_raw = [path.name for path in templates if raw.search(path.read_text(encoding="utf-8"))]
    assert found_raw == ["email.html"]  # the body of a mail: Markdown of the clinic's text with HTML turned off


def test_no_line_of_a_log_is_given_a_person() -> None:
    found = [
        f"{path}:{call.lineno}"
        for path, call, _name in _calls(PRODUCT_FILES)
        if isinstance(call.func, ast.Attribute) and _root(call.func) in LOGS and _names_person(call)
    ]
    assert found == []


def _names_person(call: ast.Call) -> bool:
    words = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any(isinstance(node, ast.Attribute) and node.attr in PERSON for word in words for node in ast.walk(word))


def test_the_search_sees_one_of_each() -> None:
    line, html, row = (
        ast.parse(code, mode="eval").body
        for code in ('log.info("seen", extra=patient.mrn)', "mark_safe(words)", "get_object_or_404(Recall, pk=pk)")
    )
    assert isinstance(line, ast.Call)
    assert isinstance(row, ast.Call)
    assert isinstance(html, ast.Call)
    assert _names_person(line)
    assert not _is_scoped(row)
    assert _root(row.args[0]) == "Recall"

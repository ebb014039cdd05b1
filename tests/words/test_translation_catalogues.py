"""Holds that every sentence to a patient is translated and the compiled catalogues are fresh."""

import ast
import gettext
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.utils import translation
from django.utils.translation.template import templatize

from notifications.content import loader

ROOT: Final = Path(__file__).parents[2]
# What makes the words of a message, and the patient's page.
MODULES: Final = (
    *sorted((ROOT / "portal").glob("*.py")),
    *sorted((ROOT / "portal" / "contact_plan").glob("*.py")),
    *(
        ROOT / "notifications" / "rendering" / f"{name}.py"
        for name in ("context", "formatting", "calendar_invite", "lay_summary", "letter_pdf", "sms")
    ),
)
TEMPLATES: Final = (
    *(f"portal/{path.name}" for path in sorted((ROOT / "templates" / "portal").glob("*.html"))),
    *(
        f"portal/contact_plan/{path.name}"
        for path in sorted((ROOT / "templates" / "portal" / "contact_plan").glob("*.html"))
        if path.name != "desk.html"  # a page of the staff
    ),
    "notifications/unsubscribe.html",
    "notifications/series.html",
)
CATALOGUES: Final = [
    path for folder in (ROOT, ROOT / "notifications") for path in sorted(folder.glob("locale/*/LC_MESSAGES/django.po"))
]
# The name of the program, and the calendar's own word, are the same in every language.
ALIKE: Final = frozenset({"am", "pm", "Recall Desk", "No"})
CALLS: Final = frozenset({"_", "gettext", "gettext_lazy"})


def said_in_code() -> Iterator[str]:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value


def said_in_templates() -> Iterator[str]:
    for name in TEMPLATES:
        source = (ROOT / "templates" / name).read_text(encoding="utf-8")
        for call in re.findall(r"gettext\(u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")", templatize(source)):
            yield str(ast.literal_eval(call))
        yield from re.findall(r'{% translate "([^"]+)"', source)


SENTENCES: Final = sorted(({*said_in_code(), *said_in_templates()}) - ALIKE)


def test_the_sentences_are_found() -> None:
    assert len(SENTENCES) > 100
    assert "Open my page" in SENTENCES
    assert "The emails are stopped" in SENTENCES


@pytest.mark.parametrize("language", [one for one in loader.list_languages() if one != loader.DEFAULT_LANGUAGE])
def test_every_sentence_of_the_program_to_a_patient_is_translated(language: str) -> None:
    with translation.override(language):
        assert [said for said in SENTENCES if translation.gettext(said) == said] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-5])
def test_the_compiled_catalogue_says_what_its_source_says(path: Path) -> None:
    """Compiled by msgfmt after each change; a stale one would speak old words, or English."""
    source = path.read_text(encoding="utf-8")
    assert "fuzzy" not in source
    assert not re.search(r"^#~", source, re.MULTILINE)
    assert not re.search(r'^msgstr(\[\d\])? ""\n(?!")', source, re.MULTILINE)
    content = path.with_suffix(".mo").read_bytes()
    (count,) = struct.unpack_from("<I", content, 8)
    assert count == len(re.findall(r"^msgid ", source, re.MULTILINE))
    with path.with_suffix(".mo").open("rb") as compiled:
        catalogue = gettext.GNUTranslations(compiled)
    plain = re.findall(r'(?<!msgctxt)\n\nmsgid "([^"\n]+)"\nmsgstr "([^"\n]+)"\n', source)
    assert plain
    assert all(catalogue.gettext(english) == spanish for english, spanish in plain)

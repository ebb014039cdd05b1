"""No text of a page, a message or a rule speaks of the patient as a woman: patients are of every sex."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENDERED = re.compile(r"\b(she|her|hers|herself|he|his|him|himself|woman|women|lady|ladies)\b", re.IGNORECASE)
SHOWN = ("_", "gettext", "gettext_lazy", "ngettext", "pgettext")
# Figures that a source gives for women are told as such: "of 1,000 women who are screened".
FIGURES = re.compile(r"[\d,]+ (of every )?(\d+ )?women|women (who|with|aged|in)", re.IGNORECASE)
PACKAGES = (
    "clinic", "desk", "exchange", "notifications", "patients", "portal", "recalls", "records", "reports", "site_setup",
    "operations",
)  # fmt: skip
CALL = re.compile(rf'\b(?:{"|".join(SHOWN)})\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', re.DOTALL)


def _in(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if GENDERED.search(FIGURES.sub("", line))]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_sentence_of_the_code_is_gendered(package: str) -> None:
    sentences = (found for path in (ROOT / package).rglob("*.py") for found in CALL.findall(path.read_text("utf-8")))
    assert [found for sentence in sentences for found in _in(sentence)] == []


def test_no_page_is_gendered() -> None:
    pages = {str(path.relative_to(ROOT)): _in(path.read_text("utf-8")) for path in (ROOT / "templates").rglob("*.html")}
    assert {name: lines for name, lines in pages.items() if lines} == {}


def test_no_message_to_a_patient_is_gendered() -> None:
    texts = [
        path for folder in ("messages", "explainers") for path in (ROOT / "notifications" / folder / "en").rglob("*.md")
    ]
    assert len(texts) > 50
    found = {path.name: _in(path.read_text("utf-8")) for path in texts}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_the_words_looked_for_are_found() -> None:
    assert _in("Ask whether she can come.\nOf 100 women who are called back, 4 have cancer.") == [
        "Ask whether she can come."
    ]

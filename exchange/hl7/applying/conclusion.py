"""Reads a report's text as plain text, finds its conclusion, and what that recommends beside a 1 or 2."""

import html
import re

from django.utils.html import strip_tags

from exchange.parsing.recommendation_parser import parse_recommendation
from recalls.enums import Assessment, SupplementalTest

_CONCLUSION = re.compile(
    r"\b(?:impression|conclusion|recommendations?|assessment|summary|addendum)\s*[:\n]", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"(?<=[.;!?])\s+|\n{2,}|\n(?=\s*(?:[-*\u2022]|\d+[.)])\s)")
# What stands below every report of many clinics, whatever the patient has.
_DISCLAIMER = re.compile(
    r"\bif (?:there|a|an|any|clinical\w*|the patient)\b|\bany (?:palpable|clinical\w*|suspicious)\b"
    r"|\b(?:clinical(?:ly)?|physical) (?:grounds|suspicious|findings?|exam\w*|management|correlation|basis)\b"
    r"|\bmanaged clinically\b|\bshould not (?:delay|deter|preclude|prevent)\b",
    re.IGNORECASE,
)


_HTML = re.compile(r"<(?:html|body|br|p|div|span|b|table)\b[^>]*>", re.IGNORECASE)
_HTML_LINE_END = re.compile(r"<br\s*/?>|</(?:p|div|tr|li|h\d)>", re.IGNORECASE)
_MAX_CONCLUSION = 1500  # characters that are shown with a recall


def is_formatted(text: str) -> bool:
    """Whether the text is RTF, whose marks between the words cannot be told from them."""
    return text.lstrip().startswith("{\\rtf")


def remove_markup(text: str) -> str:
    """The words of a text in HTML; any other text as it is."""
    if not _HTML.search(text):
        return text
    return html.unescape(strip_tags(_HTML_LINE_END.sub("\n", text)))


def find_conclusion(text: str) -> str:
    """The conclusion in one line, for the staff who call the patient; "" where the report marks none."""
    start = _CONCLUSION.search(text)
    if start is None:
        return ""
    visible = "".join(
        letter if letter.isprintable() and letter != "\ufffd" else " " for letter in text[start.start() :]
    )
    return " ".join(visible.split())[:_MAX_CONCLUSION]


def find_supplemental(text: str, assessment: Assessment) -> SupplementalTest | None:
    """The supplemental test that the conclusion of a report plainly advises.

    Raises InvalidValue, with what to write instead, where it recommends other work beside a 1 or 2, or is not plain.
    """
    start = _CONCLUSION.search(text)
    advised = {
        parse_recommendation(sentence, assessment)
        for sentence in _SENTENCE_END.split(text[start.start() :] if start else text)
        if not _DISCLAIMER.search(sentence)
    }
    return next((test for test in SupplementalTest if test in advised), None)

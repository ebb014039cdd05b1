"""Measures how hard a text is to read, with two measures for each language; both must be met.

English: Flesch-Kincaid counts syllables, Coleman-Liau counts letters; each gives a school grade. Spanish:
Fernandez-Huerta and Szigriszt-Pazos (INFLESZ) were fitted to Spanish and give an ease. The library finds syllables by
where a word may be hyphenated and so misses some; the Spanish bars stand 10 points above the published 70 and 65.
"""

import re
from functools import cache
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

MAX_SCHOOL_GRADE: Final = 6.0
MIN_READING_EASE: Final = {"Fernandez-Huerta": 70.0 + 10.0, "Szigriszt-Pazos": 65.0 + 10.0}
MAX_SENTENCE_WORDS: Final = 22


def failed_readability_measures(language: str, text: str) -> dict[str, float]:
    """The measures by which the text is too hard, with their values; empty for a language without measures here."""
    measure = _textstat_for(language)
    if measure is None:
        return {}
    if language == "es":
        ease = {
            "Fernandez-Huerta": float(measure.fernandez_huerta(text)),
            "Szigriszt-Pazos": float(measure.szigriszt_pazos(text)),
        }
        return {name: value for name, value in ease.items() if value < MIN_READING_EASE[name]}
    grades = {
        "Flesch-Kincaid": float(measure.flesch_kincaid_grade(text)),
        "Coleman-Liau": float(measure.coleman_liau_index(text)),
    }
    return {name: grade for name, grade in grades.items() if grade > MAX_SCHOOL_GRADE}


def find_long_sentences(text: str) -> list[str]:
    """The sentences of more than `MAX_SENTENCE_WORDS` words."""
    sentences = re.split(r"(?<=[.?!])\s+", text)
    return [sentence for sentence in sentences if len(sentence.split()) > MAX_SENTENCE_WORDS]


def running_text(markdown: str) -> str:
    """The text without Markdown and without block quotes; each line ends in a full stop.

    A quote holds date, place and phone, or an official notice whose words nobody may change. It is left out because
    names and numbers would make the text look easier than it is.
    """
    lines: list[str] = []
    depth = 0
    for token in MarkdownIt("commonmark").parse(markdown):
        depth += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        if token.type == "inline" and not depth:
            line = "".join(_token_text(child) for child in token.children or [])
            lines.append(line if line.endswith((".", "?", "!")) else f"{line}.")
    return " ".join(lines)


def _token_text(token: Token) -> str:
    return " " if token.type == "softbreak" else token.content


@cache
def _textstat_for(language: str) -> Any:
    from textstat.textstat import textstatistics  # loads a syllable dictionary, needed only when a text is edited

    if language not in ("en", "es"):
        return None
    measure = textstatistics()
    measure.set_lang("en_US" if language == "en" else language)
    return measure

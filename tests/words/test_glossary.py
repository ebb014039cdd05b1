"""The glossary: staff pages use its terms, patient texts its plain words, and nobody is taken for a woman."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from django.utils.translation.template import templatize

from tests.words.text_files import ALL_EXPLAINERS, ALL_MESSAGES

ROOT: Final = Path(__file__).parents[2]
GLOSSARY: Final = ROOT / "docs" / "glossary.md"
PACKAGES: Final = (
    "clinic",
    "config",
    "demo",
    "desk",
    "exchange",
    "notifications",
    "patients",
    "portal",
    "recalls",
    "reports",
)
# What patients read, and what is read out to them: plain words, exempt from the staff terms by path.
PATIENT_CODE: Final = re.compile(r"portal/|notifications/rendering/(context|formatting|calendar_invite|lay_summary)")
PATIENT_TEMPLATES: Final = re.compile(r"templates/(portal/|notifications/unsubscribe)")
CALLS: Final = frozenset(
    {"_", "_t", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy", "npgettext"}
)
CATALOGUES: Final = sorted(
    path for folder in (ROOT, *(ROOT / name for name in PACKAGES)) for path in folder.glob("locale/es/LC_MESSAGES/*.po")
)
# HER2 is a receptor.
PRONOUN: Final = re.compile(r"(?<![a-z])(she|her|hers|herself)(?![a-z]|2)", re.IGNORECASE)
# Where the words stand as examples of what is not to be written.
QUOTED: Final = re.compile(r'she\|her\|\S*|"[^"\n]*"')
SPANISH_GUESSES: Final = re.compile(r"\b(la|las|una|esta) pacientes?\b|\bseñoras?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Term:
    """One row of the glossary."""

    staff: str
    patient: str
    spanish: str
    not_used: tuple[str, ...]


def _terms() -> list[Term]:
    found = []
    for line in GLOSSARY.read_text(encoding="utf-8").splitlines():
        if line.startswith("| **"):
            staff, patient, spanish, _meaning, not_used = (cell.strip() for cell in line.strip("|").split("|"))
            words = tuple(word.strip() for word in not_used.split(",") if word.strip())
            found.append(Term(staff.strip("*"), patient, spanish, words))
    return found


def _product(*endings: str) -> Iterator[Path]:
    for folder in (*PACKAGES, "templates", "static"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in endings and not {"migrations", "vendor", "__pycache__"} & set(path.parts):
                yield path


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _said_in_code(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if called in CALLS:
                said = (argument.value for argument in node.args if isinstance(argument, ast.Constant))
                yield from (one for one in said if isinstance(one, str))


def _said_in_template(path: Path) -> Iterator[str]:
    source = path.read_text(encoding="utf-8")
    for call in re.findall(r"gettext\(u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")", templatize(source)):
        yield str(ast.literal_eval(call))
    yield from re.findall(r'{% translate "([^"]+)"', source)


def _sentences() -> Iterator[tuple[str, str, bool]]:
    """Each sentence of the program: its file, its words, whether patients read it."""
    for path in _product(".py"):
        name = _name(path)
        yield from ((name, said, bool(PATIENT_CODE.match(name))) for said in _said_in_code(path))
    for path in _product(".html"):
        name = _name(path)
        yield from ((name, said, bool(PATIENT_TEMPLATES.search(name))) for said in _said_in_template(path))


def _uses(said: str, words: str) -> bool:
    without_positions = said.replace("o'clock", "")  # where a lesion lies, in the field's own words
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", without_positions, re.IGNORECASE) is not None


def test_the_glossary_is_a_table_of_unique_terms() -> None:
    terms = _terms()
    assert len(terms) > 30
    assert len({term.staff for term in terms}) == len(terms)
    assert [term.staff for term in terms if bool(term.patient) != bool(term.spanish)] == []


def test_no_sentence_for_staff_uses_a_word_that_the_glossary_rules_out() -> None:
    staff = {(name, said) for name, said, to_patients in _sentences() if not to_patients}
    assert len(staff) > 1000
    instead = {word: term.staff for term in _terms() for word in term.not_used}
    wrong = [
        f"{name}: {said!r}: {word!r}, say {instead[word]!r}"
        for name, said in staff
        for word in instead
        if _uses(said, word)
    ]
    assert not wrong, "\n".join(sorted(wrong))


def test_a_patient_reads_plain_words_and_not_the_terms_of_the_staff() -> None:
    texts = {f"{text.id}": text.body for text in chain(ALL_MESSAGES.values(), ALL_EXPLAINERS.values())}
    sentences = {f"{name}: {said}": said for name, said, to_patients in _sentences() if to_patients}
    catalogue = "\n".join(path.read_text(encoding="utf-8") for path in CATALOGUES)
    english = "\n".join([*sentences.values(), *(body for name, body in texts.items() if name.startswith("en/"))])
    spanish = "\n".join([catalogue, *(body for name, body in texts.items() if name.startswith("es/"))])
    for term in _terms():
        if term.patient and term.staff.casefold() not in {"patient, user", "recall"} and len(term.staff.split()) > 1:
            assert [name for name, said in (texts | sentences).items() if _uses(said, term.staff)] == [], term.staff
        assert not term.patient or _uses(english, term.patient), term.patient
        assert not term.spanish or _uses(spanish, term.spanish), term.spanish


def test_nothing_takes_a_patient_or_a_user_for_a_woman() -> None:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    wrong = []
    for path in chain(_product(".py", ".html", ".js", ".css"), documents):
        if path == GLOSSARY or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            bare = QUOTED.sub("", line) if path.suffix == ".md" or "she|her" in line else line
            if PRONOUN.search(bare):
                wrong.append(f"{_name(path)}:{number}: {line.strip()}")
    for path in chain(CATALOGUES, ROOT.glob("notifications/**/es/**/*.md")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if SPANISH_GUESSES.search(line):
                wrong.append(f"{_name(path)}:{number}: {line.strip()}")
    assert not wrong, "\n".join(wrong)

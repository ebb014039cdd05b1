"""Finds the BI-RADS assessment and the density of a report: coded observations and the text, which must agree."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from clinic.models import Site
from exchange.errors import InvalidValue
from exchange.hl7.applying.conclusion import find_conclusion, find_supplemental, is_formatted, remove_markup
from exchange.hl7.applying.sender_words import read_observation_meaning, read_status_word
from exchange.hl7.birads import AssessmentReading, read_assessment
from exchange.hl7.reading.facts import TEXT_TYPES, CodedValue, Observation, ReportFacts
from exchange.models.hl7_sender import Hl7Sender, ObservationMeaning, ReportStatus
from exchange.parsing.assessment_parser import parse_screening_assessment
from exchange.parsing.value_parsers import parse_density
from recalls.assessment_consistency import find_worst
from recalls.enums import SUSPICIOUS_ASSESSMENTS, Assessment

# SNOMED CT, DICOM and RadLex codes that are confirmed; a system's own codes are its words.
_ASSESSMENT_CODES = {
    "397138000": "0", "397140005": "1", "397141009": "2", "397143007": "3", "397144001": "4", "397145000": "5",
    "6111000179101": "6", "111120": "MP",
}  # fmt: skip
_DENSITY_CODES = {"129716005": "a", "129717001": "b", "129718006": "c", "129719003": "d"}
_IS_DENSITY = re.compile(r"densit|breast composition|129715009|rde1587", re.IGNORECASE)
_IS_ASSESSMENT = re.compile(r"bi\W{0,3}rads|\bbirads|\bassessment\b|rde1586", re.IGNORECASE)
_NO_ASSESSMENT = re.compile(
    r"prior|previous|history|edition|version|lexicon|density|recommend|pathology|score", re.IGNORECASE
)
_LEFT = re.compile(r"(?:^|[\W_])(?:left|lt|l)(?:$|[\W_])|80248007", re.IGNORECASE)
_RIGHT = re.compile(r"(?:^|[\W_])(?:right|rt|r)(?:$|[\W_])|73056007", re.IGNORECASE)
_SIDES = (ObservationMeaning.ASSESSMENT_LEFT, ObservationMeaning.ASSESSMENT_RIGHT)
_CODED = (ObservationMeaning.ASSESSMENT, *_SIDES, ObservationMeaning.DENSITY)
_PLAIN_CATEGORIES = frozenset({"1", "2", "3"})
_MAX_CODED_LENGTH = 200  # characters; more is a text, whatever the observation is called


@dataclass(slots=True)
class ReportReading:
    """The cells of a results file that the report gives; `reason` and `place` say why a person must look, "" if not."""

    cells: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    place: str = ""


def read_report(report: ReportFacts, sender: Hl7Sender, site: Site) -> ReportReading:
    """What the report says of the exam; with a reason, `cells` are a proposal."""
    coded, lines = _read_coded(keep_standing(report.observations, sender), sender, site)
    text = remove_markup("\n".join(lines or report.notes))  # some systems write the report into NTE
    if is_formatted(text):
        words = _("The report comes as RTF, which is not read here. Ask the sender for plain text.")
        return ReportReading(coded.cells, words, "OBX-5")
    reading = read_assessment(text) if text.strip() else AssessmentReading(reason=_("The report holds no text."))
    if coded.reason:
        coded.cells = {**_cells_of(reading), **coded.cells}
        return coded
    if "assessment" in coded.cells:
        return _add_recommendation(_compare(coded, reading, text, site), text)
    reason = "" if reading.is_full else reading.reason
    return _add_recommendation(ReportReading({**coded.cells, **_cells_of(reading)}, reason, "OBX-5"), text)


def _add_recommendation(said: ReportReading, text: str) -> ReportReading:
    """A 1 or 2 with work recommended below it is a contradiction for a person; a supplemental test is no recall."""
    said.cells["comment"] = find_conclusion(text)
    if said.reason or said.cells.get("assessment") not in (Assessment.NEGATIVE, Assessment.BENIGN):
        return said
    try:
        advised = find_supplemental(text, Assessment(said.cells["assessment"]))
    except InvalidValue:
        words = _("The report gives a 1 or 2 and recommends other work beside the next screening. Say which counts.")
        return ReportReading(said.cells, words, "OBX-5")
    if advised:
        said.cells["supplemental"] = str(advised.value)
    return said


def keep_standing(observations: Iterable[Observation], sender: Hl7Sender) -> list[Observation]:
    """The observations that count: a withdrawn one does not, and a corrected one takes the place of the one before."""
    kept: list[Observation] = []
    for one in observations:
        status = read_status_word(one.status, sender) if one.status else None
        if status == ReportStatus.CANCELLED:
            continue
        if status == ReportStatus.CORRECTED and one.value_type not in TEXT_TYPES and one.question.words:
            kept = [other for other in kept if (other.question, other.sub_id) != (one.question, one.sub_id)]
        kept.append(one)
    return kept


def _is_text(observation: Observation, sender: Hl7Sender) -> bool:
    meaning = read_observation_meaning(observation.question, sender)
    if meaning is not None:
        return meaning in (ObservationMeaning.REPORT_TEXT, ObservationMeaning.RECOMMENDATION)
    return observation.value_type in TEXT_TYPES


def _find_meaning(observation: Observation, sender: Hl7Sender) -> ObservationMeaning | None:
    """What a coded or short observation answers, with its side; None for a text and for what is not asked here."""
    meaning = read_observation_meaning(observation.question, sender)
    words = observation.question.words
    if meaning is None and len(observation.text) <= _MAX_CODED_LENGTH and "\n" not in observation.text:
        if _IS_DENSITY.search(words):
            meaning = ObservationMeaning.DENSITY
        elif _IS_ASSESSMENT.search(words) and not _NO_ASSESSMENT.search(words):
            meaning = ObservationMeaning.ASSESSMENT
    if meaning != ObservationMeaning.ASSESSMENT:
        return meaning
    where = f"{words} {observation.sub_id} {observation.site}"
    left, right = bool(_LEFT.search(where)), bool(_RIGHT.search(where))
    if left != right:
        return ObservationMeaning.ASSESSMENT_LEFT if left else ObservationMeaning.ASSESSMENT_RIGHT
    return meaning


def _read_coded(observations: Iterable[Observation], sender: Hl7Sender, site: Site) -> tuple[ReportReading, list[str]]:
    """What coded observations give (the worse breast where the exam as a whole has none), and the lines of text."""
    found: dict[ObservationMeaning, set[str]] = {}
    result, lines = ReportReading(), list[str]()
    for one in observations:
        meaning = _find_meaning(one, sender)
        if meaning in _CODED:
            try:
                found.setdefault(meaning, set()).update(_read_value(meaning, value, site) for value in one.values)
                continue
            except InvalidValue as bad:
                if meaning != ObservationMeaning.DENSITY and one.value_type not in TEXT_TYPES:
                    result.reason, result.place = str(bad), one.place
        if _is_text(one, sender):
            lines.append(one.text)
    for meaning, cells in found.items():
        if len(cells) == 1:
            result.cells[str(meaning.value)] = next(iter(cells))
        elif cells and meaning != ObservationMeaning.DENSITY:
            result.reason, result.place = _("The coded observations name different categories."), "OBX-5"
    sides = [Assessment(result.cells[side.value]) for side in _SIDES if side.value in result.cells]
    if sides and "assessment" not in result.cells and not result.reason:
        result.cells["assessment"] = find_worst(sides).value
    return result, lines


def _read_value(meaning: ObservationMeaning, value: CodedValue, site: Site) -> str:
    return _read_density(value) if meaning == ObservationMeaning.DENSITY else _read_category(value, site)


def _read_category(value: CodedValue, site: Site) -> str:
    """One category. Raises InvalidValue for what is none, and for code and text that name different ones."""
    known = _ASSESSMENT_CODES.get(value.code)
    written = known or value.code or value.text
    try:
        category = parse_screening_assessment(written, site)
    except InvalidValue:
        if known or not value.text or value.text == written:
            raise
        return parse_screening_assessment(value.text, site).value
    if value.text and re.search(r"\d", value.text) and not known:
        said = parse_screening_assessment(value.text, site)
        if said != category:
            raise InvalidValue(_("The code and the words of the category say different things."))
    return category.value


def _read_density(value: CodedValue) -> str:
    return str(parse_density(_DENSITY_CODES.get(value.code) or value.text or value.code).value)


def _cells_of(reading: AssessmentReading) -> dict[str, str]:
    sides = {"assessment_left": reading.left or "", "assessment_right": reading.right or ""}
    cells = {"assessment": reading.cell, **sides}
    return {column: str(category) for column, category in cells.items() if category}


def _compare(coded: ReportReading, reading: AssessmentReading, text: str, site: Site) -> ReportReading:
    """The coded category counts where the words of the report do not speak against it."""
    if reading.overall is None and not reading.spans:
        return _check_tone(coded, text)
    if _is_same(coded.cells["assessment"], reading.cell, site):
        sides = {name: cell for name, cell in _cells_of(reading).items() if name != "assessment" and reading.is_full}
        return ReportReading({**sides, **coded.cells})
    reason = _("The coded category and the words of the report say different things.")
    return ReportReading(coded.cells, reason, "OBX-5")


def _check_tone(coded: ReportReading, text: str) -> ReportReading:
    """A text without a category of its own is read as if the coded one stood below it: its words may speak against."""
    category = coded.cells["assessment"].partition("-")[0]
    if not text.strip() or category not in _PLAIN_CATEGORIES:
        return coded
    checked = read_assessment(f"{text}\n\nASSESSMENT: BI-RADS {category}.")
    return coded if checked.is_full else ReportReading(coded.cells, checked.reason, "OBX-5")


def _is_same(coded: str, read: str, site: Site) -> bool:
    """A 4 without a letter is the same as one with it."""
    try:
        one, other = Assessment(coded), parse_screening_assessment(read, site)
    except (InvalidValue, ValueError):
        return coded.partition("-")[0] == read.partition("-")[0]
    kinds = SUSPICIOUS_ASSESSMENTS - {Assessment.HIGHLY_SUGGESTIVE}
    return one == other or (Assessment.SUSPICIOUS in (one, other) and {one, other} <= kinds)

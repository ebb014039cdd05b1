"""Reads a recommendation of imaging: what to image, and in which days after the exam.

IHE Results Distribution (RAD-128) marks a finding that asks for action by a RadLex code that says how soon, quotes the
guideline in OBX-15 and gives the recommendation as an observation of its own.
"""

import re
from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta

from exchange.hl7.applying.sender_words import read_observation_meaning
from exchange.hl7.reading.facts import Observation, ReportFacts
from exchange.models.hl7_sender import Hl7Sender, ObservationMeaning
from recalls.actions.opening import RecommendedImaging
from recalls.enums import ActionableCategory, OrderedImaging

_DENIED = re.compile(r"\b(?:no|not|without|unless|if)\b", re.IGNORECASE)
_IMAGING: tuple[tuple[OrderedImaging, re.Pattern[str]], ...] = (
    (OrderedImaging.BIOPSY, re.compile(r"biops", re.IGNORECASE)),
    (OrderedImaging.MRI, re.compile(r"\bmri?\b|magnetic resonance", re.IGNORECASE)),
    (
        OrderedImaging.MAMMOGRAM,
        re.compile(
            r"mammo|tomosynth|\bdbt\b|\b(?:spot|compression|magnification|diagnostic|additional) views?\b"
            r"|\bspot (?:compression|magnification)\b",
            re.IGNORECASE,
        ),
    ),
    (OrderedImaging.ULTRASOUND, re.compile(r"ultraso|sonogra|\bus\b", re.IGNORECASE)),
)
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "nine": 9, "twelve": 12}
_NUMBER = r"(\d{1,3}|" + "|".join(_NUMBERS) + r"|a|an)"
_WINDOW = re.compile(
    rf"\b(?P<lead>within|in|at|after|no later than|by)?\s*(?:the next |about |approximately )?{_NUMBER}"
    rf"(?:\s*(?:-|to|and|\N{{EN DASH}})\s*{_NUMBER})?[\s-]*(?P<unit>day|week|month|year)s?\b",
    re.IGNORECASE,
)

_RECOMMENDATION_CODES = frozenset({"18783-1"})  # LOINC: study recommendation
_ADVICE = re.compile(r"recommend|advis|suggest|\bshould\b", re.IGNORECASE)

_STEPS = {
    "day": relativedelta(days=1),
    "week": relativedelta(weeks=1),
    "month": relativedelta(months=1),
    "year": relativedelta(years=1),
}


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The imaging and its days; None for what the text does not say, or says in more than one way."""

    imaging: OrderedImaging | None = None
    earliest_on: date | None = None
    latest_on: date | None = None

    @property
    def is_complete(self) -> bool:
        return self.imaging is not None and self.latest_on is not None


@dataclass(frozen=True, slots=True)
class ActionableMark:
    """How soon a marked finding asks for action, the most urgent of several, and the guideline that is quoted."""

    category: ActionableCategory
    guideline: str = ""


def find_mark(report: ReportFacts) -> ActionableMark | None:
    """None where the report marks no finding."""
    marked = [(category, one.guideline) for one in report.observations if (category := _find_category(one))]
    if not marked:
        return None
    return ActionableMark(min(category for category, _said in marked), next((said for _c, said in marked if said), ""))


def _find_category(observation: Observation) -> ActionableCategory | None:
    codes = (observation.question.code, *(value.code for value in observation.values))
    return next((ActionableCategory(code) for code in codes if code in ActionableCategory.values), None)


def find_recommended(report: ReportFacts, sender: Hl7Sender) -> str:
    """The text of the observations that hold the recommendation; "" where the report has none."""
    return "\n".join(
        one.text
        for one in report.observations
        if one.question.code in _RECOMMENDATION_CODES
        or read_observation_meaning(one.question, sender) == ObservationMeaning.RECOMMENDATION
    )


def find_advice(text: str) -> str:
    """The sentences of a report that recommend something."""
    return "\n".join(one for one in _split_sentences(text) if _ADVICE.search(one))


def build_order(said: Recommendation, mark: ActionableMark | None) -> RecommendedImaging | None:
    """What becomes the order of a recall; None where the recommendation is incomplete."""
    if said.imaging is None or said.earliest_on is None or said.latest_on is None:
        return None
    category, guideline = (mark.category, mark.guideline) if mark else (None, "")
    return RecommendedImaging(said.imaging, said.earliest_on, said.latest_on, category, guideline)


def read_recommendation(text: str, exam_date: date) -> Recommendation:
    """What the sentences that recommend breast imaging say; days count from the exam."""
    sentences = [one for one in _split_sentences(text) if any(found.search(one) for _i, found in _IMAGING)]
    if not sentences or any(_DENIED.search(sentence) for sentence in sentences):
        return Recommendation()
    said = " ".join(sentences)
    windows = {_read_window(found, exam_date) for found in _WINDOW.finditer(said)} - {None}
    earliest, latest = next(iter(windows)) or (None, None) if len(windows) == 1 else (None, None)
    kinds = {kind for kind, found in _IMAGING if found.search(said)}
    return Recommendation(_choose(kinds), earliest, latest)


def _split_sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.;])\s+|\n+", text)


def _choose(kinds: set[OrderedImaging]) -> OrderedImaging | None:
    """One kind, or the mammogram with its ultrasound; anything else is left to a person."""
    if kinds == {OrderedImaging.MAMMOGRAM, OrderedImaging.ULTRASOUND}:
        return OrderedImaging.MAMMOGRAM_ULTRASOUND
    return next(iter(kinds)) if len(kinds) == 1 else None


def _read_window(found: re.Match[str], exam_date: date) -> tuple[date, date] | None:
    first = _to_number(found[2])
    last = _to_number(found[3]) if found[3] else first
    if not 0 < first <= last <= 365:
        return None
    step = _STEPS[found["unit"].lower()]
    starts_now = not found[3] and (found["lead"] or "").lower() in ("within", "no later than", "by")
    earliest: date = exam_date if starts_now else exam_date + step * first
    latest: date = exam_date + step * last
    return earliest, latest


def _to_number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS.get(word.lower(), 1)

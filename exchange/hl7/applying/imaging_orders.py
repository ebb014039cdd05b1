"""Reads a recommendation of imaging: what to image, and in which days after the exam."""

import re
from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta

from recalls.enums import OrderedImaging

_DENIED = re.compile(r"\b(?:no|not|without|unless|if)\b", re.IGNORECASE)
_IMAGING: tuple[tuple[OrderedImaging, re.Pattern[str]], ...] = (
    (OrderedImaging.BIOPSY, re.compile(r"biops", re.IGNORECASE)),
    (OrderedImaging.MRI, re.compile(r"\bmri?\b|magnetic resonance", re.IGNORECASE)),
    (OrderedImaging.MAMMOGRAM, re.compile(r"mammo|tomosynth|\bdbt\b", re.IGNORECASE)),
    (OrderedImaging.ULTRASOUND, re.compile(r"ultraso|sonogra|\bus\b", re.IGNORECASE)),
)
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "nine": 9, "twelve": 12}
_NUMBER = r"(\d{1,3}|" + "|".join(_NUMBERS) + r"|a|an)"
_WINDOW = re.compile(
    rf"\b(?P<lead>within|in|at|after|no later than|by)?\s*(?:the next |about |approximately )?{_NUMBER}"
    rf"(?:\s*(?:-|to|and|\N{{EN DASH}})\s*{_NUMBER})?[\s-]*(?P<unit>day|week|month|year)s?\b",
    re.IGNORECASE,
)


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


def read_recommendation(text: str, exam_date: date) -> Recommendation:
    """What the sentences that recommend breast imaging say; days count from the exam."""
    sentences = [one for one in re.split(r"(?<=[.;])\s+|\n+", text) if any(found.search(one) for _i, found in _IMAGING)]
    if not sentences or any(_DENIED.search(sentence) for sentence in sentences):
        return Recommendation()
    said = " ".join(sentences)
    windows = {_read_window(found, exam_date) for found in _WINDOW.finditer(said)} - {None}
    earliest, latest = next(iter(windows)) or (None, None) if len(windows) == 1 else (None, None)
    kinds = {kind for kind, found in _IMAGING if found.search(said)}
    return Recommendation(_choose(kinds), earliest, latest)


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

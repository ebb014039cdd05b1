"""Finds dates in what a person typed: "1971-04-12", "19710412", "4/12/71", "12 April 1971", "12 de abril de 1971".

English and Spanish months; numbers in the order of the person's sites.
"""

import re
from collections.abc import Iterator
from datetime import date

_MONTHS = (
    ("january", "enero"), ("february", "febrero"), ("march", "marzo"), ("april", "abril"), ("may", "mayo"),
    ("june", "junio"), ("july", "julio"), ("august", "agosto"), ("september", "septiembre", "setiembre"),
    ("october", "octubre"), ("november", "noviembre"), ("december", "diciembre"),
)  # fmt: skip
_MIN_MONTH_LETTERS = 3
_OF = r"(?:\s+(?:de|del|of))?"
_YEAR = r"(?P<year>\d{4}|\d{2})(?!\d)"
_ISO = re.compile(r"(?<!\d)(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\d)")
_COMPACT = re.compile(r"(?<![\w+-])(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})(?![\w-])")  # as in HL7
_NUMBERS = re.compile(
    r"(?<!\d)(?P<first>\d{1,2})(?P<mark>[/.-])(?P<second>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})(?!\d)"
)
_DAY_FIRST = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th|º)?{_OF}[\s.-]+(?P<word>[a-z]{{3,}})\.?,?{_OF}[\s-]+{_YEAR}",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    rf"\b(?P<word>[a-z]{{3,}})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+{_YEAR}", re.IGNORECASE
)


def find_date(text: str, orders: set[str], today: date) -> tuple[frozenset[date], str]:
    """The days that the first date in the text may mean, none after `today`, and the text without it.

    Numbers are read in the `orders` ("mdy", "dmy") of the person's sites; the other way round only where that alone
    makes a date. A year of two digits may mean two days.
    """
    for pattern in (_ISO, _COMPACT, _NUMBERS, _DAY_FIRST, _MONTH_FIRST):
        for match in pattern.finditer(text):
            days = frozenset(day for day in _read(match.groupdict(), orders) if day <= today)
            if days:
                return days, f"{text[: match.start()]} {text[match.end() :]}"
    return frozenset(), text


def _read(parts: dict[str, str], orders: set[str]) -> set[date]:
    years = _years(parts["year"])
    if "word" in parts:
        return set(_days(years, _month_number(parts["word"]), int(parts["day"])))
    if "month" in parts:
        return set(_days(years, int(parts["month"]), int(parts["day"])))
    first, second = int(parts["first"]), int(parts["second"])
    by_order = {"mdy": set(_days(years, first, second)), "dmy": set(_days(years, second, first))}
    own = set().union(*(by_order[order] for order in orders))
    return own or set().union(*by_order.values())


def _years(digits: str) -> tuple[int, ...]:
    return (int(digits),) if len(digits) == 4 else (1900 + int(digits), 2000 + int(digits))


def _month_number(word: str) -> int:
    """0 for a word that is no month."""
    start = word.casefold()
    numbers = (at for at, names in enumerate(_MONTHS, 1) if any(name.startswith(start) for name in names))
    return next(numbers, 0) if len(start) >= _MIN_MONTH_LETTERS else 0


def _days(years: tuple[int, ...], month: int, day: int) -> Iterator[date]:
    for year in years:
        try:
            yield date(year, month, day)
        except ValueError:
            continue

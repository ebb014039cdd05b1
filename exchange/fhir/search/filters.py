"""Turns the values of search parameters into conditions: tokens, references, dates, texts and identifiers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import unquote

from dateutil.relativedelta import relativedelta
from django.db.models import Q

from exchange.fhir.outcome import FhirError
from patients.models import SearchTerm
from patients.search_terms import fold_words

MAX_VALUES = 100  # of one parameter, separated by commas
MAX_PK = 2**63 - 1
NOTHING = Q(pk__in=())


class SearchFilter(Protocol):
    """A search parameter of one kind of row."""

    @property
    def kind(self) -> str:
        """As a CapabilityStatement names it."""

    def build(self, value: str) -> Q:
        """The condition of one value. Raises ValueError with a sentence where it cannot be read."""


def build_condition(one: SearchFilter, values: str) -> Q:
    """Any of the values between commas. Raises ValueError."""
    parts = [part.replace("\\,", ",") for part in re.split(r"(?<!\\),", values)]
    if len(parts) > MAX_VALUES:
        raise ValueError(f"Give at most {MAX_VALUES} values.")
    condition = NOTHING
    for part in parts:
        if "\0" in part:
            raise ValueError("This value cannot be read.")
        condition |= one.build(part)
    return condition


def parse_pk(text: str) -> int | None:
    """The number of a row; None for anything that cannot be one."""
    if not re.fullmatch("[1-9][0-9]{0,18}", text) or int(text) > MAX_PK:
        return None
    return int(text)


@dataclass(frozen=True, slots=True)
class TokenFilter:
    """A code, with or without its system; `codes` are the values of the column that a code stands for."""

    column: str
    codes: Mapping[str, tuple[Any, ...]] | None = None
    system: str = ""
    kind: str = "token"

    def build(self, value: str) -> Q:
        system, bar, code = value.rpartition("|")
        if bar and self.system and system and system != self.system:
            return NOTHING
        if self.codes is None:
            return Q(**{self.column: code})
        return Q(**{f"{self.column}__in": self.codes.get(code, ())})


@dataclass(frozen=True, slots=True)
class IdentifierFilter:
    """A number with the system that gave it out; `prefix` is what our systems begin with, before the authority."""

    column: str
    authority: str
    prefix: str
    kind: str = "token"

    def build(self, value: str) -> Q:
        system, bar, number = value.rpartition("|")
        condition = Q(**{self.column: number})
        if not bar:
            return condition
        if not system.startswith(self.prefix):
            return NOTHING
        return condition & Q(**{self.authority: unquote(system.removeprefix(self.prefix))})


@dataclass(frozen=True, slots=True)
class ReferenceFilter:
    """Another resource: "Patient/12", "12", or its full address; `prefix` is that of the other's id."""

    target: str
    column: str
    prefix: str = ""
    kind: str = "reference"

    def build(self, value: str) -> Q:
        path = value.rstrip("/").split("/")
        if len(path) > 1 and path[-2] != self.target:
            return NOTHING
        number = parse_pk(path[-1].removeprefix(self.prefix)) if path[-1].startswith(self.prefix) else None
        return Q(**{self.column: number}) if number else NOTHING


@dataclass(frozen=True, slots=True)
class TextFilter:
    """The beginning of a word, in any case."""

    column: str
    kind: str = "string"

    def build(self, value: str) -> Q:
        return Q(**{f"{self.column}__istartswith": value})


@dataclass(frozen=True, slots=True)
class PatientNameFilter:
    """The beginning of any of the patient's names, found as the search box finds it: in any case, without accents."""

    kind: str = "string"

    def build(self, value: str) -> Q:
        condition = Q()
        for word in fold_words(value):
            terms = SearchTerm.objects.filter(kind=SearchTerm.Kind.NAME, term__startswith=word)
            condition &= Q(pk__in=terms.values("patient"))
        return condition if condition else NOTHING


_DATE = re.compile(
    r"(eq|ne|gt|lt|ge|le|sa|eb)?(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)


@dataclass(frozen=True, slots=True)
class DateFilter:
    """A day or instant with its prefix (eq, ne, gt, lt, ge, le, sa, eb); a time without a zone is UTC."""

    column: str
    has_time: bool = True
    kind: str = "date"

    def build(self, value: str) -> Q:
        match = _DATE.fullmatch(value)
        if match is None:
            raise ValueError("Write a date such as 2026-11-24, or ge2026-11-24T08:00:00Z.")
        prefix, start, end = match.group(1) or "eq", *_interval(match)
        first, after = (start, end) if self.has_time else (start.date(), _next_day(end))
        name = self.column
        within = Q(**{f"{name}__gte": first, f"{name}__lt": after})
        conditions = {
            "eq": within,
            "ne": ~within,
            "ge": Q(**{f"{name}__gte": first}),
            "gt": Q(**{f"{name}__gte": after}),
            "sa": Q(**{f"{name}__gte": after}),
            "lt": Q(**{f"{name}__lt": first}),
            "eb": Q(**{f"{name}__lt": first}),
            "le": Q(**{f"{name}__lt": after}),
        }
        return conditions[prefix]


def _next_day(end: datetime) -> date:
    """The first day after an interval that ends at that instant."""
    return end.date() if end.time() == datetime.min.time() else end.date() + timedelta(days=1)


def _interval(match: "re.Match[str]") -> tuple[datetime, datetime]:
    """From when until before when the written date reaches. Raises ValueError for the 30th of February."""
    year, month, day_, hour, minute, second = (int(part) if part else None for part in match.groups()[1:7])
    zone = match.group(8) or "Z"
    try:
        text = f"{year:04}-{month or 1:02}-{day_ or 1:02}T{hour or 0:02}:{minute or 0:02}:{second or 0:02}"
        start = datetime.fromisoformat(text + zone).astimezone(UTC)
        length = (
            relativedelta(seconds=1) if second is not None
            else relativedelta(minutes=1) if minute is not None
            else relativedelta(days=1) if day_ is not None
            else relativedelta(months=1) if month is not None
            else relativedelta(years=1)
        )  # fmt: skip
        return start, start + length
    except (ValueError, OverflowError):
        raise ValueError("There is no such date.") from None


def refuse_value(name: str, message: str) -> FhirError:
    """FhirError 400 that names the parameter."""
    return FhirError.of(400, f"{name}: {message}", code="value")

"""Reads what was typed into the search box: words of names, phone digits, email addresses, birth dates, identifiers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from clinic.models import Site
from patients.contact_validation import check_phone
from patients.search_terms import fold_email, fold_identifier, fold_words, phone_term
from patients.written_dates import find_date

MAX_WORDS = 6
_EMAIL = re.compile(r"[^\s,;<>()]+@[^\s,;<>()]+")
_PHONE = re.compile(r"(?<![\w])\+?\(?\d[\d\s().\-/]*\d(?:\s*(?:ext|x)\.?\s*\d+)?(?![\w])", re.IGNORECASE)
_MIN_PHONE_DIGITS = 7  # fewer digits are a word that may be the end of a phone number


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What every patient found must have; `identifier` is the whole of it as one record number or accession."""

    words: tuple[str, ...]
    phones: frozenset[str]  # ways to write one number, as the beginnings of phone terms
    email: str
    birth_days: frozenset[date]
    identifier: str

    @property
    def is_empty(self) -> bool:
        return not (self.words or self.phones or self.email or self.birth_days)


def parse_search(asked: str, sites: Iterable[Site], today: date) -> SearchQuery:
    """Dates are read in the order of the sites, phone numbers as those of their countries."""
    places = list(sites)
    days, rest = find_date(asked, {site.date_order for site in places}, today)
    email = _EMAIL.search(rest)
    if email:
        rest = rest.replace(email.group(), " ")
    phones: frozenset[str] = frozenset()
    number = _PHONE.search(rest)
    if number and sum(letter.isdigit() for letter in number.group()) >= _MIN_PHONE_DIGITS:
        phones = frozenset(_phone_beginnings(number.group(), places))
        rest = rest.replace(number.group(), " ")
    words = tuple(dict.fromkeys(fold_words(rest)))[:MAX_WORDS]
    return SearchQuery(words, phones, fold_email(email.group()) if email else "", days, fold_identifier(asked))


def _phone_beginnings(written: str, sites: Iterable[Site]) -> set[str]:
    """As it is written, and with the country's code where the site's country needs one instead of a leading 0."""
    written_out = (check_phone(written, site.country).value for site in sites)
    return {phone_term(written), *map(phone_term, written_out)} - {""}

"""Searches recalls by birth date, record number, accession, phone number or name."""

from collections.abc import Iterator
from datetime import date, datetime

from django.db.models import F, Q

from clinic.models import User
from patients.contact_validation import check_phone
from recalls.models import Recall

MAX_RESULTS = 25
_DATE_FORMATS = {"mdy": ("%m/%d/%Y", "%m-%d-%Y"), "dmy": ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y")}
_MIN_PHONE_DIGITS = 7


def search_recalls(user: User, asked: str) -> list[Recall]:
    """Recalls at the person's sites, open ones first, newest first; one more than `LIMIT` says there are more.

    One query: each way to read what was typed asks an index of its own for its first few, and the results are joined.
    """
    here = Recall.objects.for_user(user)
    # The outer filter lets SQLite combine limited queries.
    first = [
        Recall.objects.filter(pk__in=here.filter(way).values("pk")[: MAX_RESULTS + 1]).values("pk")
        for way in _search_conditions(user, asked)
    ]
    wanted = first[0].union(*first[1:]) if len(first) > 1 else first[0]
    found = Recall.objects.filter(pk__in=wanted).select_related("patient", "exam")
    rows: list[Recall] = list(found.order_by(F("closed_at").asc(nulls_first=True), "-pk")[: MAX_RESULTS + 1])
    return sorted(rows, key=lambda recall: (not recall.is_open, -recall.pk))


def parse_search_date(text: str, orders: set[str]) -> date | None:
    """A date as ISO or in the order the person's sites write it; None for anything else."""
    formats = ["%Y-%m-%d", *(form for order in sorted(orders) for form in _DATE_FORMATS[order])]
    for form in formats:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def _search_conditions(user: User, asked: str) -> Iterator[Q]:
    """An accession always; a birth date, or a record number and with it a phone number or a name."""
    yield Q(exam__accession__iexact=asked)
    day = parse_search_date(asked, {site.date_order for site in user.own_sites})
    if day:
        yield Q(patient__birth_date=day)
        return
    yield Q(patient__mrn__iexact=asked)
    if sum(character.isdigit() for character in asked) >= _MIN_PHONE_DIGITS:
        numbers = {check_phone(asked, site.country).value for site in user.own_sites}
        yield Q(patient__contact_points__value__in=numbers)
    elif any(character.isalpha() for character in asked):
        yield from _name_conditions(asked)


def _name_conditions(asked: str) -> Iterator[Q]:
    """ "Oak", "Oak, Testa" or "Testa Oak"; the beginning of each name is enough."""
    if "," in asked:
        family, _comma, given = (part.strip() for part in asked.partition(","))
        yield Q(patient__family_name__istartswith=family) & _given_name_condition(given)
        return
    first, _space, rest = asked.partition(" ")
    yield Q(patient__family_name__istartswith=asked)
    if rest:
        yield Q(patient__family_name__istartswith=rest.strip()) & _given_name_condition(first)
    else:
        yield Q(patient__given_name__istartswith=first)
        yield Q(patient__preferred_name__istartswith=first)


def _given_name_condition(name: str) -> Q:
    return Q(patient__given_name__istartswith=name) | Q(patient__preferred_name__istartswith=name)

"""Which recalls does the search box mean? Reads what was typed as a date, a number or a name."""

from datetime import date, datetime

from django.db.models import F, Q, QuerySet

from clinic.models import User
from patients.contact import check_phone
from patients.models import ContactPoint, Patient
from recalls.models import Recall, ScreeningExam

LIMIT = 25
_FORMATS = {"mdy": ("%m/%d/%Y", "%m-%d-%Y"), "dmy": ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y")}
_PHONE_DIGITS = 7


def matching(user: User, asked: str) -> list[Recall]:
    """Recalls at the person's sites, open ones first, newest first; one more than `LIMIT` says there are more."""
    day = as_date(asked, {site.date_order for site in user.own_sites})
    patients = Patient.objects.filter(birth_date=day) if day else _by_number_or_name(user, asked)
    exams = ScreeningExam.objects.filter(accession__iexact=asked)
    wanted = Q(patient__in=patients.values("pk")) | Q(exam__in=exams.values("pk"))
    found = Recall.objects.for_user(user).filter(wanted).select_related("patient", "exam")
    rows: list[Recall] = list(found.order_by(F("closed_at").asc(nulls_first=True), "-pk")[: LIMIT + 1])
    return sorted(rows, key=lambda recall: (not recall.is_open, -recall.pk))


def as_date(text: str, orders: set[str]) -> date | None:
    """A date as ISO or in the order the person's sites write it; None for anything else."""
    formats = ["%Y-%m-%d", *(form for order in sorted(orders) for form in _FORMATS[order])]
    for form in formats:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def _by_number_or_name(user: User, asked: str) -> QuerySet[Patient]:
    """A record number; a phone number when there are digits enough; a name when there are letters."""
    wanted = Q(mrn__iexact=asked)
    if sum(character.isdigit() for character in asked) >= _PHONE_DIGITS:
        numbers = {check_phone(asked, site.country).value for site in user.own_sites}
        points = ContactPoint.objects.filter(value__in=numbers)
        wanted |= Q(pk__in=points.values("patient"))
    elif any(character.isalpha() for character in asked):
        wanted |= _by_name(asked)
    return Patient.objects.filter(wanted)


def _by_name(asked: str) -> Q:
    """ "Oak", "Oak, Testa" or "Testa Oak"; the beginning of each name is enough."""
    if "," in asked:
        family, _comma, given = (part.strip() for part in asked.partition(","))
        return Q(family_name__istartswith=family) & _given(given)
    first, _space, rest = asked.partition(" ")
    if not rest:
        return Q(family_name__istartswith=first) | _given(first)
    whole = Q(family_name__istartswith=asked)
    return whole | (Q(family_name__istartswith=rest.strip()) & _given(first))


def _given(name: str) -> Q:
    return Q(given_name__istartswith=name) | Q(preferred_name__istartswith=name)

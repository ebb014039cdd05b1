"""Finds patients by names in any order, phone, email, birth date, record number or accession, the best first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from clinic import calendar
from clinic.models import User
from patients.models import Patient, SearchTerm
from patients.search_query import SearchQuery, parse_search
from patients.search_terms import spellings_with_one_slip
from recalls.models import Recall, ScreeningExam

MAX_RESULTS = 25
_MAX_CANDIDATES = 100  # patients of whom the best are shown; beyond it the page asks for more words
_MIN_PHONE_END = 4  # digits from which on a number may be the end of a phone number
_AFTER_EVERY_LETTER = "\U0010ffff"

_Way = QuerySet[Any, Any]
_WordCondition = Callable[[str], Q]


@dataclass(frozen=True, slots=True)
class FoundPatient:
    """A patient with the newest screening at the user's sites and, where there is one, a recall there."""

    patient: Patient
    exam: ScreeningExam | None
    recall: Recall | None


def search_patients(user: User, asked: str) -> list[FoundPatient]:
    """Patients at the person's sites, a row for each recall; one more than `MAX_RESULTS` says that there are more.

    First those who have the very words, then those whose words begin so, then slips of the pen; of equals the open
    recalls, the newest first. At most six queries, however many patients there are.
    """
    now = timezone.now()
    today = max((calendar.local_day(site, now) for site in user.own_sites), default=None)
    if today is None:
        return []
    query = parse_search(asked, user.own_sites, today)
    rank = _rank_patients(user, query, asked.strip())
    rows = _rows(user, list(rank)) if rank else []
    rows.sort(key=lambda row: (rank[row.patient.pk], *_open_and_newest_first(row)))
    return rows[: MAX_RESULTS + 1]


def _open_and_newest_first(row: FoundPatient) -> tuple[int, int]:
    if row.recall is None:
        return 2, -row.patient.pk
    return (0 if row.recall.is_open else 1), -row.recall.pk


def _rank_patients(user: User, query: SearchQuery, accession: str) -> dict[int, int]:
    """The number of each patient found, with 0 for the best; later ways are asked only while there is room."""
    ranked: dict[int, int] = {}
    tiers: tuple[Callable[[], list[_Way]], ...] = (
        lambda: [*_identified(query, accession), *_with_all(query, query.words, _is_word)],
        lambda: [*_with_all(query, query.words, _begins_so)],
        lambda: [
            *(way for words in _written_apart(query.words) for way in _with_all(query, words, _begins_so)),
            *(way for word in query.words for way in _with_a_slip(query, word)),
        ],
    )
    for tier, ways in enumerate(tiers if query.words else tiers[:1]):
        if len(ranked) < MAX_RESULTS:
            for pk in _first_ids(user, ways()):
                ranked.setdefault(pk, tier)
    return ranked


def _first_ids(user: User, ways: list[_Way]) -> Iterator[int]:
    """The first few patients of each way in one query; the outer filter lets SQLite combine them."""
    if not ways:
        return
    limited = [
        Patient.objects.filter(pk__in=way.filter(_at_own_sites(user))[:_MAX_CANDIDATES]).values_list("pk", flat=True)
        for way in ways
    ]
    yield from limited[0].union(*limited[1:]) if len(limited) > 1 else limited[0]


def _at_own_sites(user: User) -> Q:
    """Whoever is registered, was screened or is called back there."""
    sites, theirs = user.site_ids, {"patient": OuterRef("patient")}
    return (
        Q(patient__site__in=sites)
        | Exists(ScreeningExam.objects.filter(site__in=sites, **theirs))
        | Exists(Recall.objects.filter(site__in=sites, **theirs))
    )


def _identified(query: SearchQuery, accession: str) -> Iterator[_Way]:
    """By a whole record number or accession."""
    yield ScreeningExam.objects.filter(accession__iexact=accession).values("patient")
    numbers = {query.identifier, query.identifier.lstrip("0")} - {""}
    if numbers:
        yield SearchTerm.objects.filter(kind=SearchTerm.Kind.MRN, term__in=numbers).values("patient")


def _with_all(query: SearchQuery, words: tuple[str, ...], word_condition: _WordCondition) -> Iterator[_Way]:
    """The patients who have every word and everything else that was typed; nothing where nothing was."""
    yield from _with_every_condition(query, [word_condition(word) for word in sorted(words, key=len, reverse=True)])


def _with_a_slip(query: SearchQuery, slipped: str) -> Iterator[_Way]:
    """The same with a slip in one word, which leads: few patients have a neighbour of it, and only they are read."""
    spellings = spellings_with_one_slip(slipped)
    if spellings:
        others = [_begins_so(word) for word in query.words if word != slipped]
        yield from _with_every_condition(query, [Q(kind=SearchTerm.Kind.NAME, term__in=spellings), *others])


def _with_every_condition(query: SearchQuery, conditions: list[Q]) -> Iterator[_Way]:
    """The first condition leads: the patients who meet it are asked for the others, and for what else was typed."""
    if query.phones:
        conditions.insert(0, Q(kind=SearchTerm.Kind.PHONE) & _any_of(map(_term_begins, sorted(query.phones))))
    if query.email:
        conditions.insert(0, Q(kind=SearchTerm.Kind.EMAIL, term=query.email))
    if query.birth_days:
        # Every patient has a record number: its term stands for the patient.
        conditions = conditions or [Q(kind=SearchTerm.Kind.MRN)]
        conditions[0] &= Q(patient__birth_date__in=query.birth_days)
    if conditions:
        theirs = SearchTerm.objects.filter(patient=OuterRef("patient"))
        others = [Exists(theirs.filter(condition)) for condition in conditions[1:]]
        yield SearchTerm.objects.filter(conditions[0], *others).values("patient")


def _is_word(word: str) -> Q:
    """The very word of a name, a record number, or the end of a phone number."""
    condition = Q(kind__in=(SearchTerm.Kind.NAME, SearchTerm.Kind.MRN), term=word)
    if word.isdigit() and len(word) >= _MIN_PHONE_END:
        condition |= Q(kind=SearchTerm.Kind.PHONE) & _term_begins(word[::-1])
    return condition


def _begins_so(word: str) -> Q:
    return _is_word(word) | (Q(kind=SearchTerm.Kind.NAME) & _term_begins(word))


def _term_begins(beginning: str) -> Q:
    """In the words that each database answers from an index."""
    if connection.vendor == "postgresql":
        return Q(term__startswith=beginning)
    return Q(term__gte=beginning, term__lt=beginning + _AFTER_EVERY_LETTER)


def _any_of(conditions: Iterator[Q]) -> Q:
    first, *others = conditions
    for other in others:
        first |= other
    return first


def _written_apart(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The words with two or three neighbours as one: "de la Cruz" may be stored as "Delacruz"."""
    for length in (2, 3):
        for at in range(len(words) - length + 1):
            yield (*words[:at], "".join(words[at : at + length]), *words[at + length :])


def _rows(user: User, patient_ids: list[int]) -> list[FoundPatient]:
    """Three queries."""
    patients = Patient.objects.in_bulk(patient_ids)
    recalls = list(Recall.objects.for_user(user).filter(patient__in=patient_ids).select_related("exam"))
    without = patients.keys() - {recall.patient_id for recall in recalls}
    exams = ScreeningExam.objects.filter(patient__in=without, site__in=user.site_ids).order_by("exam_date", "pk")
    newest_exam = {exam.patient_id: exam for exam in exams}
    return [
        *(FoundPatient(patients[recall.patient_id], recall.exam, recall) for recall in recalls),
        *(FoundPatient(patients[pk], newest_exam.get(pk), None) for pk in without),
    ]

"""Tells whether a row and a record can be the same patient, and refuses a row that might mix up two.

Birth date and family name are shared by twins, so a clearly other given name is never passed over. People marry, are
called by short names and are misspelled: one of the two names may change, not both.
"""

import difflib
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from exchange.errors import Confirmation, Problem, RowRejected
from exchange.parsing.value_parsers import normalize_text
from exchange.row_parser import ResultRow
from patients.channels import PHONE_KINDS
from patients.models import ContactPoint, Patient, SearchTerm
from patients.search_terms import fold_identifier
from recalls.models import ScreeningExam

MIN_FAMILY_SIMILARITY = 0.75  # family names this similar are one name with a slip of the pen
MIN_GIVEN_SIMILARITY = 0.8  # stricter: twins are called Lina and Nina
_PHONES = frozenset(PHONE_KINDS)


def reject_mix_up(row: ResultRow, records: tuple[Patient, ...], confirmed: frozenset[Confirmation]) -> None:
    """Two people under one record number are never merged by a file: one of the records must be the patient's."""
    if all(record.birth_date != row.birth_date for record in records):
        raise RowRejected(
            Problem(
                "birth_date",
                _("This record number has another birth date here: perhaps two patients are mixed up. Correct either."),
            )
        )
    if Confirmation.SAME_PATIENT in confirmed:
        return
    problems = [_name_problem(row, record) for record in records]
    if all(problems):
        raise RowRejected(*(problem for problem in problems[-1:] if problem))


def respelled_key(authority: str, mrn: str, birth_date: date) -> tuple[str, str, date]:
    """The same for two record numbers of one birth date that differ by zeros in front, capitals or marks alone."""
    return authority, _bare(mrn), birth_date


def find_respelled_patients(rows: Iterable[ResultRow]) -> list[Patient]:
    """Records whose number is that of a row but for how it is written. One query, none without rows."""
    numbers = {_bare(row.mrn) for row in rows}
    terms = SearchTerm.objects.filter(kind=SearchTerm.Kind.MRN, term__in=numbers)
    return list(Patient.objects.filter(pk__in=terms.values("record"))) if numbers else []


def reject_respelled_patient(row: ResultRow, others: Iterable[Patient], confirmed: frozenset[Confirmation]) -> None:
    """Refuse a new record number that is one of these patients' but for zeros in front, capitals, spaces and dashes."""
    if Confirmation.OTHER_PATIENT in confirmed or not any(is_same_name(row, other) for other in others):
        return
    raise RowRejected(
        Problem(
            "mrn",
            _(
                "A patient with this name and birth date has this number here with more or fewer zeros in front, or "
                "other capitals, spaces or dashes. Write the number as it stands there."
            ),
            Confirmation.OTHER_PATIENT,
        )
    )


def reject_unless_same(row: ResultRow, record: Patient) -> None:
    """For a record that the person may not see: one sentence, whatever does not agree."""
    if record.deceased_on or record.birth_date != row.birth_date or not is_same_name(row, record):
        raise _out_of_reach()


def reject_out_of_reach_twins(row: ResultRow, others: Iterable[Patient]) -> None:
    """Refuse a new record number that is, but for how it is written, one of a patient whom the person may not see."""
    if any(is_same_name(row, other) for other in others):
        raise _out_of_reach()


def _out_of_reach() -> RowRejected:
    message = _("With this record number the row does not go in from here. Ask somebody who works at the other sites.")
    return RowRejected(Problem("mrn", message))


def find_exams_of_days(patients: Iterable[Patient], rows: Iterable[ResultRow]) -> set[tuple[int, int, date, str]]:
    """The exams of these patients on the days of the rows: patient, site, day and bare accession. One query."""
    ids, days = [patient.pk for patient in patients], {row.exam_date for row in rows}
    exams = ScreeningExam.objects.filter(patient__in=ids, exam_date__in=days) if ids and days else ()
    return {(exam.patient_id, exam.site_id, exam.exam_date, _bare(exam.accession)) for exam in exams}


def reject_respelled_exam(row: ResultRow, patient: Patient, known: Container[tuple[int, int, date, str]]) -> None:
    """Refuse a new accession that is one of the patient's of that day but for how it is written."""
    if (patient.pk, row.site.pk, row.exam_date, _bare(row.accession)) not in known:
        return
    message = _(
        "This patient has an exam of that day here whose accession has more or fewer zeros in front, or other "
        "capitals, spaces or dashes. Write the number as it stands there."
    )
    raise RowRejected(Problem("accession", message))


def find_near_doubles(row: ResultRow, seen: QuerySet[Patient]) -> list[Patient]:
    """Of the patients who may be seen, those with the row's birth date and name under another number. One query."""
    names = (row.site.mrn_authority, *row.site.former_authorities)
    same_day = seen.filter(birth_date=row.birth_date, merged_into=None).exclude(mrn=row.mrn)
    here = same_day.filter(Q(site=row.site) | Q(assigning_authority__in=names)).order_by("pk")
    return [patient for patient in here if is_same_name(row, patient)]


def is_same_name(row: ResultRow, record: Patient) -> bool:
    """Whether both names agree, but for accents and slips."""
    return _is_same_family(row, record) and _is_same_given(row, record)


def _name_problem(row: ResultRow, record: Patient) -> Problem | None:
    family, given = _is_same_family(row, record), _is_same_given(row, record)
    if family and _have_other_second_names(row.given_name, record.given_name):
        given = False
    if not family and not given:
        message = _(
            "This record number has quite another name here: perhaps two patients are mixed up. Correct either."
        )
        return Problem("family_name", message, Confirmation.SAME_PATIENT)
    if not given:
        message = _(
            "This record number has the same family name and birth date here but another given name: "
            "perhaps a twin. Correct the record number or the name."
        )
        return Problem("given_name", message, Confirmation.SAME_PATIENT)
    is_doubtful = not _has_equal_given(row, record) or (family and _have_other_second_names(_all(row), _all(record)))
    if is_doubtful and _has_new_contacts(row, record):
        message = _(
            "This record number has another given name, another phone and another email address here: "
            "perhaps two patients are mixed up. Correct either."
        )
        return Problem("given_name", message, Confirmation.SAME_PATIENT)
    return None


def _is_same_family(row: ResultRow, record: Patient) -> bool:
    return _is_similar(normalize_text(row.family_name), normalize_text(record.family_name), MIN_FAMILY_SIMILARITY)


@dataclass(frozen=True, slots=True)
class _GivenNames:
    """What the patient may be called by: the first name or a preferred one, and every name, folded for comparison."""

    called: frozenset[str]
    every: frozenset[str]

    @classmethod
    def build(cls, given: str, middle: str, preferred: str) -> "_GivenNames":
        words = [normalize_text(name) for name in (given, preferred, middle)]
        called = {name for word in words[:2] for name in (word, word.partition(" ")[0])} - {""}
        return cls(frozenset(called), frozenset(called | {part for word in words for part in word.split()}))


def _has_equal_given(row: ResultRow, record: Patient) -> bool:
    """Whether the name that one is called by is among the other's; a middle name alone is no proof: twins share it."""
    ours = _GivenNames.build(record.given_name, record.middle_name, record.preferred_name)
    theirs = _GivenNames.build(row.given_name, row.middle_name, row.preferred_name)
    return bool(ours.called & theirs.every or theirs.called & ours.every) or not (ours.called and theirs.called)


def _is_same_given(row: ResultRow, record: Patient) -> bool:
    """Whether a given name agrees: the same, misspelled, or shortened (Rob for Robert, A for Anna)."""
    ours = _GivenNames.build(record.given_name, record.middle_name, record.preferred_name).called
    theirs = _GivenNames.build(row.given_name, row.middle_name, row.preferred_name).called
    return _has_equal_given(row, record) or any(
        one.startswith(other) or other.startswith(one) or _is_similar(one, other, MIN_GIVEN_SIMILARITY)
        for one in ours
        for other in theirs
    )


def _all(person: ResultRow | Patient) -> str:
    return f"{person.given_name} {person.middle_name}"


def _have_other_second_names(one: str, other: str) -> bool:
    """Whether names behind the same first one are all unlike: twins are called Maria Luisa and Maria Teresa."""
    (first, *ours), (also_first, *theirs) = (normalize_text(names).split() or [""] for names in (one, other))
    return bool(first == also_first and ours and theirs) and not any(
        mine.startswith(yours) or yours.startswith(mine) or _is_similar(mine, yours, MIN_GIVEN_SIMILARITY)
        for mine in ours
        for yours in theirs
    )


def _has_new_contacts(row: ResultRow, record: Patient) -> bool:
    """Whether the row replaces both a phone number and the email address that are known."""
    known = {point.kind: point.value for point in record.contact_points.all()}
    replaced = {kind for kind, checked in row.contacts.items() if kind in known and known[kind] != checked.value}
    return ContactPoint.Kind.EMAIL in replaced and bool(replaced & _PHONES)


def _bare(number: str) -> str:
    """Letters and digits alone, without zeros in front: what spreadsheets and people leave of a number."""
    folded = fold_identifier(number)
    return folded.lstrip("0") or folded


def _is_similar(one: str, other: str, least: float) -> bool:
    return one == other or difflib.SequenceMatcher(None, one, other).ratio() >= least

"""Finds each row's patient, refuses a possible mix-up, and keeps the patient's details up to date."""

import difflib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from exchange.errors import Problem, RowRejected
from exchange.row_parser import ResultRow
from exchange.value_parsers import normalize_text
from patients import actions
from patients.models import Consent, ContactPoint, Patient
from recalls.actions import UserOrActor
from recalls.models import ScreeningExam

CONSENT_SOURCE = "results file"
MIN_NAME_SIMILARITY = 0.75  # names this similar are one name with a slip of the pen
_DETAIL_FIELDS = (
    "family_name", "given_name", "middle_name", "preferred_name", "sex", "language", "interpreter_needed", "voicemail",
    "address_line", "city", "state", "postal_code",
)  # fmt: skip
# Words for "we do not know" never replace what is known.
_UNKNOWN_VALUES = {"sex": Patient.Sex.UNKNOWN, "voicemail": Patient.Voicemail.ASK}
_CONSENT_COLUMNS = {
    "email_consent": Consent.Subject.EMAIL,
    "sms_consent": Consent.Subject.SMS,
    "detail_consent": Consent.Subject.DETAIL,
}


class PatientMatcher:
    """The patients of some rows, no two of which have the same record number; read in five queries."""

    def __init__(self, rows: Iterable[ResultRow], source: str, by: UserOrActor) -> None:
        self.source, self.by = source[:60], by
        self._patients_by_mrn = _fetch_patients(list(rows))
        self._newest_exam = _newest_exam_dates(self._patients_in_use.values())
        self._new: list[tuple[ResultRow, Patient]] = []

    @property
    def _patients_in_use(self) -> dict[int, Patient]:
        return {patient.pk: patient for patient in map(_survivor, self._patients_by_mrn.values())}

    def find_patient(self, row: ResultRow) -> Patient | None:
        """The record in use behind the row's number, None when new. Raises Refused for a mix-up or a death."""
        named = self._patients_by_mrn.get(row.patient_key)
        if named is None:
            return None
        patient = _survivor(named)
        _reject_mix_up(row, (named, patient))
        if patient.deceased_on:
            raise RowRejected(
                Problem(
                    "mrn", _("The record says that this patient has died. Check the record number or dismiss the row.")
                )
            )
        return patient

    def add_patient(self, row: ResultRow) -> Patient:
        """A new record, stored by `save_new`."""
        details = {name: value for name in _DETAIL_FIELDS if (value := getattr(row, name)) not in ("", None)}
        authority, mrn = row.patient_key
        patient = Patient(site=row.site, assigning_authority=authority, mrn=mrn, birth_date=row.birth_date, **details)
        self._new.append((row, patient))
        return patient

    def save_new_patients(self) -> None:
        Patient.objects.bulk_create(patient for _row, patient in self._new)
        ContactPoint.objects.bulk_create(
            ContactPoint(
                patient=patient,
                kind=kind,
                value=checked.value,
                unusable=ContactPoint.UnusableReason.INVALID if checked.problem else "",
            )
            for row, patient in self._new
            for kind, checked in row.contacts.items()
        )
        Consent.objects.bulk_create(
            Consent(patient=patient, subject=subject, granted=granted, source=self.source)
            for row, patient in self._new
            for subject, granted in _consents_in_row(row).items()
        )

    def update_patient(self, patient: Patient, row: ResultRow) -> tuple[bool, list[Problem]]:
        """Bring the record up to date if no newer exam has done so; whether it changed, and what was not believed.

        An empty cell says nothing. A row under an old record number leaves the record in use as it is.
        """
        newest = self._newest_exam.get(patient.pk)
        if (newest is not None and row.exam_date < newest) or row.patient_key != (
            patient.assigning_authority,
            patient.mrn,
        ):
            return False, []
        changed = actions.update_details(patient, _details_to_change(row), by=self.by)
        points = {point.kind: point.value for point in patient.contact_points.all()}
        for kind, checked in row.contacts.items():
            if points.get(kind) != checked.value:
                actions.set_contact_point(patient, kind, checked.value, by=self.by)
                changed = True
        consented, problems = self._update_consents(patient, row)
        if changed or consented:
            patient._prefetched_objects_cache.clear()  # type: ignore[attr-defined]  # what was read before is old now
        return changed or consented, problems

    def _update_consents(self, patient: Patient, row: ResultRow) -> tuple[bool, list[Problem]]:
        newest: dict[str, Consent] = {}
        for consent in sorted(patient.consents.all(), key=lambda row_: row_.pk):
            newest[consent.subject] = consent
        changed, problems = False, []
        columns = {subject: column for column, subject in _CONSENT_COLUMNS.items()}
        for subject, granted in _consents_in_row(row).items():
            old = newest.get(subject)
            if old is not None and old.granted == granted:
                continue
            if granted and old is not None and not old.source.startswith(CONSENT_SOURCE):
                message = _("The patient said no on %(day)s, so the yes of this file was not taken over.")
                problems.append(Problem(columns[subject], message % {"day": f"{old.at:%Y-%m-%d}"}))
                continue
            actions.record_consent(patient, subject, granted=granted, source=self.source, by=self.by)
            changed = True
        return changed, problems


def _fetch_patients(rows: Sequence[ResultRow]) -> dict[tuple[str, str], Patient]:
    if not rows:
        return {}
    by_authority: dict[str, list[str]] = {}
    for row in rows:
        authority, mrn = row.patient_key
        by_authority.setdefault(authority, []).append(mrn)
    wanted = Q(pk__in=())
    for authority, mrns in by_authority.items():
        wanted |= Q(assigning_authority=authority, mrn__in=mrns)
    found = (
        Patient.objects.filter(wanted)
        .select_related("site", "merged_into__site")
        .prefetch_related("contact_points", "consents")
    )
    return {(patient.assigning_authority, patient.mrn): patient for patient in found}


def _newest_exam_dates(patients: Iterable[Patient]) -> dict[int, date]:
    ids = [patient.pk for patient in patients]
    rows = ScreeningExam.objects.filter(patient__in=ids).values("patient").annotate(newest=Max("exam_date"))
    return {row["patient"]: row["newest"] for row in rows.order_by()} if ids else {}


def _survivor(patient: Patient) -> Patient:
    return patient.merged_into or patient


def _details_to_change(row: ResultRow) -> dict[str, Any]:
    given = {name: getattr(row, name) for name in _DETAIL_FIELDS}
    return {
        name: value for name, value in given.items() if value not in ("", None) and value != _UNKNOWN_VALUES.get(name)
    }


def _consents_in_row(row: ResultRow) -> dict[Consent.Subject, bool]:
    answers = ((subject, getattr(row, column)) for column, subject in _CONSENT_COLUMNS.items())
    return {subject: answer for subject, answer in answers if answer is not None}


def _reject_mix_up(row: ResultRow, records: tuple[Patient, ...]) -> None:
    """Two people under one record number are never merged by a file: one of the records must be the patient's."""
    if all(record.birth_date != row.birth_date for record in records):
        raise RowRejected(
            Problem(
                "birth_date",
                _("This record number has another birth date here: perhaps two patients are mixed up. Correct either."),
            )
        )
    if not any(_is_same_name(row, record) for record in records):
        raise RowRejected(
            Problem(
                "family_name",
                _("This record number has quite another name here: perhaps two patients are mixed up. Correct either."),
            )
        )


def _is_same_name(row: ResultRow, record: Patient) -> bool:
    """Whether family or given name agree, but for accents and slips; people marry and are called by short names."""
    theirs = {normalize_text(record.given_name), normalize_text(record.preferred_name)} - {""}
    return _is_similar(normalize_text(row.family_name), normalize_text(record.family_name)) or any(
        _is_similar(normalize_text(row.given_name), name) for name in theirs
    )


def _is_similar(one: str, other: str) -> bool:
    return one == other or difflib.SequenceMatcher(None, one, other).ratio() >= MIN_NAME_SIMILARITY

"""Finds each row's patient, refuses a possible mix-up, and keeps the patient's details up to date."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from exchange.errors import Confirmation, Problem, RowRejected
from exchange.identity_check import (
    find_respelled_patients,
    reject_mix_up,
    reject_out_of_reach_twins,
    reject_respelled_patient,
    reject_unless_same,
    respelled_key,
)
from exchange.row_parser import CONTACT_COLUMNS, ResultRow
from patients import actions
from patients.address_faults import find_faults, fold_address
from patients.background import BACKGROUND_FIELDS
from patients.models import Consent, ContactPoint, Patient
from patients.search_index import create_records
from recalls.actions import UserOrActor
from recalls.actions.records.told_wishes import fill_wishes
from recalls.models import ScreeningExam
from recalls.selectors.patients import patients_of

CONSENT_SOURCE = "results file"
_DETAIL_FIELDS = (
    "family_name", "given_name", "middle_name", "preferred_name", "sex", "language", "interpreter_needed", "voicemail",
    "address_line", "city", "state", "postal_code", *BACKGROUND_FIELDS,
)  # fmt: skip
# Words for "we do not know" never replace what is known.
_UNKNOWN_VALUES = {"sex": Patient.Sex.UNKNOWN, "voicemail": Patient.Voicemail.ASK}
_COLUMN_BY_KIND = {kind: column for column, kind in CONTACT_COLUMNS.items()}
_CONSENT_COLUMNS = {
    "email_consent": Consent.Subject.EMAIL,
    "sms_consent": Consent.Subject.SMS,
    "detail_consent": Consent.Subject.DETAIL,
}


class PatientMatcher:
    """The patients of some rows, no two of which have the same record number; read in six queries.

    `confirmed` is what a person has confirmed about the rows; a file confirms nothing. What a person types is matched
    with patients of the person's sites; to another site's patient it may add an exam, and changes and tells nothing.
    """

    def __init__(
        self,
        rows: Iterable[ResultRow],
        source: str,
        by: UserOrActor,
        confirmed: frozenset[Confirmation] = frozenset(),
    ) -> None:
        self.source, self.by, self.confirmed = source[:60], by, confirmed
        self._user, self._reach = actor_for(by).user, dict[int, bool]()
        rows = list(rows)
        self._patients_by_mrn = _fetch_patients(rows)
        self._respelled: dict[tuple[str, str, date], list[Patient]] = defaultdict(list)
        for patient in find_respelled_patients(row for row in rows if row.patient_key not in self._patients_by_mrn):
            self._add_respelled(patient)
        self._newest_exam = _newest_exam_dates(self.patients_in_use.values())
        self._new: list[tuple[ResultRow, Patient]] = []
        # Keys of those whom `save_new_patients` stored; of those whose details, addresses or consents a row changed.
        self.new_patients: set[int] = set()
        self.changed_patients: set[int] = set()

    @property
    def patients_in_use(self) -> dict[int, Patient]:
        return {patient.pk: patient for patient in map(_survivor, self._patients_by_mrn.values())}

    def find_patient(self, row: ResultRow) -> Patient | None:
        """The record in use behind the row's number, None when new. Raises RowRejected for a mix-up or a death."""
        named = self._patients_by_mrn.get(row.patient_key)
        if named is None:
            twins = self._respelled[respelled_key(*row.patient_key, row.birth_date)]
            reject_out_of_reach_twins(row, [twin for twin in twins if not self._is_in_reach(twin)])
            reject_respelled_patient(row, twins, self.confirmed)
            return None
        patient = _survivor(named)
        if not self._is_in_reach(patient):
            reject_unless_same(row, patient)
            return patient
        reject_mix_up(row, (named, patient), self.confirmed)
        if patient.deceased_on:
            raise RowRejected(
                Problem(
                    "mrn", _("The record says that this patient has died. Check the record number or dismiss the row.")
                )
            )
        return patient

    def _is_in_reach(self, patient: Patient) -> bool:
        """Whether the patient is of a site of whoever typed the row; a file is bound to none."""
        if self._user is None or patient._state.adding or patient.site_id in self._user.site_ids:
            return True
        if patient.pk not in self._reach:
            self._reach[patient.pk] = patients_of(self._user).filter(pk=patient.pk).exists()
        return self._reach[patient.pk]

    def find_merged_record(self, row: ResultRow) -> Patient | None:
        """The record that the row names, where that is merged into another: a merge undone gives the exam back."""
        named = self._patients_by_mrn.get(row.patient_key)
        return named if named is not None and named.merged_into_id else None

    def add_patient(self, row: ResultRow) -> Patient:
        """A new record, stored by `save_new`."""
        details = {name: value for name in _DETAIL_FIELDS if (value := getattr(row, name)) not in ("", None)}
        authority, mrn = row.patient_key
        patient = Patient(site=row.site, assigning_authority=authority, mrn=mrn, birth_date=row.birth_date, **details)
        self._new.append((row, patient))
        self._add_respelled(patient)
        return patient

    def _add_respelled(self, patient: Patient) -> None:
        key = respelled_key(patient.assigning_authority, patient.mrn, patient.birth_date)
        self._respelled[key].append(patient)

    def save_new_patients(self) -> None:
        values = [checked.value for row, _patient in self._new for checked in row.contacts.values()]
        faults = find_faults(values) if values else {}
        points = [
            ContactPoint(
                patient=patient,
                kind=kind,
                value=checked.value,
                unusable=ContactPoint.UnusableReason.INVALID
                if checked.problem
                else faults.get(fold_address(checked.value), ""),
            )
            for row, patient in self._new
            for kind, checked in row.contacts.items()
        ]
        create_records([patient for _row, patient in self._new], points)
        self.new_patients = {patient.pk for _row, patient in self._new}
        Consent.objects.bulk_create(
            Consent(patient=patient, subject=subject, granted=granted, source=self.source)
            for row, patient in self._new
            for subject, granted in _consents_in_row(row).items()
        )
        for row, patient in self._new:
            if row.wishes:
                fill_wishes(patient, row.wishes, by=self.by, source=self.source)

    def update_patient(self, patient: Patient, row: ResultRow) -> tuple[bool, list[Problem]]:
        """Bring the record up to date if no newer exam has done so; whether it changed, and what was not believed.

        An empty cell says nothing. A row under an old record number leaves the record in use as it is.
        """
        newest = self._newest_exam.get(patient.pk)
        number = (row.site.current_authority(patient.assigning_authority), patient.mrn)
        is_outdated = newest is not None and row.exam_date < newest
        if is_outdated or row.patient_key != number or not self._is_in_reach(patient):
            return False, []
        changed = actions.update_details(patient, _details_to_change(row), by=self.by)
        points, faults = {point.kind: point.value for point in patient.contact_points.all()}, list[Problem]()
        new = {kind: checked for kind, checked in row.contacts.items() if points.get(kind) != checked.value}
        if new:
            given = {kind: checked.value for kind, checked in new.items()}
            changed = True
            for kind, point in actions.set_contact_points(patient, given, by=self.by).items():
                if point.unusable and not new[kind].problem:
                    message = _("It is known not to work: %(why)s.") % {"why": point.get_unusable_display()}
                    faults.append(Problem(_COLUMN_BY_KIND[kind], message))
        consented, problems = self._update_consents(patient, row)
        if row.wishes:
            filled, refused = fill_wishes(patient, row.wishes, by=self.by, source=self.source)
            changed = changed or filled
            faults += [Problem(column, words) for column, words in refused.items()]
        if changed or consented:
            self.changed_patients.add(patient.pk)
            patient._prefetched_objects_cache.clear()  # type: ignore[attr-defined]  # what was read before is old now
        return changed or consented, faults + problems

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
                message = _("The patient said no on %(day)s, so this yes was not taken over.")
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
        for name in _authority_names(row):
            by_authority.setdefault(name, []).append(mrn)
    wanted = Q(pk__in=())
    for authority, mrns in by_authority.items():
        wanted |= Q(assigning_authority=authority, mrn__in=mrns)
    found = (
        Patient.objects.filter(wanted)
        .select_related("site", "merged_into__site")
        .prefetch_related("contact_points", "consents")
    )
    by_number = {(patient.assigning_authority, patient.mrn): patient for patient in found}
    return {row.patient_key: patient for row in rows if (patient := _named_by(row, by_number)) is not None}


def _authority_names(row: ResultRow) -> tuple[str, ...]:
    """The present name first, then what the authority of the row's site was called before."""
    authority = row.patient_key[0]
    return (authority, *(row.site.former_authorities if authority == row.site.mrn_authority else ()))


def _named_by(row: ResultRow, by_number: dict[tuple[str, str], Patient]) -> Patient | None:
    """The record of the row's number; where only a former name of the authority has the number, the record of that."""
    numbers = ((name, row.mrn) for name in _authority_names(row))
    return next((by_number[number] for number in numbers if number in by_number), None)


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

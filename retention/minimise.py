"""Removes the data of a person, or of one exam, once two people confirmed; the history still verifies afterwards."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Model, Q
from django.utils import timezone

from clinic.accounts import security_log
from clinic.models import SecurityEvent
from exchange.models import ParkedRow, RowMend
from history.minimised_rows import NotSealedYet, SealedWith, minimise
from history.shapes import load_shapes
from notifications.delivery.sealed_copies import parse_seal
from notifications.models import DeliveryAttempt, RenderedMessage
from patients.models import Patient, SearchTerm
from recalls.actions.transition import lock_open_recalls
from recalls.models import RecallEvent, ScreeningExam, SupersededReading
from recalls.sealing.facts import KEY
from retention.models import DueRecord, Minimisation
from retention.personal_rows import (
    DELETED_OF_PERSON,
    EMPTIED_OF_EXAM,
    EMPTIED_OF_PERSON,
    PATIENT_VALUES,
    SEALED_OF_EXAM,
    SEALED_OF_PERSON,
)
from retention.rules import due_exams, due_persons

PARKED_VALUES: dict[str, Any] = {"accession": "", "raw": {}, "mended": None, "problems": [], "note": ""}


def carry_out(number: int, today: date) -> bool:
    """Remove what this confirmed row of the list is about; False where it is no longer due, or not sealed yet."""
    try:
        with transaction.atomic():
            due = _lock(number)
            if due is None:
                return False
            persons, exams = due_persons(today), due_exams(today)
            found = exams.filter(pk=due.exam_id) if due.exam_id else persons.filter(pk=due.patient_id)
            if not found.exists():
                due.delete()
                return False
            _minimise(due)
    except NotSealedYet:
        return False
    return True


def _lock(number: int) -> DueRecord | None:
    """The row and its person, under the locks of every act on a person: open recalls first, then the records."""
    seen = DueRecord.objects.filter(pk=number, confirmed_by__isnull=False).select_related("patient").first()
    if seen is None:
        return None
    group = _records_of(seen.patient)
    lock_open_recalls(*group)
    list(Patient.objects.select_for_update().filter(pk__in=[one.pk for one in group]).order_by("pk"))
    rows = DueRecord.objects.select_for_update(of=("self",)).select_related(
        "patient", "exam", "asked_by", "confirmed_by"
    )
    return rows.filter(pk=number, confirmed_by__isnull=False).first()


def _records_of(patient: Patient) -> list[Patient]:
    """The record in use and those merged into it."""
    return list(Patient.objects.filter(Q(pk=patient.pk) | Q(merged_into=patient)).order_by("pk"))


def _minimise(due: DueRecord) -> None:
    group = _records_of(due.patient)
    exams = [due.exam_id] if due.exam_id else _exams_of(group)
    count = _minimise_exams([pk for pk in exams if pk])
    if due.exam_id is None:
        count += _minimise_person(group)
    assert due.asked_by is not None and due.asked_at is not None and due.confirmed_by is not None  # noqa: S101, PT018
    Minimisation.objects.create(
        patient=due.patient,
        exam=due.exam,
        due_on=due.due_on,
        asked_by=due.asked_by,
        asked_at=due.asked_at,
        confirmed_by=due.confirmed_by,
        rows=count,
    )
    what = f"exam {due.exam_id} of patient {due.patient_id}" if due.exam_id else f"patient {due.patient_id}"
    words = f"{what}; asked by {due.asked_by.username}"
    security_log.record(SecurityEvent.Kind.MINIMISED, user=due.confirmed_by, by=due.confirmed_by, detail=words)
    due.delete()


def _exams_of(group: Sequence[Patient]) -> list[int]:
    return list(ScreeningExam.objects.filter(patient__in=group).order_by("pk").values_list("pk", flat=True))


def _minimise_exams(exams: Sequence[int]) -> int:
    """The number of sealed rows that lost words."""
    parked = _parked_rows(exams)
    sealed_with, count = _seals_of_recalls(exams), 0
    for model, path in SEALED_OF_EXAM.items():
        rows = model._base_manager.filter(**{f"{path}__in": exams})
        if model is RowMend:
            rows = rows | model._base_manager.filter(row__in=parked)
        pks = list(rows.values_list("pk", flat=True))
        count += minimise(model, pks, sealed_with[model._meta.db_table])
    for one in EMPTIED_OF_EXAM:
        one.model._base_manager.filter(**{f"{one.path}__in": exams}).update(**one.values)
    ScreeningExam.objects.filter(pk__in=exams).update(source_digest="")
    ParkedRow.objects.filter(pk__in=parked).update(**PARKED_VALUES)
    return count


def _parked_rows(exams: Sequence[int]) -> list[int]:
    """Rows of files that were settled: into these exams, or under their accession numbers."""
    named = Q(exam__in=exams)
    for site, accession in ScreeningExam.objects.filter(pk__in=exams).values_list("site", "accession"):
        named |= Q(site=site, accession=accession)
    return list(ParkedRow.objects.filter(named, settled_at__isnull=False).values_list("pk", flat=True))


def _minimise_person(group: Sequence[Patient]) -> int:
    """The number of sealed rows that lost words."""
    count = 0
    for model, path in SEALED_OF_PERSON.items():
        pks = list(model._base_manager.filter(**{f"{path}__in": group}).values_list("pk", flat=True))
        count += minimise(model, pks)
    for one in EMPTIED_OF_PERSON:
        one.model._base_manager.filter(**{f"{one.path}__in": group}).update(**one.values)
    for patient in group:
        values = {name: make(patient) for name, make in PATIENT_VALUES.items()}
        now = timezone.now()
        Patient.objects.filter(pk=patient.pk).update(**values, minimised_at=now, changed_at=now)
    for deleted, path in DELETED_OF_PERSON.items():
        deleted._base_manager.filter(**{f"{path}__in": group}).delete()
    SearchTerm.objects.filter(record__in=group).delete()
    return count


def _seals_of_recalls(exams: Sequence[int]) -> Mapping[str, set[SealedWith]]:
    """By table, how events, corrections and tries sealed rows of these exams."""
    shapes, found = load_shapes(), defaultdict[str, set[SealedWith]](set)
    for seals in RecallEvent.objects.filter(recall__exam__in=exams).values_list("seals", flat=True):
        for code in seals.keys() - {KEY}:
            if code in shapes:
                found[shapes[code].table].add(SealedWith(code, seals.get(KEY, "")))
    corrections = SupersededReading.objects.filter(exam__in=exams).exclude(corrected_seal="")
    for text in corrections.values_list("corrected_seal", flat=True):
        found[_table(ScreeningExam)].add(parse_seal(text)[0])
    tries = DeliveryAttempt.objects.filter(notification__recall__exam__in=exams).exclude(copy_seal="")
    for text in tries.values_list("copy_seal", flat=True):
        found[_table(RenderedMessage)].add(parse_seal(text)[0])
    return found


def _table(model: type[Model]) -> str:
    return str(model._meta.db_table)

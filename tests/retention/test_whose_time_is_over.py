"""Whose data may go, and what keeps it longer: open work, an untold result, a hold, a later exam, youth."""

from datetime import timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from clinic.factories import get_site_staff
from clinic.models import Site, User
from patients.factories import PatientFactory
from patients.models import Patient
from recalls import actions
from recalls.actions.contact import open_patient_work_item
from recalls.enums import WorkItemKind
from recalls.models import Recall
from recalls.testing.factories import ExamFactory, RecallFactory
from retention import holds
from retention.due_list import refresh_list
from retention.models import DueRecord
from retention.rules import due_exams, due_persons, person_due_on
from tests.retention.conftest import recall_of, settle, when_due

pytestmark = pytest.mark.django_db


def is_due(patient: Patient, years: int = 10) -> bool:
    return due_persons(when_due(patient, years)).filter(pk=patient.pk).exists()


def test_a_person_is_kept_ten_years_after_the_last_exam_and_not_a_day_less(full_record: Patient) -> None:
    day = when_due(full_record)
    assert due_persons(day).get() == full_record
    assert not due_persons(day - timedelta(days=1)).exists()
    assert person_due_on(full_record) == day - timedelta(days=1)


def test_a_site_may_keep_longer_and_never_shorter(full_record: Patient, shadyside: Site) -> None:
    shadyside.keep_years, shadyside.keep_years_last = 7, 15
    shadyside.full_clean()
    shadyside.save()
    assert not is_due(full_record)
    assert is_due(full_record, 15)
    for years, last in ((4, 10), (5, 9)):
        shadyside.keep_years, shadyside.keep_years_last = years, last
        with pytest.raises(ValidationError, match="greater than or equal"):
            shadyside.full_clean()
    shadyside.keep_years, shadyside.keep_years_last = 12, 10
    with pytest.raises(IntegrityError), transaction.atomic():
        shadyside.save()


def test_an_open_recall_keeps_the_person_however_old(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    settle(recall.patient)
    assert not is_due(recall.patient, 30)


def test_a_result_that_nobody_told_keeps_the_person(full_record: Patient) -> None:
    Recall.objects.update(result_since=timezone.now(), tell_by=timezone.now())
    assert not is_due(full_record)


def test_an_open_task_keeps_the_person(full_record: Patient) -> None:
    open_patient_work_item(full_record, WorkItemKind.VERIFY_CONTACT, "Ask for the number.")
    assert not is_due(full_record)


def test_a_report_that_another_institution_owes_keeps_the_person(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, transferred=True)
    settle(recall.patient)
    assert not is_due(recall.patient, 30)
    actions.close_report_request(recall, by=get_site_staff(shadyside).manager, note="They answered twice that no.")
    assert is_due(recall.patient)


def test_a_recall_that_was_opened_again_keeps_the_person(full_record: Patient, shadyside: Site) -> None:
    refresh_list(when_due(full_record))
    assert DueRecord.objects.get().patient == full_record
    actions.reopen(recall_of(full_record), by=get_site_staff(shadyside).manager, note="Came back.")
    refresh_list(when_due(full_record))
    assert not DueRecord.objects.exists()


def test_a_legal_hold_keeps_the_person_until_it_is_lifted(full_record: Patient, manager_mo: User) -> None:
    hold = holds.set_hold(full_record, "Case 2026-17 of the county", by=manager_mo)
    assert not is_due(full_record)
    holds.lift_hold(hold, "The case is closed", by=manager_mo)
    assert is_due(full_record)


def test_a_hold_on_a_merged_record_keeps_the_record_in_use(full_record: Patient, manager_mo: User) -> None:
    loser = PatientFactory.create(site=full_record.site)
    holds.set_hold(loser, "Case 2026-17 of the county", by=manager_mo)
    actions.merge_patients(loser, full_record, by=manager_mo)
    settle(full_record)
    settle(loser)
    assert not is_due(full_record)


def test_a_merged_record_is_not_listed_by_itself(full_record: Patient, manager_mo: User) -> None:
    loser = PatientFactory.create(site=full_record.site)
    actions.merge_patients(loser, full_record, by=manager_mo)
    settle(full_record)
    settle(loser)
    assert list(due_persons(when_due(full_record, 30))) == [full_record]


def test_a_dead_persons_record_is_kept_as_long_as_any(full_record: Patient) -> None:
    Patient.objects.update(deceased_on=timezone.now().date())
    assert not is_due(full_record, 9)
    assert is_due(full_record)


def test_an_exam_at_another_site_keeps_the_person_by_that_sites_rule(full_record: Patient, foothills: Site) -> None:
    foothills.keep_years_last = 20
    foothills.save()
    ExamFactory.create(site=foothills, patient=full_record, negative=True)
    assert not is_due(full_record)
    assert is_due(full_record, 20)


def test_a_young_patients_record_is_kept(full_record: Patient) -> None:
    day = when_due(full_record)
    Patient.objects.update(birth_date=day - relativedelta(years=20))
    assert not due_persons(day).exists()


def test_an_exam_goes_after_five_years_once_a_later_one_followed_here(full_record: Patient, foothills: Site) -> None:
    last, day = full_record.exams.latest("exam_date"), when_due(full_record, 5)
    ExamFactory.create(site=foothills, patient=full_record, negative=True, exam_date=day - timedelta(days=90))
    assert last not in due_exams(day), "the later exam was done elsewhere"
    ExamFactory.create(site=last.site, patient=full_record, negative=True, exam_date=day - timedelta(days=60))
    assert last in due_exams(day)
    assert last not in due_exams(day - timedelta(days=1))
    assert not due_persons(day).exists()


def test_the_list_holds_each_record_once_and_says_until_when_it_was_kept(full_record: Patient) -> None:
    day = when_due(full_record)
    assert refresh_list(day) == refresh_list(day) == 1
    due = DueRecord.objects.get()
    assert (due.patient, due.exam, due.due_on) == (full_record, None, day - timedelta(days=1))

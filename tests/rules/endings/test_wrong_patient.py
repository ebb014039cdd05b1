"""Tests that an exam filed under the wrong patient goes to the right one, with a recall of its own."""

import pytest
from django.core.exceptions import ValidationError

from clinic import calendar
from clinic.actors import INTAKE
from clinic.factories import SiteStaff
from clinic.models import Site
from patients.factories import PatientFactory
from patients.models import Patient
from recalls import actions
from recalls.enums import AppointmentStatus, Assessment, ClosureReason, State
from recalls.models import Recall
from recalls.permissions import NotPermitted
from recalls.testing.factories import RecallFactory
from tests.rules.step_actions import MONDAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def right(shadyside: Site) -> Patient:
    patient: Patient = PatientFactory.create(site=shadyside)
    return patient


def _move(recall: Recall, right: Patient, staff: SiteStaff) -> None:
    actions.move_exam(recall, right, by=staff.manager, note="Two patients changed places.")


@pytest.mark.parametrize("scenario", ["to_contact", "booked", "suspicious_screen", "closed_benign"])
def test_the_exam_moves_and_the_right_patient_is_called_while_the_wrong_one_keeps_a_void_recall(
    scenario: str, shadyside: Site, right: Patient, staff: SiteStaff
) -> None:
    recall = RecallFactory.create(site=shadyside, **{scenario: True})
    wrong = recall.patient
    _move(recall, right, staff)
    recall.exam.refresh_from_db()
    assert (recall.patient, recall.exam.patient) == (wrong, right)
    assert (recall.state, recall.closure_reason) == (State.CLOSED, ClosureReason.VOID)
    assert recall.events.latest("pk").data == {"from_patient": wrong.pk, "to_patient": right.pk}
    assert not recall.appointments.filter(status=AppointmentStatus.BOOKED).exists()
    own = Recall.objects.get(patient=right)
    assert (own.exam, own.state, own.suspicious) == (recall.exam, State.TO_CONTACT, scenario == "suspicious_screen")
    assert own.due_at == calendar.add_business_days(shadyside, MONDAY, 1)


def test_an_exam_that_needs_no_recall_opens_none_for_the_right_patient(
    shadyside: Site, right: Patient, staff: SiteStaff
) -> None:
    recall = RecallFactory.create(site=shadyside)
    actions.correct_exam(recall.exam, {"assessment": Assessment.NEGATIVE}, None, by=INTAKE)
    _move(recall, right, staff)
    recall.exam.refresh_from_db()
    assert recall.exam.patient == right
    assert not Recall.objects.filter(patient=right).exists()


def test_an_exam_is_moved_once_and_to_another_record_in_use(shadyside: Site, right: Patient, staff: SiteStaff) -> None:
    recall, merged = RecallFactory.create(site=shadyside), PatientFactory.create(site=shadyside)
    actions.merge_patients(merged, right, by=staff.manager)
    merged.refresh_from_db()
    for patient, why in ((recall.patient, "under this patient already"), (merged, "was merged into another one")):
        with pytest.raises(ValidationError, match=why):
            _move(recall, patient, staff)
    assert recall.state == State.TO_CONTACT
    _move(recall, right, staff)
    with pytest.raises(ValidationError, match="moved from here already"):
        _move(recall, PatientFactory.create(site=shadyside), staff)
    assert Recall.objects.filter(exam=recall.exam).still_open().count() == 1


def test_an_exam_goes_to_no_patient_of_a_site_where_the_user_does_not_work(
    shadyside: Site, foothills: Site, staff: SiteStaff
) -> None:
    recall = RecallFactory.create(site=shadyside)
    with pytest.raises(NotPermitted, match="a site you do not work at"):
        _move(recall, PatientFactory.create(site=foothills), staff)
    assert Recall.objects.get(pk=recall.pk).state == State.TO_CONTACT


def test_an_exam_whose_recall_cannot_be_opened_stays_with_the_recall_it_has(
    shadyside: Site, right: Patient, staff: SiteStaff, monkeypatch: pytest.MonkeyPatch
) -> None:
    recall = RecallFactory.create(site=shadyside)

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError("no connection")

    monkeypatch.setattr("recalls.actions.records.misfiled_exam.open_recall", fail)
    with pytest.raises(OSError, match="no connection"):
        _move(recall, right, staff)
    stored = Recall.objects.select_related("exam").get(pk=recall.pk)
    assert (stored.state, stored.exam.patient) == (State.TO_CONTACT, stored.patient)


def test_a_scheduler_moves_no_exam(shadyside: Site, right: Patient, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside)
    with pytest.raises(NotPermitted):
        actions.move_exam(recall, right, by=staff.scheduler, note="Changed places.")
    recall.exam.refresh_from_db()
    assert recall.exam.patient == recall.patient

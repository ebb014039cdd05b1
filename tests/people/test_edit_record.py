"""A correction of a record is kept with its old value, settles its task, and plans the messages anew at once."""

import pytest
from django.core.exceptions import ValidationError

from clinic.factories import SiteStaff
from clinic.models import Site
from notifications.enums import NotificationState
from patients.channels import get_patient_channels
from patients.factories import PatientFactory, ReferringProviderFactory
from patients.models import Consent, ContactPoint, Patient
from recalls import actions
from recalls.actions import ContactAttemptInput, RecordEdit
from recalls.enums import ContactChannel, ContactResult, WorkItemKind
from recalls.models import Recall
from recalls.permissions import NotPermitted
from recalls.testing.factories import RecallFactory

pytestmark = pytest.mark.django_db

MOBILE, EMAIL = ContactPoint.Kind.MOBILE, ContactPoint.Kind.EMAIL


def _edit(recall: Recall, edit: RecordEdit, staff: SiteStaff) -> Patient:
    actions.edit_record(recall.patient, edit, by=staff.scheduler, source="call")
    return Patient.objects.get(pk=recall.patient_id)


def test_the_history_keeps_who_when_how_and_the_old_value(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, patient__mobile="412 555 0121")
    patient = _edit(recall, RecordEdit(contact_points={MOBILE: "(412) 555-0122"}), staff)
    change = patient.changes.get(field="mobile", source="call")
    assert (change.old, change.new) == ("+14125550121", "+14125550122")
    assert (change.by, change.user) == (staff.scheduler.get_full_name(), staff.scheduler)


def test_a_number_that_is_no_longer_the_patients_is_forgotten_but_not_by_the_history(
    shadyside: Site, staff: SiteStaff
) -> None:
    recall = RecallFactory.create(site=shadyside, patient__home="412 555 0123")
    patient = _edit(recall, RecordEdit(contact_points={ContactPoint.Kind.HOME: ""}), staff)
    assert not patient.contact_points.filter(kind="home").exists()
    assert patient.changes.filter(field="home").first().old == "+14125550123"  # type: ignore[union-attr]


def test_a_corrected_email_gets_the_message_that_was_held_back(shadyside: Site, staff: SiteStaff) -> None:
    unreachable = PatientFactory.create(site=shadyside, email="nobody(at)home", consents={}, address_line="", city="")
    recall = RecallFactory.create(patient=unreachable)
    notice = recall.notifications.get(kind="recall_notice")
    assert notice.state == NotificationState.SUPPRESSED
    _edit(recall, RecordEdit(contact_points={EMAIL: "reach.me@example.org"}), staff)
    notice.refresh_from_db()
    assert (notice.state, notice.channel) == (NotificationState.PLANNED, "email")


def test_an_opt_out_at_the_desk_moves_what_is_planned_to_a_letter(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside)
    _edit(recall, RecordEdit(consents={Consent.Subject.EMAIL: False}), staff)
    channels = set(recall.notifications.filter(state=NotificationState.PLANNED).values_list("channel", flat=True))
    assert channels == {"letter"}


def test_both_open_recalls_of_a_patient_know_the_new_address(shadyside: Site, staff: SiteStaff) -> None:
    unreachable = PatientFactory.create(site=shadyside, no_email=True, address_line="", city="")
    booked = [RecallFactory.create(patient=unreachable, **{when: True}) for when in ("booked", "booked_ahead")]
    _edit(booked[0], RecordEdit(contact_points={EMAIL: "both@example.org"}), staff)
    for recall in booked:
        assert recall.notifications.filter(state=NotificationState.PLANNED, channel="email").exists()


def test_a_correction_settles_the_task_to_check_the_number(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    task = recall.work_items.get(kind=WorkItemKind.VERIFY_CONTACT)
    _edit(recall, RecordEdit(contact_points={MOBILE: "412 555 0124"}), staff)
    task.refresh_from_db()
    assert task.done_at is not None
    assert task.done_by == staff.scheduler


def test_the_task_stays_while_another_number_or_address_does_not_work(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    recall.patient.contact_points.filter(kind=EMAIL).update(unusable="bounced")
    _edit(recall, RecordEdit(contact_points={MOBILE: "412 555 0125"}), staff)
    assert recall.work_items.get(kind=WorkItemKind.VERIFY_CONTACT).done_at is None


def test_do_not_call_leaves_no_number_to_dial(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, patient__text_messages=True)
    channels = get_patient_channels(_edit(recall, RecordEdit(details={"do_not_call": True}), staff))
    assert (channels.phones, channels.sms_allowed) == ((), False)


def test_an_interpreter_needed_for_a_booked_visit_is_a_task(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True)
    patient = _edit(recall, RecordEdit(details={"interpreter_needed": True, "language": "es"}), staff)
    assert (patient.interpreter_needed, patient.language) == (True, "es")
    assert recall.work_items.get().kind == WorkItemKind.INTERPRETER


def test_needs_an_interpreter_as_the_result_of_a_call_changes_the_record(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside)
    call = ContactAttemptInput(ContactChannel.PHONE, ContactResult.NEEDS_INTERPRETER)
    actions.log_contact(recall, call, by=staff.scheduler)
    patient = Patient.objects.get(pk=recall.patient_id)
    assert patient.interpreter_needed is True
    assert patient.changes.get(field="interpreter_needed").by == staff.scheduler.get_full_name()
    actions.undo(recall, by=staff.scheduler)
    patient.refresh_from_db()
    assert patient.interpreter_needed is False


def test_results_go_to_the_new_doctor(shadyside: Site, staff: SiteStaff) -> None:
    recall, doctor = RecallFactory.create(site=shadyside), ReferringProviderFactory.create(name="Dr. Nova Example")
    actions.edit_record(recall.patient, RecordEdit(), by=staff.scheduler, source="call", recall=recall, referrer=doctor)
    recall.exam.refresh_from_db()
    assert recall.exam.referrer == doctor
    assert recall.patient.changes.get(field="referrer").new == "Dr. Nova Example"


def test_a_merged_record_is_not_edited(shadyside: Site, staff: SiteStaff) -> None:
    gone, stays = PatientFactory.create_batch(2, site=shadyside)
    actions.merge_patients(gone, stays, by=staff.manager)
    with pytest.raises(ValidationError, match="merged into another"):
        actions.edit_record(gone, RecordEdit(details={"city": "Elsewhere"}), by=staff.scheduler, source="call")


def test_radiologists_and_staff_of_other_sites_edit_nothing(shadyside: Site, foothills: Site, staff: SiteStaff) -> None:
    edit, elsewhere = RecordEdit(details={"do_not_call": True}), PatientFactory.create(site=foothills)
    for patient, by in ((PatientFactory.create(site=shadyside), staff.radiologist), (elsewhere, staff.scheduler)):
        with pytest.raises(NotPermitted):
            actions.edit_record(patient, edit, by=by, source="call")
        patient.refresh_from_db()
        assert patient.do_not_call is False

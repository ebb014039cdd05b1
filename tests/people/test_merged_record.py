"""What one record says of the patient stands after a merge, and goes back when the merge is undone."""

from datetime import date
from typing import Any

import pytest

from clinic.actors import INTAKE, PATIENT
from clinic.factories import SiteStaff
from clinic.models import Site
from patients.actions import record_consent, set_contact_point, update_details
from patients.addresses import mark_address_unusable
from patients.channels import get_patient_channels
from patients.factories import PatientFactory
from patients.models import Consent, ContactPoint, Patient
from recalls import actions
from recalls.enums import ClosureReason, State, WorkItemKind
from recalls.models import Recall, WorkItem
from recalls.testing.factories import ExamFactory, RecallFactory

pytestmark = pytest.mark.django_db

DIED_ON = date(2026, 3, 14)


def _merge(loser: Patient, survivor: Patient, staff: SiteStaff) -> Patient:
    actions.merge_patients(loser, survivor, by=staff.manager, note="Same person, married name.")
    return Patient.objects.get(pk=survivor.pk)


def _unmerge(loser: Patient, survivor: Patient, staff: SiteStaff) -> Patient:
    actions.unmerge_patients(Patient.objects.get(pk=loser.pk), by=staff.manager, note="Two people after all.")
    return Patient.objects.get(pk=survivor.pk)


def _planned(patient: Patient) -> int:
    return patient.notifications.filter(state="planned").count()


def test_a_death_on_the_record_that_goes_closes_the_recall_of_the_one_that_stays(
    shadyside: Site, staff: SiteStaff
) -> None:
    loser = RecallFactory.create(site=shadyside).patient
    actions.mark_deceased(loser.recalls.get(), DIED_ON, by=staff.navigator, note="The family called.")
    recall = RecallFactory.create(site=shadyside, booked=True)
    stays = _merge(loser, recall.patient, staff)
    recall.refresh_from_db()
    assert stays.deceased_on == DIED_ON
    assert (recall.state, recall.closure_reason) == (State.CLOSED, ClosureReason.DECEASED)
    assert _planned(stays) == 0


def test_a_death_on_the_record_that_stays_closes_the_recall_that_comes_to_it(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside)
    dead = PatientFactory.create(site=shadyside, deceased_on=DIED_ON)
    stays = _merge(recall.patient, dead, staff)
    recall.refresh_from_db()
    assert (recall.patient, recall.state, recall.closure_reason) == (stays, State.CLOSED, ClosureReason.DECEASED)
    assert _planned(stays) == 0


@pytest.mark.parametrize("dead_one", ["goes", "stays"])
def test_a_merge_undone_gives_the_death_back_and_the_living_patient_is_called_again(
    dead_one: str, shadyside: Site, staff: SiteStaff
) -> None:
    recall, dead = RecallFactory.create(site=shadyside), PatientFactory.create(site=shadyside, deceased_on=DIED_ON)
    living = recall.patient
    loser, survivor = (dead, living) if dead_one == "goes" else (living, dead)
    _merge(loser, survivor, staff)
    _unmerge(loser, survivor, staff)
    recall.refresh_from_db()
    died = {patient.pk: patient.deceased_on for patient in Patient.objects.all()}
    assert died == {living.pk: None, dead.pk: DIED_ON}
    assert (recall.patient, recall.state) == (living, State.TO_CONTACT)


@pytest.mark.parametrize("subject", [Consent.Subject.EMAIL, Consent.Subject.SMS])
def test_a_no_on_either_record_stands_after_the_merge(
    subject: Consent.Subject, shadyside: Site, staff: SiteStaff
) -> None:
    for says_no in (0, 1):
        pair: list[Any] = PatientFactory.create_batch(2, site=shadyside, consents={subject: True})
        record_consent(pair[says_no], subject, granted=False, source="phone", by=INTAKE)
        stays = _merge(pair[0], pair[1], staff)
        newest = stays.consents.filter(subject=subject).first()
        assert newest is not None
        assert newest.granted is False


def test_a_yes_goes_along_only_with_the_address_for_which_it_was_given(shadyside: Site, staff: SiteStaff) -> None:
    agreed = {Consent.Subject.SMS: True, Consent.Subject.DETAIL: True}
    loser = PatientFactory.create(site=shadyside, consents=agreed, mobile="412 555 0151", email="one@example.org")
    other = PatientFactory.create(site=shadyside, consents={}, mobile=None, email="two@example.org")
    channels = get_patient_channels(_merge(loser, other, staff))
    assert (channels.mobile, channels.sms_allowed, channels.health_details_allowed) == ("+14125550151", True, False)


def test_do_not_call_and_leave_no_voicemail_survive_in_both_directions(shadyside: Site, staff: SiteStaff) -> None:
    for strict_one in (0, 1):
        pair: list[Any] = PatientFactory.create_batch(2, site=shadyside, voicemail=Patient.Voicemail.YES)
        strict = {"do_not_call": True, "voicemail": Patient.Voicemail.NO}
        update_details(pair[strict_one], strict, by=staff.scheduler)
        stays = _merge(pair[0], pair[1], staff)
        assert (stays.do_not_call, stays.voicemail) == (True, Patient.Voicemail.NO)


def test_numbers_and_address_that_are_missing_come_along_and_the_message_is_planned(
    shadyside: Site, staff: SiteStaff
) -> None:
    loser = PatientFactory.create(site=shadyside, mobile="412 555 0133", email="way@example.org", mobility="wheelchair")
    nothing: dict[str, Any] = {
        "mobile": None,
        "home": None,
        "email": None,
        "consents": {},
        "address_line": "",
        "city": "",
    }
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, **nothing))
    assert not recall.patient.notifications.filter(state="planned").exists()
    stays = _merge(loser, recall.patient, staff)
    channels = get_patient_channels(stays)
    assert (channels.mobile, channels.email, stays.mobility) == ("+14125550133", "way@example.org", "wheelchair")
    assert stays.address_line == "12 Invented Lane"
    assert _planned(stays) > 0


def test_a_second_number_of_a_kind_is_the_other_phone_and_somebody_asks(shadyside: Site, staff: SiteStaff) -> None:
    loser = PatientFactory.create(site=shadyside, mobile="412 555 0144")
    recall = RecallFactory.create(site=shadyside, patient__mobile="412 555 0145")
    stays = _merge(loser, recall.patient, staff)
    assert stays.contact_points.get(kind="mobile").value == "+14125550145"
    assert get_patient_channels(stays).other == "+14125550144"
    assert "second mobile phone" in WorkItem.objects.get(kind=WorkItemKind.VERIFY_CONTACT).reason


def test_a_number_that_works_takes_the_place_of_a_wrong_one(shadyside: Site, staff: SiteStaff) -> None:
    loser = PatientFactory.create(site=shadyside, mobile="412 555 0146")
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    stays = _merge(loser, recall.patient, staff)
    assert get_patient_channels(stays).mobile == "+14125550146"


def test_what_was_carried_over_goes_back_unless_it_was_changed_since(shadyside: Site, staff: SiteStaff) -> None:
    loser = PatientFactory.create(
        site=shadyside, mobile="412 555 0147", email="gone@example.org", do_not_call=True, middle_name="Alba"
    )
    survivor = PatientFactory.create(site=shadyside, mobile=None, email=None, consents={Consent.Subject.SMS: True})
    record_consent(loser, Consent.Subject.SMS, granted=False, source="reply", by=INTAKE)
    stays = _merge(loser, survivor, staff)
    set_contact_point(stays, ContactPoint.Kind.EMAIL, "newer@example.org", by=staff.scheduler)
    stays = _unmerge(loser, survivor, staff)
    points = {point.kind: point.value for point in stays.contact_points.all()}
    assert (points.get("mobile"), points["email"]) == (None, "newer@example.org")
    assert (stays.do_not_call, stays.middle_name) == (False, "")
    newest = stays.consents.filter(subject=Consent.Subject.SMS).first()
    assert newest is not None
    assert newest.granted is True
    assert Patient.objects.get(pk=loser.pk).do_not_call is True


def test_an_exam_that_comes_later_under_the_merged_number_goes_back_too(shadyside: Site, staff: SiteStaff) -> None:
    loser = RecallFactory.create(site=shadyside).patient
    survivor = PatientFactory.create(site=shadyside)
    _merge(loser, survivor, staff)
    later = ExamFactory.create(patient=survivor, original_patient=loser)
    recall = actions.open_recall(later, by=INTAKE).recall
    _unmerge(loser, survivor, staff)
    later.refresh_from_db()
    assert (later.patient, Recall.objects.get(pk=recall.pk).patient) == (loser, loser)


def test_an_address_that_is_not_the_patients_by_one_record_is_not_written_to_by_the_other(
    shadyside: Site, staff: SiteStaff
) -> None:
    loser, survivor = (PatientFactory.create(site=shadyside, email=f"{word}@Example.org") for word in ("home", "Home"))
    recall = RecallFactory.create(patient=survivor)
    mark_address_unusable("home@example.org", ContactPoint.UnusableReason.WRONG, by=PATIENT, patient=loser)
    assert get_patient_channels(survivor).email
    stays = _merge(loser, survivor, staff)
    assert not get_patient_channels(stays).email
    assert "marked as not the patient's" in recall.work_items.get(kind=WorkItemKind.VERIFY_CONTACT).reason
    set_contact_point(stays, ContactPoint.Kind.EMAIL, "other@example.org", by=INTAKE)
    set_contact_point(stays, ContactPoint.Kind.EMAIL, "home@example.org", by=INTAKE)
    assert not get_patient_channels(stays).email, "a file that gives it again does not bring it back"
    _unmerge(loser, survivor, staff)
    assert "stays off here too" in recall.work_items.get(kind=WorkItemKind.VERIFY_CONTACT, done_at=None).reason

"""Tests that what is known of a number or address holds for whoever has it, now and when it is loaded again."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.actors import INTAKE, SYSTEM
from clinic.factories import get_site_staff
from clinic.models import Site
from notifications.planning.channel_fallback import mark_email_unusable
from patients.actions import set_contact_point
from patients.addresses import mark_address_unusable, mark_address_usable
from patients.factories import PatientFactory
from patients.models import AddressFault, ContactPoint, Patient
from recalls import actions
from recalls.actions import ContactAttemptInput
from recalls.enums import ContactChannel, ContactResult, WorkItemKind
from recalls.testing.factories import RecallFactory

pytestmark = pytest.mark.django_db

Kind, Unusable = ContactPoint.Kind, ContactPoint.UnusableReason
HOUSE = "412 555 0166"


def _mark(patient: Patient, kind: ContactPoint.Kind = Kind.EMAIL) -> str:
    return patient.contact_points.get(kind=kind).unusable


def test_a_dead_shared_address_is_dead_for_everybody_who_has_it(shadyside: Site) -> None:
    first = RecallFactory.create(site=shadyside, patient__email="casa.prueba@example.org")
    second = RecallFactory.create(site=shadyside, patient__email="Casa.Prueba@EXAMPLE.org")
    other = RecallFactory.create(site=shadyside, patient__email="casa.prueba@example.com")
    assert mark_email_unusable(first, "casa.prueba@example.org", Unusable.BOUNCED)
    assert [_mark(recall.patient) for recall in (first, second, other)] == ["bounced", "bounced", ""]
    assert "another patient" in second.work_items.get(kind=WorkItemKind.VERIFY_CONTACT).reason
    assert not other.work_items.exists()


def test_a_dead_address_loaded_again_stays_dead_and_is_asked_for(shadyside: Site) -> None:
    mark_address_unusable("alt@example.net", Unusable.BOUNCED, by=SYSTEM)
    recall = RecallFactory.create(site=shadyside, patient__email="Alt@example.net")
    assert _mark(recall.patient) == Unusable.BOUNCED
    assert "mail came back" in recall.work_items.get(kind=WorkItemKind.VERIFY_CONTACT).reason


def test_a_wrong_number_is_wrong_for_the_household_until_a_person_says_otherwise(shadyside: Site) -> None:
    ana = get_site_staff(shadyside).scheduler
    called = RecallFactory.create(site=shadyside, patient__mobile="412 555 0101", patient__home=HOUSE)
    shares = RecallFactory.create(site=shadyside, patient__mobile=HOUSE, patient__home=None)
    wrong = ContactAttemptInput(ContactChannel.PHONE, ContactResult.WRONG_NUMBER, point_kind=Kind.HOME)
    actions.log_contact(called, wrong, by=ana)
    assert (_mark(called.patient, Kind.HOME), _mark(shares.patient, Kind.MOBILE)) == ("wrong", "wrong")
    assert _mark(called.patient, Kind.MOBILE) == ""
    assert shares.work_items.get().kind == WorkItemKind.VERIFY_CONTACT
    mark_address_usable(shares.patient.contact_points.get(kind=Kind.MOBILE), by=ana)
    assert (_mark(called.patient, Kind.HOME), _mark(shares.patient, Kind.MOBILE)) == ("", "")
    assert not AddressFault.objects.exists()


def test_a_wrong_number_taken_back_is_right_for_everybody_and_asks_nobody(shadyside: Site) -> None:
    ana = get_site_staff(shadyside).scheduler
    called = RecallFactory.create(site=shadyside, patient__mobile=HOUSE)
    shares = RecallFactory.create(site=shadyside, patient__home=HOUSE)
    wrong = ContactAttemptInput(ContactChannel.PHONE, ContactResult.WRONG_NUMBER, point_kind=Kind.MOBILE)
    actions.log_contact(called, wrong, by=ana)
    actions.undo(called, by=ana)
    assert (_mark(called.patient, Kind.MOBILE), _mark(shares.patient, Kind.HOME)) == ("", "")
    assert not shares.work_items.filter(done_at=None).exists()


def test_an_extension_is_another_phone_than_the_house(shadyside: Site) -> None:
    desk = PatientFactory.create(site=shadyside, home="412 555 0150 ext 12")
    other = PatientFactory.create(site=shadyside, home="412 555 0150 x13")
    mark_address_unusable(desk.contact_points.get(kind=Kind.HOME).value, Unusable.WRONG, by=SYSTEM)
    assert (_mark(desk, Kind.HOME), _mark(other, Kind.HOME)) == ("wrong", "")


def test_news_of_an_old_address_leaves_the_new_one_and_is_remembered(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, patient__email="vieja@example.org")
    set_contact_point(recall.patient, Kind.EMAIL, "nueva@example.org", by=INTAKE)
    assert not mark_email_unusable(recall, "vieja@example.org", Unusable.COMPLAINED)
    assert _mark(recall.patient) == ""
    set_contact_point(recall.patient, Kind.EMAIL, "vieja@example.org", by=INTAKE)
    assert _mark(recall.patient) == Unusable.COMPLAINED


def test_not_this_person_holds_for_the_patient_alone(shadyside: Site) -> None:
    first = PatientFactory.create(site=shadyside, email="nido@example.org")
    second = PatientFactory.create(site=shadyside, email="nido@example.org")
    mark_address_unusable("nido@example.org", Unusable.WRONG, by=SYSTEM, patient=first)
    assert (_mark(first), _mark(second)) == ("wrong", "")
    mark_address_usable(second.contact_points.get(kind=Kind.EMAIL), by=SYSTEM)
    assert _mark(first) == "wrong"


def test_an_address_of_another_reason_keeps_it(shadyside: Site) -> None:
    invalid = PatientFactory.create(site=shadyside, bad_email=True)
    mark_address_unusable("testa(at)example", Unusable.BOUNCED, by=SYSTEM)
    assert _mark(invalid) == Unusable.INVALID


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    owners=st.lists(st.sampled_from(["a1@example.org", "A1@example.org", "b2@example.org"]), min_size=1, max_size=5),
    dead=st.sampled_from(["a1@example.org", "B2@example.org"]),
    before=st.booleans(),
)
def test_the_same_address_has_the_same_fact(shadyside: Site, owners: list[str], dead: str, before: bool) -> None:
    """Whether the news comes before or after the address, and however it is spelt."""
    AddressFault.objects.all().delete()
    if before:
        mark_address_unusable(dead, Unusable.BOUNCED, by=SYSTEM)
    patients = [PatientFactory.create(site=shadyside, email=email) for email in owners]
    if not before:
        mark_address_unusable(dead, Unusable.BOUNCED, by=SYSTEM)
    assert [bool(_mark(patient)) for patient in patients] == [email.lower() == dead.lower() for email in owners]
    mark_address_usable(patients[0].contact_points.get(kind=Kind.EMAIL), by=SYSTEM)
    alive = [
        not _mark(each) for each, email in zip(patients, owners, strict=True) if email.lower() == owners[0].lower()
    ]
    assert all(alive)
    ContactPoint.objects.all().delete()

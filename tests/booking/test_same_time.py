"""Tests that a patient is never booked in two places at once."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from clinic.factories import SiteFactory, get_site_staff
from clinic.models import Site
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import Slot
from recalls.enums import State
from recalls.models import Appointment, Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import at

pytestmark = [pytest.mark.django_db, pytest.mark.time_machine("2026-11-10T13:15:00Z", tick=False)]
TEN = "2026-11-24", "10:00"


@pytest.fixture
def two_recalls(shadyside: Site) -> tuple[Recall, Recall]:
    patient = PatientFactory.create(site=shadyside)
    return RecallFactory.create(patient=patient, site=shadyside), RecallFactory.create(patient=patient, site=shadyside)


@pytest.mark.parametrize(("minutes_later", "refused"), [(-60, False), (-59, True), (0, True), (30, True), (60, False)])
def test_a_second_visit_of_the_patient_may_follow_the_first_and_not_overlap_it(
    two_recalls: tuple[Recall, Recall], shadyside: Site, minutes_later: int, refused: bool
) -> None:
    first, second = two_recalls
    ana, start = get_site_staff(shadyside).scheduler, at(*TEN)
    actions.book_appointment(first, Slot(shadyside, start), by=ana)
    slot = Slot(shadyside, start + timedelta(minutes=minutes_later))
    if refused:
        with pytest.raises(ValidationError, match="another visit"):
            actions.book_appointment(second, slot, by=ana)
    else:
        actions.book_appointment(second, slot, by=ana)
    assert Recall.objects.get(pk=second.pk).state == (State.TO_CONTACT if refused else State.SCHEDULED)


def test_a_visit_elsewhere_at_that_time_counts_too_and_one_cancelled_does_not(
    two_recalls: tuple[Recall, Recall], shadyside: Site
) -> None:
    first, second = two_recalls
    ana, elsewhere = get_site_staff(shadyside).scheduler, SiteFactory.create(time_zone="America/Chicago")
    ana.sites.add(elsewhere)
    actions.book_appointment(first, Slot(elsewhere, at(*TEN)), by=ana)
    with pytest.raises(ValidationError, match="another visit"):
        actions.book_appointment(second, Slot(shadyside, at(*TEN)), by=ana)
    actions.cancel_appointment(first, by=ana)
    actions.book_appointment(second, Slot(shadyside, at(*TEN)), by=ana)


def test_a_visit_may_be_moved_within_its_own_time_and_not_onto_another(
    two_recalls: tuple[Recall, Recall], shadyside: Site
) -> None:
    first, second = two_recalls
    ana = get_site_staff(shadyside).scheduler
    actions.book_appointment(first, Slot(shadyside, at(*TEN)), by=ana)
    actions.book_appointment(second, Slot(shadyside, at("2026-11-24", "14:00")), by=ana)
    actions.reschedule(first, Slot(shadyside, at("2026-11-24", "10:30")), by=ana)
    with pytest.raises(ValidationError, match="another visit"):
        actions.reschedule(second, Slot(shadyside, at("2026-11-24", "11:00")), by=ana)
    assert {visit.starts_at for visit in Appointment.objects.all()} == {
        at("2026-11-24", "10:30"), at("2026-11-24", "14:00"),
    }  # fmt: skip


def test_two_patients_may_come_at_one_time(shadyside: Site) -> None:
    ana = get_site_staff(shadyside).scheduler
    for _number in range(2):
        actions.book_appointment(RecallFactory.create(site=shadyside), Slot(shadyside, at(*TEN)), by=ana)
    assert Appointment.objects.count() == 2

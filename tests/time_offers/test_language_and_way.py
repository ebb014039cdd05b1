"""Tests of free times by who speaks the patient's language, and by the way of which the patient told."""

import re
from datetime import time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clinic.factories import get_site_staff
from clinic.models import Site
from recalls import actions
from recalls.actions import RecordEdit
from recalls.actions.time_offers.upkeep import tend_held_slots
from recalls.enums import Assessment
from recalls.models import HeldSlot, Recall, Room, SlotPolicy, VisitWish
from recalls.scheduling.self_booking import find_self_booking
from recalls.scheduling.staff_and_way import leaves_before_opening, spoken_beside_english
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.desk.conftest import page_text
from tests.notifications.clock import at
from tests.portal.conftest import give_birth_date, make_link

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy(clock: time_machine.Traveller, shadyside: Site) -> SlotPolicy:
    return SlotPolicy.objects.create(site=shadyside, self_booking=True, holds_slots=True)


@pytest.fixture
def spanish_room(policy: SlotPolicy, shadyside: Site) -> Room:
    """Open when the room of the others is, and an hour longer; there Spanish is spoken."""
    return RoomFactory.create(site=shadyside, name="Mammo 2", hours=(time(9), time(13)), languages="es,vi")


def open_times(client: Client, recall: Recall, address: str = "/my/times/") -> Any:
    if "my" not in "".join(client.cookies):
        assert give_birth_date(client, make_link(recall.patient), recall.patient).status_code == 302
    return client.get(address)


def hours_of(page: Any) -> list[str]:
    """The hours of the first day."""
    shown = re.findall(r'name="slot" value="\d+@([-\d]+)T(\d\d:\d\d)', page.content.decode())
    return [hour for day, hour in shown if day == shown[0][0]]


def test_a_patient_sees_at_which_times_their_language_is_spoken_and_may_see_these_alone(
    client: Client, room: Room, spanish_room: Room, shadyside: Site,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    RoomFactory.create(site=shadyside, name="Mammo 0", hours=(time(8), time(9)))
    recall = RecallFactory.create(site=shadyside, patient__language="es-MX")
    page = open_times(client, recall)
    first_day = page.content.decode().partition("</fieldset>")[0]
    assert hours_of(page)[:2] == ["08:00", "09:00"]
    assert first_day.count("Alguien habla español") == len(hours_of(page)) - 1 + 1  # each but eight o'clock, and a link
    with django_assert_max_num_queries(6):
        page = open_times(client, recall, "/my/times/?part=&speaks=es")
    assert hours_of(page)[0] == "09:00"
    assert all(
        f"{spanish_room.pk}@" in value for value in re.findall(r'name="slot" value="(\d+@)', page.content.decode())
    )
    assert "speaks=es" in re.findall(r'href="([^"]*part=morning[^"]*)"', page.content.decode())[0]


def test_where_nobody_entered_a_language_or_it_is_not_the_patients_nothing_is_said(
    client: Client, room: Room, spanish_room: Room, shadyside: Site
) -> None:
    assert "Someone speaks" not in page_text(open_times(client, RecallFactory.create(site=shadyside)))
    assert spoken_beside_english("en", "es-MX", "es", "xx", "") == ["es"]


def test_a_language_in_which_no_time_is_free_says_so_and_that_there_are_others(
    client: Client, room: Room, shadyside: Site, policy: SlotPolicy
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = page_text(open_times(client, recall, "/my/times/?part=&speaks=es"))
    assert "no free time with someone who speaks your language" in page
    assert "Any time" in page


@pytest.mark.parametrize(
    ("hour", "minutes", "early"),
    [("08:00", 0, False), ("08:00", 30, False), ("08:30", 45, True), ("08:45", 45, False), ("09:30", 120, True),
     ("10:00", 120, False)],
)  # fmt: skip
def test_a_time_is_too_early_for_whom_it_means_to_leave_home_before_the_clinic_opens(
    shadyside: Site, hour: str, minutes: int, early: bool
) -> None:
    opens = shadyside.hours_by_weekday[3][0]
    assert opens == time(8)
    assert leaves_before_opening(shadyside, at("2026-11-12", hour), minutes) == early


def test_the_patient_says_how_long_the_way_is_and_early_hours_are_left_out_until_asked_for(
    client: Client, room: Room, shadyside: Site, policy: SlotPolicy,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    recall = RecallFactory.create(site=shadyside)
    assert hours_of(open_times(client, recall))[0] == "09:00"
    answer = client.post("/my/times/", {"travel": "120"}, follow=True)
    assert hours_of(answer)[0] == "10:00"
    assert VisitWish.objects.get(patient=recall.patient).travel_minutes == 120
    assert str(recall.patient.changes.get(field="visit_wish").new) == "on the way: two hours or more"
    with django_assert_max_num_queries(6):
        assert hours_of(open_times(client, recall, "/my/times/?part=&early=1"))[0] == "09:00"
    client.post("/my/times/", {"travel": "17"})
    assert VisitWish.objects.get(patient=recall.patient).travel_minutes == 120
    client.post("/my/times/", {"travel": "0"})
    assert not VisitWish.objects.exists()


def test_where_nothing_but_early_hours_is_free_and_after_a_5_they_are_shown(
    client: Client, shadyside: Site, policy: SlotPolicy
) -> None:
    RoomFactory.create(site=shadyside, name="Mammo 1", hours=(time(8), time(9)))
    recall = RecallFactory.create(site=shadyside)
    ana = get_site_staff(shadyside).scheduler
    actions.edit_record(recall.patient, RecordEdit(travel_minutes=90), by=ana, source="staff")
    assert hours_of(open_times(client, recall)) == ["08:00"]
    RoomFactory.create(site=shadyside, name="Mammo 2", hours=(time(9), time(12)))
    assert hours_of(open_times(client, recall))[0] == "09:30"
    five = RecallFactory.create(site=shadyside, exam__assessment=Assessment.HIGHLY_SUGGESTIVE)
    actions.edit_record(five.patient, RecordEdit(travel_minutes=90), by=ana, source="staff")
    now = timezone.now()
    booking = find_self_booking(five.patient, now)
    assert booking is not None
    client.cookies.clear()
    assert hours_of(open_times(client, five))[0] == "08:00"


def test_a_time_that_is_held_lets_the_patient_leave_home_after_the_clinic_opens(
    room: Room, shadyside: Site, policy: SlotPolicy
) -> None:
    recall = RecallFactory.create(site=shadyside)
    ana = get_site_staff(shadyside).scheduler
    actions.edit_record(
        recall.patient, RecordEdit(visit_wish=("3", ""), travel_minutes=120), by=ana, source="staff"
    )  # fmt: skip
    tend_held_slots()
    assert HeldSlot.objects.get().starts_at == at("2026-11-12", "10:00")
    actions.edit_record(recall.patient, RecordEdit(visit_wish=("", "")), by=ana, source="staff")
    assert VisitWish.objects.get().travel_minutes == 120


def test_a_free_room_where_the_language_is_spoken_goes_first(
    room: Room, spanish_room: Room, shadyside: Site, policy: SlotPolicy
) -> None:
    now = timezone.now()
    for language, expected in (("es", spanish_room), ("en", room)):
        booking = find_self_booking(RecallFactory.create(site=shadyside, patient__language=language).patient, now)
        assert booking is not None
        assert next(booking.free_times(now + timedelta(0))).room == expected

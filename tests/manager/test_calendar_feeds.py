"""Holds what a calendar feed shows, who makes and ends it, and that a wrong address opens nothing."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from icalendar import Calendar

from clinic.models import Site, User
from recalls.enums import Modality
from recalls.models import Appointment, Room
from recalls.testing.factories import RecallFactory, RoomFactory
from reports.calendars import views
from reports.calendars.feeds import make_feed
from reports.models import CalendarFeed
from tests.support.admin_pages import signed_in_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret(shadyside: Site, manager_mo: User) -> str:
    return make_feed(shadyside, Modality.MAMMOGRAPHY, by=manager_mo)[1]


def book(site: Site, room: Room) -> None:
    recall = RecallFactory.create(site=site, booked=True)
    later = timedelta(hours=Appointment.objects.filter(room=room).count())
    recall.appointments.update(room=room, starts_at=F("starts_at") + later)


def read(secret: str) -> str:
    response = Client().get(reverse("calendar_feed", args=[secret]))
    assert response.status_code == 200
    return response.content.decode()


def test_a_feed_shows_taken_times_of_its_rooms_with_initials_alone(
    secret: str, shadyside: Site, foothills: Site
) -> None:
    book(shadyside, RoomFactory.create(site=shadyside, modality=Modality.MAMMOGRAPHY))
    book(shadyside, RoomFactory.create(site=shadyside, modality=Modality.MRI))
    book(foothills, RoomFactory.create(site=foothills, modality=Modality.MAMMOGRAPHY))
    text = read(secret)
    (event,) = Calendar.from_ical(text).walk("VEVENT")
    patient = RecallFactory._meta.model.objects.filter(site=shadyside)[0].patient
    assert event["summary"] == f"{patient.given_name[0]}. {patient.family_name[0]}."
    for word in (patient.family_name, patient.mrn, "mammogram", "Biopsy"):
        assert word not in text


def test_a_cancelled_visit_leaves_the_feed(secret: str, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, cancelled=True)
    recall.appointments.update(room=RoomFactory.create(site=shadyside, modality=Modality.MAMMOGRAPHY))
    assert "VEVENT" not in read(secret)


def test_a_wrong_and_an_ended_address_open_nothing_and_many_wrong_ones_are_braked(
    secret: str, manager_mo: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MAX_WRONG_SECRETS", 2)
    manager = signed_in_client(manager_mo)
    manager.post(reverse("calendar_feed_end", args=[CalendarFeed.objects.get().pk]))
    for _time in range(2):
        assert Client().get(reverse("calendar_feed", args=[secret])).status_code == 404
    assert Client().get(reverse("calendar_feed", args=["x"])).status_code == 429


def test_a_manager_makes_a_feed_and_sees_its_address_once(manager_mo: User, shadyside: Site) -> None:
    manager = signed_in_client(manager_mo)
    asked = {"site": shadyside.pk, "modality": "mri"}
    page = manager.post(reverse("calendar_feeds"), asked).content.decode()
    found = re.search(r"/calendars/([\w-]+)\.ics", page)
    assert found is not None
    assert "VCALENDAR" in read(found[1])
    assert found[1] not in manager.get(reverse("calendar_feeds")).content.decode()
    assert found[1] not in str(CalendarFeed.objects.values())


def test_nobody_makes_or_ends_a_feed_of_another_site(
    secret: str, manager_mo: User, foothills: Site, scheduler_ana: User
) -> None:
    other = make_feed(foothills, Modality.MRI, by=manager_mo)[0]
    manager = signed_in_client(manager_mo)
    assert manager.post(reverse("calendar_feed_end", args=[other.pk])).status_code == 404
    assert manager.post(reverse("calendar_feeds"), {"site": foothills.pk, "modality": "mri"}).status_code == 422
    assert signed_in_client(scheduler_ana).get(reverse("calendar_feeds")).status_code == 403


def test_the_number_of_queries_does_not_grow_with_the_visits(secret: str, shadyside: Site) -> None:
    room, counts = RoomFactory.create(site=shadyside, modality=Modality.MAMMOGRAPHY), []
    for _more in range(2):
        book(shadyside, room)
        with CaptureQueriesContext(connection) as queries:
            read(secret)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 4

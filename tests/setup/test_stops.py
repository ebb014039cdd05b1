"""Where a mobile unit stands on which day is set up on a page of its own."""

from datetime import timedelta

import pytest
from django.urls import reverse

from clinic import calendar
from clinic.models import Site, User
from recalls.models import Room, RoomStop
from recalls.testing.factories import RoomFactory
from tests.desk.conftest import ClientFor, client_for, page_text

__all__ = ["client_for"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def van(shadyside: Site) -> Room:
    room: Room = RoomFactory.create(site=shadyside, name="Van")
    room.hours.all().delete()
    return room


def _stop(site: Site, **more: str) -> dict[str, str]:
    day = calendar.next_open_day(site, calendar.today(site) + timedelta(days=3))
    return {"day": str(day), "opens": "09:00", "closes": "15:00", "place": "Hillside Mall",
            "address_line": "5 Sample Road", "city": "Millvale", **more}  # fmt: skip


def test_a_first_stop_makes_the_room_a_mobile_unit_and_may_be_removed(
    client_for: ClientFor, administrator_ada: User, shadyside: Site, van: Room
) -> None:
    ada, page = client_for(administrator_ada), reverse("setup_stops", args=[shadyside.pk, van.pk])
    assert ada.post(page, _stop(shadyside)).status_code == 302
    van.refresh_from_db()
    assert van.is_mobile
    assert "Hillside Mall, 5 Sample Road, Millvale" in page_text(ada.get(page))
    stop = RoomStop.objects.get()
    ada.post(reverse("setup_stop_delete", args=[shadyside.pk, van.pk, stop.pk]))
    assert not RoomStop.objects.exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"day": "2020-01-07"}, "Check the year"),
        ({"day": "2099-01-07"}, "Check the year"),
        ({"opens": "15:00", "closes": "09:00"}, "The last visit must end after the first one begins."),
    ],
)
def test_a_stop_that_cannot_be_is_refused_with_what_to_mend(
    typed: dict[str, str], words: str, client_for: ClientFor, administrator_ada: User, shadyside: Site, van: Room
) -> None:
    page = reverse("setup_stops", args=[shadyside.pk, van.pk])
    assert words in page_text(client_for(administrator_ada).post(page, _stop(shadyside, **typed)))
    assert not RoomStop.objects.exists()


def test_a_room_with_a_week_of_its_own_gets_no_stop(
    client_for: ClientFor, administrator_ada: User, shadyside: Site
) -> None:
    room = RoomFactory.create(site=shadyside, name="Mammography 1")
    page = reverse("setup_stops", args=[shadyside.pk, room.pk])
    answer = page_text(client_for(administrator_ada).post(page, _stop(shadyside)))
    assert "This room has weekly hours" in answer

"""What patients hang on is changed where a change asks first, and nowhere else."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from clinic import calendar
from clinic.factories import UserFactory, get_site_staff
from clinic.models import OpeningHours, Site, User
from recalls import actions
from recalls.actions import Slot
from recalls.enums import WorkItemKind
from recalls.models import WorkItem
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.desk.conftest import ClientFor
from tests.support.admin_pages import change_url, site_form_data

pytestmark = pytest.mark.django_db


def test_the_administration_changes_no_code_clock_holidays_or_hours(
    client_for: ClientFor, administrator_ada: User, shadyside: Site
) -> None:
    typed = {
        "code": "RIVER", "assigning_authority": "VALLEY", "time_zone": "America/Chicago", "subdivision": "VT",
        "opening_hours-0-DELETE": "on", "phone": "412 555 0177",
    }  # fmt: skip
    answer = client_for(administrator_ada).post(change_url(shadyside), site_form_data(shadyside, **typed))
    assert answer.status_code == 302
    kept = Site.objects.get(pk=shadyside.pk)
    assert kept.phone == "412 555 0177"
    assert (kept.code, kept.assigning_authority, kept.time_zone, kept.subdivision) == (
        "SHADY", "", "America/New_York", "PA",
    )  # fmt: skip
    assert OpeningHours.objects.filter(site=shadyside).count() == 5


@pytest.mark.parametrize("is_superuser", [False, True])
def test_the_administration_changes_no_room(
    is_superuser: bool, client_for: ClientFor, administrator_ada: User, shadyside: Site
) -> None:
    User.objects.filter(pk=administrator_ada.pk).update(is_superuser=is_superuser)
    room = RoomFactory.create(site=shadyside)
    browser = client_for(administrator_ada)
    assert browser.post(change_url(room), {"name": "Gone"}).status_code == 403
    assert browser.get(reverse("admin:recalls_room_add")).status_code == 403
    assert browser.get(reverse("admin:clinic_site_add")).status_code == 403


def test_somebody_made_on_the_command_line_may_set_up_the_first_site(client_for: ClientFor, db: None) -> None:
    UserFactory.create(username="root", roles=[], sites=[], is_staff=True, is_superuser=True, last_name="Example-Root")
    assert client_for(User.objects.get(username="root")).get(reverse("setup")).status_code == 200


def test_a_visit_that_stays_on_a_closed_day_is_a_task(client_for: ClientFor, manager_mo: User, shadyside: Site) -> None:
    with time_machine.travel(datetime(2026, 8, 4, 14, 0, tzinfo=UTC), tick=False):
        day = date(2026, 8, 13)
        recalls = [RecallFactory.create(site=shadyside) for _ in range(2)]
        for hour, recall in enumerate(recalls, start=9):
            slot = Slot(shadyside, calendar.instant(shadyside, day, time(hour, 15)))
            actions.book_appointment(recall, slot, by=get_site_staff(shadyside).scheduler)
        form: dict[str, Any] = {"site": shadyside.pk, "day": str(day), "reason": "Flood", "move": []}
        client_for(manager_mo).post(reverse("close_day"), form)
    tasks = WorkItem.objects.filter(kind=WorkItemKind.CLOSED_DAY)
    assert {task.recall_id for task in tasks} == {recall.pk for recall in recalls}
    assert {task.reason for task in tasks} == {
        "Thu 13 Aug, 9:15 am: closed that day.", "Thu 13 Aug, 10:15 am: closed that day.",
    }  # fmt: skip


def test_the_board_of_an_administrator_says_how_much_is_still_to_do(
    client_for: ClientFor, administrator_ada: User, shadyside: Site
) -> None:
    page = client_for(administrator_ada).get(reverse("admin:index")).text
    assert "Set-up: 5 points are still to do" in page
    assert reverse("setup") in page

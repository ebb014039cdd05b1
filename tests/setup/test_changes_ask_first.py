"""A change of a site's settings that touches patients asks first, names them, and then sees to each of them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic import calendar
from clinic.factories import get_site_staff
from clinic.models import AccessLog, Closure, OpeningHours, Site, User
from notifications.enums import NotificationKind, NotificationState
from notifications.models import Notification
from recalls import actions
from recalls.actions import Slot
from recalls.enums import Assessment, VisitKind, WorkItemKind
from recalls.models import Appointment, Recall, Room, WorkItem
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.desk.conftest import ClientFor, page_text

WEDNESDAY = datetime(2026, 9, 9, 15, 0, tzinfo=UTC)
THURSDAY = date(2026, 9, 24)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_on_wednesday")]


@pytest.fixture
def _on_wednesday() -> Iterator[None]:
    with time_machine.travel(WEDNESDAY, tick=False):
        yield


@pytest.fixture
def ada(client_for: ClientFor, administrator_ada: User) -> Client:
    return client_for(administrator_ada)


def _book(site: Site, at: time = time(14), day: date = THURSDAY, **slot: Any) -> Recall:
    recall = RecallFactory.create(site=site)
    actions.book_appointment(
        recall, Slot(site, calendar.instant(site, day, at), **slot), by=get_site_staff(site).scheduler
    )
    return recall


def _form(browser: Client, url: str) -> dict[str, Any]:
    """What the page would send as it stands."""
    context: Any = browser.get(url).context
    forms = [context["form"], *([context["week"]] if "week" in context else [])]
    fields = [field for form in forms for field in form if field.value() not in (None, False)]
    return {field.html_name: field.value() for field in fields}


def _change(browser: Client, url: str, **typed: Any) -> Any:
    return browser.post(url, _form(browser, url) | typed)


def _say_yes(browser: Client, url: str, page: Any) -> Any:
    typed: dict[str, Any] = {}
    for name, value in page.context["fields"]:
        typed.setdefault(name, []).append(value)
    return browser.post(url, typed | {"confirmed": page.context["digest"]})


def _starts(site: Site) -> list[str]:
    zone = Site.objects.get(pk=site.pk).zone
    return [f"{at.astimezone(zone):%d %b %H:%M}" for at in Appointment.objects.values_list("starts_at", flat=True)]


def test_a_corrected_zone_leaves_the_time_of_day_that_the_patient_was_told(ada: Client, shadyside: Site) -> None:
    recall = _book(shadyside)
    Notification.objects.filter(kind=NotificationKind.APPOINTMENT_CONFIRMATION).update(state=NotificationState.ACCEPTED)
    url = reverse("setup_site", args=[shadyside.pk])
    page = _change(ada, url, time_zone="America/Denver")
    assert str(recall.patient) in page_text(page)
    assert Site.objects.get(pk=shadyside.pk).time_zone == "America/New_York"
    assert AccessLog.objects.filter(patient_id=recall.patient_id).exists()
    before = Appointment.objects.get().starts_at
    _say_yes(ada, url, page)
    assert _starts(shadyside) == ["24 Sep 14:00"]
    assert Appointment.objects.get().starts_at != before
    planned = Notification.objects.filter(recall=recall, state=NotificationState.PLANNED, appointment__isnull=False)
    assert set(planned.values_list("appointment_sequence", flat=True)) == {1}
    assert planned.filter(kind=NotificationKind.APPOINTMENT_CHANGED).exists()
    zone = Site.objects.get(pk=shadyside.pk).zone
    ends = planned.get(occasion__endswith="-1d").expires_at
    assert ends
    assert f"{ends.astimezone(zone):%d %H:%M}" == "24 12:00"


def test_a_biopsy_keeps_its_time_of_day_too(ada: Client, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, biopsy_to_book=True)
    slot = Slot(shadyside, calendar.instant(shadyside, THURSDAY, time(9, 30)), VisitKind.BIOPSY)
    actions.book_biopsy(recall, slot, by=get_site_staff(shadyside).scheduler)
    url = reverse("setup_site", args=[shadyside.pk])
    _say_yes(ada, url, _change(ada, url, time_zone="America/Chicago"))
    visit = recall.appointments.latest("pk")
    assert f"{visit.starts_at.astimezone(Site.objects.get(pk=shadyside.pk).zone):%H:%M}" == "09:30"


def test_a_weekday_that_is_shut_opens_a_task_for_each_of_its_visits(ada: Client, shadyside: Site) -> None:
    on_thursday, on_friday = _book(shadyside), _book(shadyside, day=date(2026, 9, 25))
    url = reverse("setup_hours", args=[shadyside.pk])
    page = _change(ada, url, **{"week-opens_3_0": "", "week-closes_3_0": ""})
    assert str(on_thursday.patient) in page_text(page)
    assert "closed that day" in page_text(page)
    assert len(page.context["rows"]) == 1
    assert OpeningHours.objects.filter(site=shadyside, weekday=3).exists()
    assert not WorkItem.objects.filter(kind=WorkItemKind.CLOSED_DAY).exists()
    _say_yes(ada, url, page)
    assert WorkItem.objects.get(kind=WorkItemKind.CLOSED_DAY).recall == on_thursday
    assert not OpeningHours.objects.filter(site=shadyside, weekday=3).exists()
    assert _starts(shadyside) == ["24 Sep 14:00", "25 Sep 14:00"]
    assert on_friday.work_items.count() == 0


def test_shorter_hours_name_the_visits_that_fall_out_of_them(ada: Client, shadyside: Site) -> None:
    _book(shadyside, time(9))
    late = _book(shadyside, time(16))
    url = reverse("setup_hours", args=[shadyside.pk])
    page = _change(ada, url, **{"week-closes_3_0": "12:30"})
    assert [row["name"] for row in page.context["rows"]] == [str(late.patient)]
    assert page.context["rows"][0]["problem"] == "outside the opening hours"


def test_closed_days_of_several_sites_name_the_visits_of_each(
    ada: Client, administrator_ada: User, shadyside: Site, foothills: Site
) -> None:
    administrator_ada.sites.add(foothills)
    for site in (shadyside, foothills):
        _book(site)
    url = reverse("setup_closed_days")
    typed = {"first": "2026-09-23", "last": "2026-09-25", "reason": "Move", "sites": [shadyside.pk, foothills.pk]}
    page = ada.post(url, typed)
    assert sorted(row["site"] for row in page.context["rows"]) == [foothills.name, shadyside.name]
    assert f"Closed Wed 23 Sep to Fri 25 Sep, {foothills.name}, {shadyside.name}: Move" in page_text(page)
    assert {row["before"] for row in page.context["rows"]} == {"Thu 24 Sep, 2:00 pm"}
    _say_yes(ada, url, page)
    assert Closure.objects.count() == 6
    assert WorkItem.objects.filter(kind=WorkItemKind.CLOSED_DAY).count() == 2


def test_closing_a_day_by_which_a_5_must_be_reached_says_how_many_and_moves_no_limit(
    ada: Client, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside)  # a 0 has time
    five = RecallFactory.create(site=shadyside, exam__assessment=Assessment.HIGHLY_SUGGESTIVE)
    due = five.due_at
    assert due is not None
    day = calendar.local_day(shadyside, due)
    url = reverse("setup_closed_days")
    typed = {"first": str(day), "last": str(day + timedelta(days=30)), "reason": "Move", "sites": [shadyside.pk]}
    page = ada.post(url, typed)
    assert "1 patient with a result of 4 or 5 has a limit on a day that would be closed." in page_text(page)
    assert not Closure.objects.exists()
    _say_yes(ada, url, page)
    five.refresh_from_db()
    assert (Closure.objects.count(), five.due_at) == (31, due)


def test_a_state_whose_holiday_falls_on_a_visit_asks(ada: Client, shadyside: Site) -> None:
    Site.objects.filter(pk=shadyside.pk).update(subdivision="VT")
    recall = _book(Site.objects.get(pk=shadyside.pk), day=date(2026, 10, 12))  # Columbus Day, not kept in Vermont
    url = reverse("setup_site", args=[shadyside.pk])
    page = _change(ada, url, subdivision="PA")
    assert [row["name"] for row in page.context["rows"]] == [str(recall.patient)]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [({"in_use": ""}, "the room is out of use"), ({"week-closes_3_0": "13:00"}, "the room is not open then")],
)
def test_a_room_that_goes_asks_for_its_own_visits_only(
    typed: dict[str, str], problem: str, ada: Client, shadyside: Site
) -> None:
    room = RoomFactory.create(site=shadyside, hours=(time(8), time(17)))
    recall = _book(shadyside, room=room)
    _book(shadyside)
    url = reverse("setup_room", args=[shadyside.pk, room.pk])
    page = _change(ada, url, **typed)
    assert [(row["name"], row["problem"]) for row in page.context["rows"]] == [(str(recall.patient), problem)]
    _say_yes(ada, url, page)
    assert recall.work_items.get().kind == WorkItemKind.CLOSED_DAY
    assert Room.objects.get().in_use is (problem != "the room is out of use")


def test_a_new_code_says_how_many_patients_bear_the_old_one(ada: Client, shadyside: Site) -> None:
    RecallFactory.create(site=shadyside)
    url = reverse("setup_site", args=[shadyside.pk])
    page = _change(ada, url, code="RIVER")
    assert "1 patient bears a record number under the present name" in page_text(page)
    assert Site.objects.get(pk=shadyside.pk).code == "SHADY"
    _say_yes(ada, url, page)
    assert Site.objects.get(pk=shadyside.pk).former_authorities == ("SHADY",)


def test_a_yes_to_another_list_is_no_yes(ada: Client, shadyside: Site) -> None:
    _book(shadyside)
    url = reverse("setup_hours", args=[shadyside.pk])
    page = _change(ada, url, **{"week-opens_3_0": "", "week-closes_3_0": ""})
    later = _book(shadyside, time(10))
    again = _say_yes(ada, url, page)
    assert str(later.patient) in page_text(again)
    assert OpeningHours.objects.filter(site=shadyside, weekday=3).exists()


def test_a_change_that_touches_nobody_is_saved_at_once(ada: Client, shadyside: Site) -> None:
    _book(shadyside)
    url = reverse("setup_hours", args=[shadyside.pk])
    assert _change(ada, url, **{"week-closes_0_0": "16:00"}).status_code == 302
    assert OpeningHours.objects.get(site=shadyside, weekday=0).closes == time(16)


def test_moving_the_visit_ends_its_task(ada: Client, shadyside: Site, scheduler_ana: User) -> None:
    recall = _book(shadyside)
    actions.open_closed_day_task(recall, "Thu 24 Sep, 2:00 pm: closed that day.")
    actions.reschedule(
        recall, Slot(shadyside, calendar.instant(shadyside, date(2026, 9, 28), time(9))), by=scheduler_ana
    )
    assert WorkItem.objects.get().done_by == scheduler_ana

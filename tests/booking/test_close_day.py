"""Closing a day moves its appointments by the ordinary step, with one message for each patient."""

from datetime import date, datetime, time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic import calendar
from clinic.factories import get_site_staff
from clinic.models import Closure, Site, User
from notifications.enums import NotificationKind
from notifications.models import Notification
from recalls import actions
from recalls.actions import Slot
from recalls.enums import Assessment, State, VisitKind
from recalls.models import Appointment, Recall, Room
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.desk.conftest import ClientFor, client_for, page_text

__all__ = ["client_for"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_at_tuesday_morning")]
WEDNESDAY = date(2026, 11, 25)
URL = reverse("close_day")


def _create_booked_recall(room: Room, hour: int, **facts: object) -> Recall:
    site = room.site
    recall = RecallFactory.create(site=site, **facts)
    slot = Slot(site, calendar.instant(site, WEDNESDAY, time(hour)), room=room)
    actions.book_appointment(recall, slot, by=get_site_staff(site).scheduler)
    return recall


def _get_preview(browser: Client, site: Site) -> Any:
    return browser.get(URL, {"site": str(site.pk), "day": str(WEDNESDAY)})


def _preview_form_data(page: Any, site: Site) -> dict[str, Any]:
    """What the preview would send as it stands."""
    rows = page.context["movable"]
    typed: dict[str, Any] = {"site": site.pk, "day": str(WEDNESDAY), "reason": "Ice.", "move": []}
    for row in rows:
        typed["move"] = [*typed["move"], row.pk]
        typed |= {f"to-{row.pk}": row.slot_value, f"version-{row.pk}": row.version, f"sequence-{row.pk}": row.sequence}
    return typed


def _new_times(site: Site) -> list[str]:
    starts = Appointment.objects.order_by("starts_at").values_list("starts_at", flat=True)
    return [at.astimezone(site.zone).strftime("%d %b %H:%M") for at in starts]


def test_the_preview_changes_nothing(client_for: ClientFor, manager_mo: User, shadyside: Site, room: Room) -> None:
    recall = _create_booked_recall(room, 9)
    page = _get_preview(client_for(manager_mo), shadyside)
    assert [(row.old_time, row.new_time) for row in page.context["movable"]] == [
        ("9:00 am", "Mon 30 Nov, 9:00 am, Mammo 1")
    ]
    recall.refresh_from_db()
    assert (recall.version, Closure.objects.count()) == (2, 0)


@pytest.mark.parametrize("who", ["manager_mo", "scheduler_ana", "navigator_nia"])
def test_the_day_is_closed_and_everybody_gets_another_time_and_a_message(
    who: str, client_for: ClientFor, shadyside: Site, room: Room, request: pytest.FixtureRequest
) -> None:
    recalls = [_create_booked_recall(room, hour) for hour in (9, 10, 11)]
    targets = [recall.target_at for recall in recalls]
    Notification.objects.update(state="accepted")  # every one of them was told the first time
    browser = client_for(request.getfixturevalue(who))
    answer = browser.post(URL, _preview_form_data(_get_preview(browser, shadyside), shadyside))
    assert answer.status_code == 302
    assert _new_times(shadyside) == ["30 Nov 09:00", "30 Nov 10:00", "30 Nov 11:00"]
    assert list(Closure.objects.values_list("day", "reason")) == [(WEDNESDAY, "Ice.")]
    for recall, target in zip(recalls, targets, strict=True):
        recall.refresh_from_db()
        assert (recall.state, recall.target_at) == (State.SCHEDULED, target)
        assert recall.events.latest("pk").step == "reschedule"
    assert Notification.objects.filter(kind=NotificationKind.APPOINTMENT_CHANGED).count() == 3
    page = browser.get(answer.headers["Location"])
    assert "The day is closed; 3 visits moved." in page_text(page)
    assert "Nobody is booked on Wed 25 Nov any more." in page_text(page)


def test_sent_twice_it_moves_nobody_twice(client_for: ClientFor, manager_mo: User, shadyside: Site, room: Room) -> None:
    recall = _create_booked_recall(room, 9)
    browser = client_for(manager_mo)
    typed = _preview_form_data(_get_preview(browser, shadyside), shadyside)
    for _ in range(2):
        browser.post(URL, typed)
    recall.refresh_from_db()
    assert (recall.version, recall.appointments.get().sequence) == (3, 1)
    assert Closure.objects.count() == 1


def test_the_most_urgent_patient_gets_the_first_time(
    client_for: ClientFor, manager_mo: User, shadyside: Site, room: Room
) -> None:
    _create_booked_recall(room, 9)
    urgent = _create_booked_recall(room, 11, exam__assessment=Assessment.SUSPICIOUS_C)
    rows = _get_preview(client_for(manager_mo), shadyside).context["movable"]
    assert (rows[0].name, rows[0].new_time) == (str(urgent.patient), "Mon 30 Nov, 9:00 am, Mammo 1")
    assert rows[1].new_time == "Mon 30 Nov, 10:00 am, Mammo 1"


def test_who_cannot_be_moved_stays_and_the_page_says_why(
    client_for: ClientFor, manager_mo: User, shadyside: Site, room: Room
) -> None:
    scheduler = get_site_staff(shadyside).scheduler
    at_nine = calendar.instant(shadyside, WEDNESDAY, time(9))
    biopsy = RecallFactory.create(site=shadyside, biopsy_to_book=True)
    actions.book_biopsy(biopsy, Slot(shadyside, at_nine, VisitKind.BIOPSY), by=scheduler)
    mri = RecallFactory.create(site=shadyside)
    actions.book_appointment(mri, Slot(shadyside, at_nine, VisitKind.MRI), by=scheduler)
    page = _get_preview(client_for(manager_mo), shadyside)
    assert page.context["movable"] == []
    assert "A biopsy is not moved automatically" in page_text(page)
    assert "No room is set up for this kind of visit" in page_text(page)


def test_a_row_that_changed_meanwhile_is_left_and_the_others_go(
    client_for: ClientFor, manager_mo: User, shadyside: Site, room: Room
) -> None:
    first, second = _create_booked_recall(room, 9), _create_booked_recall(room, 10)
    browser = client_for(manager_mo)
    typed = _preview_form_data(_get_preview(browser, shadyside), shadyside)
    actions.confirm(first, by=get_site_staff(shadyside).scheduler)
    page = browser.get(browser.post(URL, typed).headers["Location"])
    assert "1 visit could not be moved as shown" in page_text(page)
    assert [row.name for row in page.context["movable"]] == [str(first.patient)]
    second.refresh_from_db()
    assert second.appointments.get().sequence == 1


def test_an_unticked_row_stays(client_for: ClientFor, manager_mo: User, shadyside: Site, room: Room) -> None:
    recall = _create_booked_recall(room, 9)
    browser = client_for(manager_mo)
    browser.post(URL, {**_preview_form_data(_get_preview(browser, shadyside), shadyside), "move": []})
    recall.refresh_from_db()
    assert recall.version == 2
    page = browser.get(URL)
    assert "Closed, and visits still booked" in page_text(page)


def test_the_day_is_not_closed_by_those_who_may_not(
    client_for: ClientFor, radiologist_rao: User, other_site_scheduler: User, shadyside: Site, room: Room
) -> None:
    _create_booked_recall(room, 9)
    typed = {"site": shadyside.pk, "day": str(WEDNESDAY)}
    assert client_for(radiologist_rao).post(URL, typed).status_code == 403
    assert client_for(other_site_scheduler).post(URL, typed).status_code == 404
    assert not Closure.objects.exists()


@pytest.mark.parametrize("day", ["", "soon", "2026-11-23"])
def test_a_day_that_cannot_be_closed_is_said_at_the_field(
    day: str, client_for: ClientFor, manager_mo: User, shadyside: Site
) -> None:
    page = client_for(manager_mo).get(URL, {"site": str(shadyside.pk), "day": day})
    assert page.context["problem"]


def test_forty_patients_find_forty_different_times(
    client_for: ClientFor, manager_mo: User, shadyside: Site, room: Room
) -> None:
    rooms = [RoomFactory.create(site=shadyside) for _ in range(4)]
    for one in rooms:
        for hour in range(8, 17):
            _create_booked_recall(one, hour)
    browser = client_for(manager_mo)
    browser.post(URL, _preview_form_data(_get_preview(browser, shadyside), shadyside))
    visits = list(Appointment.objects.values_list("room", "starts_at"))
    assert len(set(visits)) == len(visits) == 36
    assert all(at > datetime.fromisoformat("2026-11-27T00:00:00+00:00") for _room, at in visits)


def test_a_day_by_which_a_5_must_be_reached_is_closed_only_by_who_says_that_somebody_reaches_them(
    client_for: ClientFor, manager_mo: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside, exam__assessment=Assessment.HIGHLY_SUGGESTIVE)
    assert recall.due_at is not None
    assert calendar.local_day(shadyside, recall.due_at) == WEDNESDAY
    browser = client_for(manager_mo)
    assert "1 patient with a result of 4 or 5 has a limit on this day." in page_text(_get_preview(browser, shadyside))
    typed = {"site": shadyside.pk, "day": str(WEDNESDAY), "reason": "Ice."}
    answer = browser.post(URL, typed, follow=True)
    assert "say who reaches the patients with a 4 or 5" in page_text(answer)
    assert not Closure.objects.exists()
    browser.post(URL, typed | {"limits_seen": "1"})
    assert Closure.objects.count() == 1

"""The booking page offers what the visit needs, and choosing a time books it."""

from datetime import UTC, datetime, time
from typing import Any

import pytest
from django.urls import reverse

from clinic import calendar
from clinic.factories import get_site_staff
from clinic.models import Site, User
from recalls import actions
from recalls.actions import Slot
from recalls.enums import Modality, State
from recalls.models import Appointment, Recall, Room, VisitLength
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.desk.conftest import ClientFor, StepFormClient, client_for, page_text

__all__ = ["client_for"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_at_tuesday_morning")]
MAX_QUERIES = 24  # the recall with everything around it takes 14 of them: docs/decisions/0011


def _get_step_page(at: ClientFor, user: User, recall: Recall, step: str = "book_appointment", **asked: str) -> Any:
    return at(user).get(reverse("step", args=[recall.pk, step]), asked)


def _slot_labels(page: Any) -> list[str]:
    return [choice.label for day in page.context["days"] for _part, choices in day.parts for choice in choices]


def _slot_value(room: Room, text: str) -> str:
    return f"{room.pk}@{text}"


def test_the_next_free_times_come_first_and_one_of_them_books_the_visit(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = _get_step_page(client_for, scheduler_ana, recall)
    assert _slot_labels(page)[:3] == [
        "Tue 24 Nov, 10:30 am, Mammo 1",
        "Tue 24 Nov, 11:00 am, Mammo 1",
        "Wed 25 Nov, 9:00 am, Mammo 1",
    ]
    answer = StepFormClient(client_for(scheduler_ana), recall, "book_appointment").send(
        slot=_slot_value(room, "2026-11-25T09:00-05:00"), kind="diagnostic"
    )
    assert answer.status_code == 302, page_text(answer)
    visit = recall.appointments.get()
    assert (visit.room, visit.starts_at) == (room, datetime(2026, 11, 25, 14, 0, tzinfo=UTC))
    assert visit.length_minutes == 60


def test_an_interpreter_and_implants_make_the_visit_longer(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(patient__site=shadyside, patient__spanish_speaker=True)
    VisitLength.objects.create(site=shadyside, what="interpreter", minutes=40)
    page = _get_step_page(client_for, scheduler_ana, recall)
    assert page.context["duration_minutes"] == 100
    asked = {"site": str(shadyside.pk), "kind": "diagnostic", "interpreter": "on", "implants": "on"}
    page = _get_step_page(client_for, scheduler_ana, recall, **asked)
    assert page.context["duration_minutes"] == 115
    StepFormClient(client_for(scheduler_ana), recall, "book_appointment").send(
        slot=_slot_value(room, "2026-11-25T09:00-05:00"), **asked
    )
    visit = recall.appointments.get()
    assert (visit.length_minutes, visit.interpreter, visit.implants) == (115, True, True)


def test_the_week_shows_what_is_free_and_says_why_a_day_is_empty(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = _get_step_page(client_for, scheduler_ana, recall, view="week")
    week = page.context["week"]
    assert [(head.text, head.note) for head in week.day_headers] == [
        ("Mon 23 Nov", "past"),
        ("Tue 24 Nov", ""),
        ("Wed 25 Nov", ""),
        ("Thu 26 Nov", "shut"),
        ("Fri 27 Nov", "shut"),
    ]
    clock, cells = week.rows[0]
    assert (clock, [bool(cell) for cell in cells]) == ("9:00 am", [False, False, True, False, False])
    later = _get_step_page(client_for, scheduler_ana, recall, view="week", **{"from": "2026-12-02"})
    assert later.context["week"].title == "Week of Mon 30 Nov"


def test_a_list_ends_with_a_whole_day_and_the_next_begins_after_it(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    browser, url, seen = client_for(scheduler_ana), reverse("step", args=[recall.pk, "book_appointment"]), []
    for _ in range(3):
        page = browser.get(url)
        seen += _slot_labels(page)
        url = page.context["next_url"]
    assert len(seen) == len(set(seen)) > 30
    days = [label.partition(",")[0] for label in seen]
    assert {day: days.count(day) for day in days[2:]} == dict.fromkeys(days[2:], 5), "every day has all its times"


def test_a_time_taken_meanwhile_is_refused_and_the_page_shows_what_is_left(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    mine, theirs = (RecallFactory.create(site=shadyside) for _ in range(2))
    form = StepFormClient(client_for(scheduler_ana), mine, "book_appointment")
    starts_at = calendar.instant(shadyside, datetime(2026, 11, 25).date(), time(9))
    actions.book_appointment(theirs, Slot(shadyside, starts_at, room=room), by=get_site_staff(shadyside).scheduler)
    answer = form.send(slot=_slot_value(room, "2026-11-25T09:00-05:00"))
    assert "Somebody else has just taken this time" in page_text(answer)
    assert "Wed 25 Nov, 9:00 am, Mammo 1" not in _slot_labels(answer)
    mine.refresh_from_db()
    assert mine.state == State.TO_CONTACT


@pytest.mark.parametrize("slot", ["", "nonsense", "999999@2026-11-25T09:00-05:00", "{room}@2026-11-25T09:00"])
def test_only_a_time_shown_on_the_page_is_accepted(
    slot: str, client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    answer = StepFormClient(client_for(scheduler_ana), recall, "book_appointment").send(slot=slot.format(room=room.pk))
    assert ("Choose a time." if not slot else "Choose one of the times shown.") in page_text(answer)
    assert not Appointment.objects.exists()


def test_where_rooms_are_set_up_a_typed_time_needs_its_room_and_a_reason(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    typed = {"day": "2026-12-02", "time": "06:30", "length_minutes": "60", "kind": "diagnostic"}
    answer = StepFormClient(client_for(scheduler_ana), recall, "book_appointment").send(**typed)
    assert page_text(answer).count("A typed time needs this too.") >= 2
    assert not Appointment.objects.exists()


def test_a_kind_of_visit_without_a_room_is_booked_by_a_typed_time(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    typed = {"day": "2026-12-02", "time": "09:30", "length_minutes": "60", "kind": "mri"}
    answer = StepFormClient(client_for(scheduler_ana), recall, "book_appointment").send(**typed)
    assert answer.status_code == 302, page_text(answer)
    assert recall.appointments.get().room is None


def test_a_moved_visit_may_overlap_its_own_old_time(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    starts_at = calendar.instant(shadyside, datetime(2026, 11, 25).date(), time(9))
    actions.book_appointment(recall, Slot(shadyside, starts_at, room=room), by=scheduler_ana)
    assert "Wed 25 Nov, 9:30 am, Mammo 1" in _slot_labels(
        _get_step_page(client_for, scheduler_ana, recall, "reschedule")
    )
    form = StepFormClient(client_for(scheduler_ana), recall, "reschedule")
    assert form.send(slot=_slot_value(room, "2026-11-25T09:30-05:00")).status_code == 302
    assert recall.appointments.get().sequence == 1


def test_a_biopsy_is_booked_from_the_times_of_a_biopsy_room(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    biopsy = RoomFactory.create(site=shadyside, name="Biopsy", modality=Modality.BIOPSY)
    recall = RecallFactory.create(site=shadyside, biopsy_to_book=True)
    page = _get_step_page(client_for, scheduler_ana, recall, "book_biopsy")
    assert page.context["duration_minutes"] == 90
    assert all(label.endswith("Biopsy") for label in _slot_labels(page))
    form = StepFormClient(client_for(scheduler_ana), recall, "book_biopsy")
    assert form.send(slot=_slot_value(biopsy, "2026-11-25T08:00-05:00")).status_code == 302
    recall.refresh_from_db()
    assert recall.state == State.BIOPSY_BOOKED


def test_another_of_the_users_sites_can_be_chosen_and_a_foreign_site_cannot(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, foothills: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    there = RoomFactory.create(site=foothills, name="Denver 1")
    asked = {"site": str(foothills.pk), "kind": "diagnostic"}
    assert _get_step_page(client_for, scheduler_ana, recall, **asked).context["slot_query"].site == shadyside
    scheduler_ana.sites.add(foothills)
    page = _get_step_page(client_for, scheduler_ana, recall, **asked)
    assert {label.rpartition(", ")[2] for label in _slot_labels(page)} == {there.name}
    form = StepFormClient(client_for(scheduler_ana), recall, "book_appointment")
    form.send(slot=_slot_value(there, "2026-11-25T09:00-07:00"), **asked)
    assert recall.appointments.get().starts_at == datetime(2026, 11, 25, 16, 0, tzinfo=UTC)


def test_a_page_of_times_asks_as_much_with_a_full_room_as_with_an_empty_one(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room, django_assert_max_num_queries: Any
) -> None:
    recall = RecallFactory.create(site=shadyside)
    browser, url = client_for(scheduler_ana), reverse("step", args=[recall.pk, "book_appointment"])
    browser.get(url)
    for hour in (9, 10, 11):
        starts_at = calendar.instant(shadyside, datetime(2026, 11, 25).date(), time(hour))
        other = RecallFactory.create(site=shadyside)
        actions.book_appointment(other, Slot(shadyside, starts_at, room=room), by=scheduler_ana)
    with django_assert_max_num_queries(MAX_QUERIES):
        browser.get(url)

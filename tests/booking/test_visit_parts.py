"""Pictures and then ultrasound on one day are one booking: one patient, two rooms, one card, one message."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from icalendar import Calendar

from clinic import calendar
from clinic.actors import SYSTEM
from clinic.models import Closure, OpeningHours, Site, User
from notifications.models import Notification
from notifications.rendering.formatting import format_part_times
from portal.calendar_file import build_calendar_file
from recalls import actions
from recalls.actions import Slot
from recalls.actions.visit_day.room_entry import enter_room
from recalls.enums import Modality, VisitKind
from recalls.models import Appointment, Recall, Room, VisitLength, VisitPart
from recalls.permissions import StepRefused
from recalls.scheduling.day_closure import propose_reschedules
from recalls.testing.factories import RecallFactory, RoomFactory
from site_setup.agreements import find_touched, read_agreements
from tests.desk.conftest import ClientFor, StepFormClient, client_for, page_text

__all__ = ["client_for"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_at_tuesday_morning")]
WEDNESDAY = date(2026, 11, 25)
ULTRASOUND = (VisitKind.ULTRASOUND,)


@pytest.fixture
def second_room(shadyside: Site) -> Room:
    """Staffed until 11: an ultrasound of 45 minutes begins at 9:00, 9:30 or 10:00."""
    return RoomFactory.create(
        site=shadyside, name="Ultrasound 1", modality=Modality.ULTRASOUND, hours=(time(9), time(11))
    )


def _at(site: Site, hour: int, minute: int = 0, day: date = WEDNESDAY) -> datetime:
    return calendar.instant(site, day, time(hour, minute))


def _book(site: Site, by: User, room: Room, hour: int = 9, **more: Any) -> Recall:
    recall = RecallFactory.create(site=site)
    more.setdefault("then", ULTRASOUND)
    actions.book_appointment(recall, Slot(site, _at(site, hour), room=room, **more), by=by)
    return recall


def _parts(recall: Recall) -> list[tuple[str, str]]:
    zone = recall.site.zone
    rows = VisitPart.objects.filter(appointment__recall=recall).select_related("room")
    return [(str(part.room), part.starts_at.astimezone(zone).strftime("%d %H:%M")) for part in rows]


def test_the_second_part_takes_the_first_free_time_after_the_first_in_another_room(
    scheduler_ana: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    recall = _book(shadyside, scheduler_ana, room)
    assert _parts(recall) == [("Ultrasound 1", "25 10:00")]
    visit = recall.appointments.get()
    assert (visit.total_minutes, visit.explained_kind) == (105, VisitKind.DIAGNOSTIC_ULTRASOUND)


def test_a_booking_whose_second_part_finds_no_time_that_day_books_neither(
    scheduler_ana: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    _book(shadyside, scheduler_ana, room)
    with pytest.raises(ValidationError, match="No time is free for the second part"):
        _book(shadyside, scheduler_ana, room, hour=10)
    assert (Appointment.objects.count(), VisitPart.objects.count()) == (1, 1)


def test_the_room_of_a_second_part_is_taken_for_everybody_else_until_the_visit_is_cancelled(
    scheduler_ana: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    recall = _book(shadyside, scheduler_ana, room)
    ultrasound = {"kind": VisitKind.ULTRASOUND, "length_minutes": 45, "then": ()}
    with pytest.raises(ValidationError, match="has just taken this time"):
        _book(shadyside, scheduler_ana, second_room, hour=10, **ultrasound)
    actions.cancel_appointment(recall, by=scheduler_ana)
    assert _book(shadyside, scheduler_ana, second_room, hour=10, **ultrasound).appointments.get().is_active


def test_a_cancelled_visit_whose_second_room_was_given_away_is_not_brought_back(
    scheduler_ana: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    recall = _book(shadyside, scheduler_ana, room)
    actions.cancel_appointment(recall, by=scheduler_ana)
    _book(shadyside, scheduler_ana, second_room, hour=10, kind=VisitKind.ULTRASOUND, length_minutes=45, then=())
    with pytest.raises(StepRefused, match="has just been given to somebody else"):
        actions.undo(recall, by=scheduler_ana)


def test_over_a_second_part_only_who_may_overbook_books(
    navigator_nia: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    _book(shadyside, navigator_nia, room)
    over = {"kind": VisitKind.ULTRASOUND, "length_minutes": 45, "then": (), "reason": "Result of 5."}
    with pytest.raises(ValidationError, match="has just taken this time"):
        _book(shadyside, navigator_nia, second_room, hour=10, **over)
    assert _book(shadyside, navigator_nia, second_room, hour=10, overbook=True, **over).appointments.get().overbooked


def test_the_patient_is_not_booked_elsewhere_during_a_second_part(
    scheduler_ana: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    recall = _book(shadyside, scheduler_ana, room)
    other = RecallFactory.create(site=shadyside, patient=recall.patient)
    with pytest.raises(ValidationError, match="The patient has another visit then: Ultrasound"):
        actions.book_appointment(other, Slot(shadyside, _at(shadyside, 10, 15)), by=scheduler_ana)


def test_a_second_part_leaves_out_the_time_at_which_the_patient_has_another_visit(
    scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    RoomFactory.create(site=shadyside, name="Ultrasound 1", modality=Modality.ULTRASOUND, hours=(time(9), time(17)))
    recall = RecallFactory.create(site=shadyside)
    other = RecallFactory.create(site=shadyside, patient=recall.patient)
    actions.book_appointment(other, Slot(shadyside, _at(shadyside, 10)), by=scheduler_ana)
    actions.book_appointment(recall, Slot(shadyside, _at(shadyside, 9), room=room, then=ULTRASOUND), by=scheduler_ana)
    assert _parts(recall) == [("Ultrasound 1", "25 11:00")]


def test_a_moved_visit_takes_its_second_part_along_or_drops_it_when_asked(
    scheduler_ana: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    recall, monday = _book(shadyside, scheduler_ana, room), date(2026, 11, 30)
    actions.reschedule(recall, Slot(shadyside, _at(shadyside, 9, day=monday), room=room), by=scheduler_ana)
    assert _parts(recall) == [("Ultrasound 1", "30 10:00")]
    actions.reschedule(recall, Slot(shadyside, _at(shadyside, 10), room=room, then=()), by=scheduler_ana)
    assert (_parts(recall), recall.appointments.get().sequence) == ([], 2)


def test_a_corrected_time_zone_leaves_both_parts_at_their_time_of_day(
    scheduler_ana: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    recall = _book(shadyside, scheduler_ana, room)
    visit, system = recall.appointments.get(), actions.get_action("keep_clock_time")
    system(recall, {visit.pk: datetime(2026, 11, 25, 15, 0, tzinfo=UTC)}, by=SYSTEM)
    assert visit.parts.get().starts_at == datetime(2026, 11, 25, 16, 0, tzinfo=UTC)


def test_a_closed_day_proposes_a_time_and_moves_both_parts(
    scheduler_ana: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    recall = _book(shadyside, scheduler_ana, room)
    (proposal,) = propose_reschedules(shadyside, WEDNESDAY, frozenset({shadyside.pk}), datetime.now(UTC))
    assert proposal.free_slot is not None
    Closure.objects.create(site=shadyside, day=WEDNESDAY, reason="Storm")
    free = proposal.free_slot
    actions.reschedule(recall, Slot(shadyside, free.starts_at, room=free.room), by=scheduler_ana)
    assert _parts(recall)[0][1].startswith("30")


def test_a_change_of_hours_that_leaves_only_the_second_part_outside_touches_the_visit(
    scheduler_ana: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    _book(shadyside, scheduler_ana, room)
    before = read_agreements([shadyside.pk], datetime.now(UTC))
    OpeningHours.objects.filter(site=shadyside, weekday=WEDNESDAY.weekday()).update(closes=time(10, 15))
    assert [one.problem for one in find_touched(before)] == ["outside the opening hours"]


def test_the_patient_reads_both_times_and_gets_one_message_and_one_calendar_entry(
    scheduler_ana: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    recall = _book(shadyside, scheduler_ana, room)
    visit = recall.appointments.get()
    assert format_part_times("9:00 am", visit) == "9:00 am, second part at 10:00 am"
    planned = Notification.objects.filter(recall=recall, kind="appointment_confirmation")
    assert planned.count() == 1
    (entry,) = Calendar.from_ical(build_calendar_file(visit)).walk("VEVENT")
    assert entry.decoded("dtend") == datetime(2026, 11, 25, 15, 45, tzinfo=UTC)


def test_one_press_on_the_booking_page_adds_a_second_part_and_a_time_books_both(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    recall, browser = RecallFactory.create(site=shadyside), client_for(scheduler_ana)
    address = reverse("step", args=[recall.pk, "book_appointment"])
    assert "Add a second part: Ultrasound" in page_text(browser.get(address))
    page = browser.get(
        address, {"site": str(shadyside.pk), "kind": "diagnostic", "second": "ultrasound", "view": "list"}
    )
    choices = [choice for day in page.context["days"] for _part, found in day.parts for choice in found]
    assert choices[0].label == "Wed 25 Nov, 9:00 am, Mammo 1, then 10:00 am, Ultrasound 1"
    assert {choice.time_text for choice in choices} == {"9:00 am"}
    form = {field.name: field.value() for field in page.context["form"] if field.value() not in (None, "", False)}
    answer = browser.post(address, {**form, "slot": choices[0].value}, follow=True)
    assert "Booked: Wed 25 Nov, 9:00 am, Mammo 1; then 10:00 am, Ultrasound, 45 min, Ultrasound 1." in page_text(answer)
    assert _parts(recall) == [("Ultrasound 1", "25 10:00")]


def test_the_day_list_shows_the_second_part_and_the_arrivals_board_shows_it_in_its_room(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    today = date(2026, 11, 24)
    VisitLength.objects.create(site=shadyside, what="ultrasound", minutes=30)
    recall = RecallFactory.create(site=shadyside)
    slot = Slot(shadyside, _at(shadyside, 10, day=today), room=room, length_minutes=15, then=ULTRASOUND, reason="Now.")
    actions.book_appointment(recall, slot, by=scheduler_ana)
    browser = client_for(scheduler_ana)
    assert "then 10:30 am, Ultrasound, 30 min, Ultrasound 1" in page_text(browser.get(reverse("appointments")))
    found = browser.get(reverse("arrivals")).context["groups"]
    groups = {name: [row.time_text for row in rows] for name, rows in found}
    assert groups == {"Mammo 1": ["10:00 am"], "Ultrasound 1": ["10:30 am"]}


def test_who_has_arrived_is_noted_as_in_the_room_with_the_time_and_taken_back(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    actions.walk_in(recall, Slot(shadyside, datetime.now(UTC), room=room), by=scheduler_ana)
    visit, browser = recall.appointments.get(), client_for(scheduler_ana)
    version = Recall.objects.get(pk=recall.pk).version
    browser.post(reverse("room_entry", args=[visit.pk]), {"inside": "1", "back": reverse("arrivals")})
    board = page_text(browser.get(reverse("arrivals")))
    assert 'In the room <strong class="num">1</strong>' in board
    assert "since 10:00 am" in board
    assert Recall.objects.get(pk=recall.pk).version == version
    browser.post(reverse("room_entry", args=[visit.pk]), {"inside": ""})
    visit.refresh_from_db()
    assert (visit.in_room_at, visit.in_room_by) == (None, "")


def test_nobody_who_has_not_arrived_is_in_a_room(
    scheduler_ana: User, other_site_scheduler: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    visit = _book(shadyside, scheduler_ana, room).appointments.get()
    for by in (scheduler_ana, other_site_scheduler):
        with pytest.raises(StepRefused):
            enter_room(visit.pk, by=by)


def test_the_move_page_starts_from_the_second_part_that_is_booked(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room, second_room: Room
) -> None:
    recall = _book(shadyside, scheduler_ana, room)
    form = StepFormClient(client_for(scheduler_ana), recall, "reschedule")
    assert form.initial["second"] == "ultrasound"
    answer = form.send(slot=f"{room.pk}@2026-11-30T09:00-05:00")
    assert answer.status_code == 302, page_text(answer)
    assert _parts(recall) == [("Ultrasound 1", "30 10:00")]

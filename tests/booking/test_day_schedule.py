"""The day schedule says who comes and whom to ring first, and takes a step with one click."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic import calendar
from clinic.factories import get_site_staff
from clinic.models import Site, User
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import Slot
from recalls.enums import AppointmentStatus, State, VisitKind
from recalls.models import Appointment, Recall, Room
from recalls.permissions import StepUnavailable
from recalls.scheduling import day_schedule
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.desk.conftest import ClientFor, client_for, page_text

__all__ = ["client_for"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_at_tuesday_morning")]
MAX_QUERIES = 9
TODAY, TOMORROW = reverse("appointments"), reverse("appointments_tomorrow")
MISSED_TODAY_ONLY = "No appointment of today was missed."


def _create_booked_recall(site: Site, hour: int, *, days: int = 0, minute: int = 0, room: Room | None = None) -> Recall:
    recall = RecallFactory.create(site=site)
    day = calendar.local_day(site, timezone.now()) + timedelta(days=days)
    slot = Slot(site, calendar.instant(site, day, time(hour, minute)), room=room)
    actions.book_appointment(recall, slot, by=get_site_staff(site).scheduler)
    return recall


def _rows(page: Any) -> list[Any]:
    return [row for _title, rows in page.context["groups"] for row in rows]


def _post_step(browser: Client, recall: Recall, step: str, **changed: str) -> Any:
    visit = recall.appointments.latest("pk")
    typed = {"version": str(recall.version), "key": "k", "back": TODAY, **changed}
    answer = browser.post(reverse("appointment_step", args=[visit.pk, step]), typed)
    recall.refresh_from_db()
    return answer


def test_today_is_in_the_order_of_the_clock_with_rooms_and_status(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    late, early = _create_booked_recall(shadyside, 14), _create_booked_recall(shadyside, 11, room=room)
    _create_booked_recall(shadyside, 9, days=1)
    actions.confirm(early, by=scheduler_ana)
    rows = _rows(client_for(scheduler_ana).get(TODAY))
    shown = [(row.time_text, row.name, row.room, row.status_text) for row in rows]
    assert shown == [
        ("11:00 am", str(early.patient), "Mammo 1", "Confirmed"),
        ("2:00 pm", str(late.patient), "", "Not confirmed"),
    ]


def test_of_the_next_open_day_those_who_have_not_confirmed_come_first_with_their_number(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    confirmed, open_ = _create_booked_recall(shadyside, 9, days=1), _create_booked_recall(shadyside, 15, days=1)
    actions.confirm(confirmed, by=scheduler_ana)
    page = client_for(scheduler_ana).get(TOMORROW)
    rows = _rows(page)
    assert [row.name for row in rows] == [str(open_.patient), str(confirmed.patient)]
    assert rows[0].phone_links
    assert "Not confirmed yet: call them first" in page_text(page)


def test_before_a_weekend_the_next_day_is_monday(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    with time_machine.travel(datetime(2026, 12, 4, 15, 0, tzinfo=UTC), tick=False):
        assert client_for(scheduler_ana).get(TOMORROW).context["day_words"] == "Mon 7 Dec"


def test_each_site_has_its_own_day(
    client_for: ClientFor, navigator_nia: User, shadyside: Site, foothills: Site
) -> None:
    navigator_nia.sites.add(foothills)
    here, there = _create_booked_recall(shadyside, 23, minute=30), _create_booked_recall(foothills, 23, minute=30)
    rows = _rows(client_for(navigator_nia).get(TODAY))
    assert [row.name for row in rows] == [str(here.patient), str(there.patient)]


@pytest.mark.parametrize(
    ("step", "hour", "state", "status"),
    [
        ("confirm", 14, State.SCHEDULED, AppointmentStatus.CONFIRMED),
        ("mark_attended", 9, State.AWAITING_OUTCOME, AppointmentStatus.ATTENDED),
        ("mark_missed", 9, State.TO_CONTACT, AppointmentStatus.MISSED),
    ],
)
def test_one_click_takes_the_step_once_and_comes_back_to_the_row(
    step: str,
    hour: int,
    state: State,
    status: AppointmentStatus,
    client_for: ClientFor,
    scheduler_ana: User,
    shadyside: Site,
) -> None:
    recall, browser = _create_booked_recall(shadyside, hour), client_for(scheduler_ana)
    seen = str(recall.version)
    answers = [_post_step(browser, recall, step, version=seen) for _ in range(2)]
    visit = recall.appointments.get()
    assert (recall.state, visit.status, recall.version) == (state, status, int(seen) + 1)
    assert {answer.headers["Location"] for answer in answers} == {f"{TODAY}#visit-{visit.pk}"}


def test_a_patient_who_was_counted_as_missed_and_comes_late_is_seen_that_day(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall, browser = _create_booked_recall(shadyside, 9), client_for(scheduler_ana)
    actions.mark_missed(recall, by=scheduler_ana)
    page = browser.get(TODAY)
    assert [press.name for row in _rows(page) for press in row.step_buttons] == ["arrived_late"]
    _post_step(browser, recall, "arrived_late")
    assert (recall.state, recall.appointments.get().status) == (State.AWAITING_OUTCOME, AppointmentStatus.ATTENDED)


def test_a_biopsy_done_late_after_all_awaits_its_pathology(scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, biopsy_to_book=True)
    starts_at = timezone.now() - timedelta(hours=1)
    actions.book_biopsy(recall, Slot(shadyside, starts_at, VisitKind.BIOPSY), by=scheduler_ana)
    actions.biopsy_missed(recall, by=scheduler_ana)
    actions.arrived_late(recall, by=scheduler_ana)
    assert recall.state == State.AWAITING_PATHOLOGY


def test_on_the_next_day_a_missed_visit_stays_missed(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = _create_booked_recall(shadyside, 9)
    actions.mark_missed(recall, by=scheduler_ana)
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        browser = client_for(scheduler_ana)
        _post_step(browser, recall, "arrived_late")
        assert MISSED_TODAY_ONLY in page_text(browser.get(TODAY))
    assert recall.state == State.TO_CONTACT


def test_somebody_else_was_first_and_nothing_is_overwritten(
    client_for: ClientFor, scheduler_ana: User, scheduler_bea: User, shadyside: Site
) -> None:
    recall = _create_booked_recall(shadyside, 9)
    seen = str(recall.version)
    actions.mark_attended(recall, by=scheduler_bea)
    browser = client_for(scheduler_ana)
    _post_step(browser, recall, "mark_missed", version=seen)
    assert recall.state == State.AWAITING_OUTCOME
    assert "was first" in page_text(browser.get(TODAY))


@pytest.mark.parametrize("version", ["", "two", "²", "9" * 5000])
def test_a_click_that_does_not_say_what_was_seen_moves_nobody(
    version: str, client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall, browser = _create_booked_recall(shadyside, 9), client_for(scheduler_ana)
    _post_step(browser, recall, "mark_missed", version=version)
    assert recall.state == State.SCHEDULED
    assert "The page did not say what you had seen." in page_text(browser.get(TODAY))


def test_a_list_shows_no_name_and_no_button_of_another_sites_patient(
    client_for: ClientFor, other_site_scheduler: User, shadyside: Site, foothills: Site
) -> None:
    """The patient is seen at Foothills, but the recall is Shadyside's."""
    recall = RecallFactory.create(site=shadyside)
    starts_at = calendar.instant(foothills, datetime(2026, 11, 24).date(), time(14))
    actions.book_appointment(recall, Slot(foothills, starts_at), by=get_site_staff(shadyside).scheduler)
    browser = client_for(other_site_scheduler)
    page = browser.get(TODAY)
    assert recall.patient.family_name not in page_text(page)
    assert not any(row.step_buttons for row in _rows(page))
    assert _post_step(browser, recall, "confirm").status_code == 404


def test_read_only_users_get_no_buttons_and_the_return_url_stays_on_site(
    client_for: ClientFor, radiologist_rao: User, scheduler_ana: User, shadyside: Site
) -> None:
    recall = _create_booked_recall(shadyside, 14)
    assert not any(row.step_buttons for row in _rows(client_for(radiologist_rao).get(TODAY)))
    answer = _post_step(client_for(scheduler_ana), recall, "confirm", back="https://elsewhere.example/appointments/")
    assert answer.headers["Location"].startswith(TODAY)
    assert _post_step(client_for(scheduler_ana), recall, "void").status_code == 404


def _create_appointments(site: Site, count: int) -> None:
    """Visits written straight into the tables: only their number matters here."""
    scheduler = get_site_staff(site).scheduler
    noon = calendar.instant(site, calendar.local_day(site, timezone.now()), time(12))
    for number in range(count):
        patient = PatientFactory.create(site=site)
        recall = actions.open_recall(ExamFactory.create(patient=patient), by=scheduler).recall
        Appointment.objects.create(recall=recall, site=site, starts_at=noon + timedelta(seconds=number))


@pytest.mark.parametrize("url", [TODAY, TOMORROW])
def test_a_day_asks_at_most_eight_questions_however_full_it_is(
    url: str, client_for: ClientFor, scheduler_ana: User, shadyside: Site, foothills: Site
) -> None:
    scheduler_ana.sites.add(foothills)
    browser = client_for(scheduler_ana)
    counts = []
    for count in (1, 30):
        _create_appointments(shadyside, count)
        browser.get(url)
        with CaptureQueriesContext(connection) as taken:
            assert browser.get(url).status_code == 200
        counts.append(len(taken))
    assert max(counts) <= MAX_QUERIES


def test_a_long_day_is_paged_without_losing_or_doubling_anybody(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_schedule, "PAGE_SIZE", 4)
    _create_appointments(shadyside, 10)
    browser, url, seen = client_for(scheduler_ana), TODAY, []
    for _ in range(5):
        page = browser.get(url)
        seen += [row.pk for row in _rows(page)]
        if not page.context["next_page_url"]:
            break
        url = TODAY + page.context["next_page_url"]
    assert seen == sorted(Appointment.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("days", [1, 6])
def test_nobody_came_to_a_visit_of_a_later_day_until_somebody_says_that_they_did(
    days: int, client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall, browser = _create_booked_recall(shadyside, 9, days=days), client_for(scheduler_ana)
    _post_step(browser, recall, "mark_attended")
    with pytest.raises(ValidationError, match="has come already today"):
        actions.mark_attended(recall, by=scheduler_ana)
    page = browser.get(reverse("step", args=[recall.pk, "mark_attended"]))
    assert "The visit is on" in page_text(page)
    assert recall.state == State.SCHEDULED
    actions.mark_attended(recall, came_early=True, by=scheduler_ana)
    recall.refresh_from_db()
    assert recall.state == State.AWAITING_OUTCOME


def test_a_biopsy_of_a_later_day_is_not_done(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, biopsy_to_book=True)
    day = calendar.next_open_day(shadyside, calendar.today(shadyside) + timedelta(days=1))
    slot = Slot(shadyside, calendar.instant(shadyside, day, time(9)), VisitKind.BIOPSY)
    actions.book_biopsy(recall, slot, by=scheduler_ana)
    with pytest.raises(StepUnavailable, match="No biopsy is booked for today or earlier"):
        actions.biopsy_done(recall, by=scheduler_ana)

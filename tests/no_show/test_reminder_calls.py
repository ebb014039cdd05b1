"""Tests of who is called before a visit: by the estimate where it may be used, and never a 4 or 5 by it."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic import calendar
from clinic.factories import get_site_staff
from clinic.models import Site
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import ContactAttemptInput, Slot
from recalls.actions.reminder_calls.refit import latest_fit, refit, refit_due, usable_coefficients
from recalls.actions.reminder_calls.tasks_to_call import plan_reminder_calls
from recalls.enums import AppointmentStatus, ContactChannel, ContactResult, WorkItemKind
from recalls.models import Appointment, NoShowFit, Recall, ReminderCallPolicy, WorkItem
from recalls.no_show.features import FEATURES, name_coefficients
from recalls.no_show.visits import load_coming_visits, load_past_visits
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import at

pytestmark = pytest.mark.django_db

GOOD = {"groups": [], "languages": [], "error": 0.1, "error_of_average": 0.2}


def booked(site: Site, day: str, hour: str = "10:00", *, missed_before: int = 0, **more: Any) -> Recall:
    """A recall with a visit then; so many visits of the patient were missed a year ago."""
    recall: Recall = RecallFactory.create(site=site, **more)
    for ago in range(missed_before):
        _past_visit(recall, 300 + ago, AppointmentStatus.MISSED)
    actions.book_appointment(recall, Slot(site, at(day, hour)), by=get_site_staff(site).scheduler)
    return recall


def _past_visit(recall: Recall, days_ago: int, status: AppointmentStatus) -> Appointment:
    """Written straight into the table: only what came of it matters here."""
    starts_at = timezone.now() - timedelta(days=days_ago)
    return Appointment.objects.create(
        recall=recall, site=recall.site, starts_at=starts_at, status=status, created_at=starts_at - timedelta(days=7)
    )


def fitted(policy: ReminderCallPolicy, **other: Any) -> NoShowFit:
    """A fit by which a missed visit before is all that counts."""
    named = name_coefficients([-2.0, 1.0, *[0.0] * (len(FEATURES) - 1)])
    now = timezone.now()
    day = calendar.today(policy.site)
    usual = {
        "at": now, "first_on": day, "last_on": day, "visits": 500, "missed": 80, "coefficients": named,
        "calibration": GOOD,
    }  # fmt: skip
    row: NoShowFit = NoShowFit.objects.create(site=policy.site, **(usual | other))
    return row


def called() -> list[int]:
    tasks = WorkItem.objects.filter(kind=WorkItemKind.REMINDER_CALL, done_at=None).order_by("due_at", "pk")
    return [task.recall_id for task in tasks if task.recall_id]


def test_those_most_likely_to_miss_their_visit_are_called_first_and_no_more_than_the_site_can(
    policy: ReminderCallPolicy, shadyside: Site
) -> None:
    fitted(policy)
    never = booked(shadyside, "2026-11-10", "08:00")
    twice = booked(shadyside, "2026-11-10", "09:00", missed_before=2)
    once = booked(shadyside, "2026-11-12", missed_before=1)  # Wednesday is a holiday
    later = booked(shadyside, "2026-11-13", missed_before=3)
    assert plan_reminder_calls() == 2
    assert called() == [twice.pk, once.pk]
    assert {never.pk, later.pk}.isdisjoint(called())
    assert plan_reminder_calls() == 0
    task = WorkItem.objects.get(recall=twice)
    assert task.due_at == calendar.closing_time(shadyside, calendar.today(shadyside))
    assert "Tue 10 Nov, 9:00 am" in task.reason
    assert "%" not in task.reason


def test_a_4_or_5_and_a_lesion_called_suspicious_are_never_estimated_and_are_called_first(
    policy: ReminderCallPolicy, shadyside: Site
) -> None:
    fitted(policy)
    four = booked(shadyside, "2026-11-12", exam__assessment="4A")
    five = booked(shadyside, "2026-11-12", "11:00", exam__assessment="5")
    usual = booked(shadyside, "2026-11-10", missed_before=3)
    actions.confirm(five, by=get_site_staff(shadyside).scheduler)
    now = timezone.now()
    values = load_coming_visits(shadyside, now, now + timedelta(days=9), now)
    assert set(values) == {usual.appointments.get(status=AppointmentStatus.BOOKED).pk}
    plan_reminder_calls()
    assert called() == [four.pk, usual.pk]


def test_past_visits_of_a_4_or_5_and_those_booked_within_a_day_teach_nothing(
    policy: ReminderCallPolicy, shadyside: Site
) -> None:
    grave, usual = RecallFactory.create(site=shadyside, exam__assessment="5"), RecallFactory.create(site=shadyside)
    _past_visit(grave, 30, AppointmentStatus.MISSED)
    _past_visit(usual, 30, AppointmentStatus.ATTENDED)
    _past_visit(usual, 10, AppointmentStatus.MISSED)
    short = _past_visit(usual, 5, AppointmentStatus.MISSED)
    Appointment.objects.filter(pk=short.pk).update(created_at=short.starts_at - timedelta(hours=3))
    _past_visit(usual, 4, AppointmentStatus.CANCELLED)
    found = load_past_visits(shadyside, timezone.now())
    assert [visit.missed for visit in found] == [False, True]
    assert found[1].values[:2] == (0.0, 1.0)


def test_only_what_was_known_a_day_before_counts(policy: ReminderCallPolicy, shadyside: Site, clock: Any) -> None:
    recall, ana = booked(shadyside, "2026-11-13"), get_site_staff(shadyside).scheduler
    call = ContactAttemptInput(ContactChannel.PHONE, ContactResult.REACHED_WILL_BOOK)
    clock.move_to(at("2026-11-12", "09:00"))
    actions.log_contact(recall, call, by=ana)
    clock.move_to(at("2026-11-12", "15:00"))
    actions.confirm(recall, by=ana)
    now = at("2026-11-13", "09:00")
    clock.move_to(now)
    (values,) = load_coming_visits(shadyside, now, now + timedelta(hours=9), now).values()
    assert dict(zip([feature.name for feature in FEATURES], values, strict=True)) | {"days_to_visit": 0} == {
        "missed_before": 0, "kept_before": 0, "confirmed": 0, "reached": 1, "days_to_visit": 0, "before_ten": 0,
        "from_three": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        {"visits": 199},
        {"missed": 49},
        {"calibration": {**GOOD, "error": 0.2}},
        {"coefficients": {"distance": 1.0}},
        {"at": at("2026-10-01")},
    ],
)
def test_an_estimate_of_too_few_visits_or_that_holds_no_better_than_the_average_is_off(
    policy: ReminderCallPolicy, shadyside: Site, other: dict[str, Any]
) -> None:
    fit = fitted(policy, **other)
    booked(shadyside, "2026-11-10", missed_before=3)
    assert usable_coefficients(policy, fit, timezone.now()) is None
    assert plan_reminder_calls() == 0


def test_a_site_that_has_not_turned_it_on_estimates_nothing_and_calls_nobody_by_it(
    clock: time_machine.Traveller, shadyside: Site
) -> None:
    policy = ReminderCallPolicy.objects.create(site=shadyside)
    fitted(policy)
    booked(shadyside, "2026-11-10", missed_before=3)
    assert (refit_due(), plan_reminder_calls()) == (0, 0)


def test_a_call_is_settled_by_a_confirmed_moved_or_kept_visit(policy: ReminderCallPolicy, shadyside: Site) -> None:
    fitted(policy)
    recall = booked(shadyside, "2026-11-10", missed_before=1)
    plan_reminder_calls()
    actions.confirm(recall, by=get_site_staff(shadyside).scheduler)
    assert called() == []
    assert plan_reminder_calls() == 0


def test_a_5_whose_visit_was_moved_is_called_again_before_the_new_time_and_not_twice_a_day(
    policy: ReminderCallPolicy, shadyside: Site, clock: time_machine.Traveller
) -> None:
    five, ana = booked(shadyside, "2026-11-10", exam__assessment="5"), get_site_staff(shadyside).scheduler
    assert plan_reminder_calls() == 1
    clock.shift(timedelta(hours=1))
    actions.reschedule(five, Slot(shadyside, at("2026-11-12", "10:00")), by=ana)
    assert plan_reminder_calls() == 0
    clock.move_to(at("2026-11-10", "09:00"))
    assert (plan_reminder_calls(), plan_reminder_calls()) == (1, 0)
    assert called() == [five.pk]
    clock.move_to(at("2026-11-12", "09:00"))
    assert plan_reminder_calls() == 0


def test_no_call_is_asked_for_after_the_clinic_has_closed(
    policy: ReminderCallPolicy, shadyside: Site, clock: time_machine.Traveller
) -> None:
    four = booked(shadyside, "2026-11-12", exam__assessment="4A")
    clock.move_to(at("2026-11-09", "20:00"))
    assert plan_reminder_calls() == 0
    clock.move_to(at("2026-11-10", "09:00"))
    assert plan_reminder_calls() == 1
    assert called() == [four.pk]


def test_too_few_visits_leave_a_row_without_numbers_and_the_week_is_waited_for(
    policy: ReminderCallPolicy, shadyside: Site, clock: time_machine.Traveller
) -> None:
    _past_visit(RecallFactory.create(site=shadyside), 30, AppointmentStatus.MISSED)
    assert (refit_due(), refit_due()) == (1, 0)
    fit = latest_fit(shadyside)
    assert fit is not None
    assert (fit.visits, fit.missed, fit.coefficients, fit.calibration) == (1, 1, {}, {})
    clock.shift(timedelta(days=7))
    assert refit_due() == 1


def test_enough_visits_are_fitted_from_columns_of_visits_and_calls_alone(
    policy: ReminderCallPolicy, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, patient=PatientFactory.create(site=shadyside))
    for number in range(30):
        _past_visit(recall, 5 + number, AppointmentStatus.MISSED if number % 3 else AppointmentStatus.ATTENDED)
    with (
        patch("recalls.actions.reminder_calls.refit.LEAST_VISITS", 20),
        patch("recalls.actions.reminder_calls.refit.LEAST_MISSED", 5),
        patch("recalls.actions.reminder_calls.refit.calibrate", return_value=GOOD),
        CaptureQueriesContext(connection) as asked,
    ):
        policy.least_visits = 20
        fit, again = refit(policy), refit(policy)
    assert set(fit.coefficients) == {"intercept", *(feature.name for feature in FEATURES)}
    assert fit.coefficients == again.coefficients
    sql = " ".join(query["sql"] for query in asked.captured_queries if query["sql"].startswith("SELECT")).lower()
    for column in ("race", "ethnicity", "insurance", "distance", "postal_code", "address_line", "birth_date", '"sex"'):
        assert column not in sql

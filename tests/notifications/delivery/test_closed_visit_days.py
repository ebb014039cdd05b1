"""Tests that nobody is told to come on a day on which the door is shut."""

from datetime import date

import pytest
from django.core import mail

from clinic.factories import get_site_staff
from clinic.models import Closure, Site
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind, NotificationState, StatusReason
from notifications.models import Notification
from notifications.planning.reconcile import reconcile_messages
from notifications.planning.snapshot import load_snapshot
from recalls import actions
from recalls.actions import Slot
from recalls.enums import WorkItemKind
from recalls.models import Recall
from tests.notifications.clock import Clock, at, latest_notification

pytestmark = pytest.mark.django_db

Kind, NState = NotificationKind, NotificationState


@pytest.fixture
def booked(recall: Recall, shadyside: Site) -> Recall:
    """For Friday, 4 December, 10 o'clock; the confirmation has left."""
    actions.book_appointment(recall, Slot(shadyside, at("2026-12-04", "10:00")), by=get_site_staff(shadyside).scheduler)
    send_due(5)
    return recall


def _close(how: str, site: Site) -> None:
    if how == "closure":
        Closure.objects.create(site=site, day=date(2026, 12, 4), reason="Burst pipe")
    elif how == "weekday":
        site.opening_hours.filter(weekday=4).delete()


def _reminders(recall: Recall) -> set[tuple[str, str]]:
    rows = Notification.objects.filter(recall=recall, kind=Kind.APPOINTMENT_REMINDER)
    return set(rows.values_list("state", "reason"))


@pytest.mark.parametrize("how", ["closure", "weekday"])
def test_no_reminder_leaves_for_a_day_that_was_shut_after_the_booking(
    booked: Recall, shadyside: Site, clock: Clock, how: str
) -> None:
    _close(how, shadyside)
    before = len(mail.outbox)
    for day in ("2026-11-27", "2026-12-03"):
        clock.move_to(day, "10:05")
        send_due(5)
    assert len(mail.outbox) == before
    assert _reminders(booked) == {(NState.SUPPRESSED, StatusReason.VISIT_DAY_CLOSED)}
    assert booked.work_items.filter(kind=WorkItemKind.CLOSED_DAY, done_at=None).count() == 1


def test_a_confirmation_that_has_not_left_waits_too(recall: Recall, shadyside: Site, clock: Clock) -> None:
    send_due(5)
    clock.move_to("2026-11-14", "09:00")  # a Saturday: it would leave on Monday
    actions.book_appointment(recall, Slot(shadyside, at("2026-12-04", "10:00")), by=get_site_staff(shadyside).scheduler)
    _close("closure", shadyside)
    clock.move_to("2026-11-16", "09:00")
    send_due(5)
    row = latest_notification(recall, Kind.APPOINTMENT_CONFIRMATION)
    assert (row.state, row.reason) == (NState.SUPPRESSED, StatusReason.VISIT_DAY_CLOSED)


def test_a_day_that_opens_again_is_reminded_of(booked: Recall, shadyside: Site, clock: Clock) -> None:
    _close("closure", shadyside)
    clock.move_to("2026-11-27", "10:05")
    send_due(5)
    Closure.objects.all().delete()
    assert reconcile_messages(load_snapshot(Recall.objects.select_related("site", "patient").get(pk=booked.pk)))
    clock.move_to("2026-11-27", "11:05")  # a worker had set the row aside for itself
    send_due(5)
    assert (NState.ACCEPTED, "") in _reminders(booked)


def test_a_visit_moved_to_an_open_day_is_told_and_reminded_of(booked: Recall, shadyside: Site, clock: Clock) -> None:
    _close("closure", shadyside)
    clock.move_to("2026-11-27", "10:05")
    send_due(5)
    booked.refresh_from_db()
    actions.reschedule(booked, Slot(shadyside, at("2026-12-07", "10:00")), by=get_site_staff(shadyside).scheduler)
    clock.move_to("2026-11-30", "10:05")
    send_due(5)
    assert latest_notification(booked, Kind.APPOINTMENT_CHANGED).state == NState.ACCEPTED


def test_the_closed_day_of_another_site_holds_nothing_back(booked: Recall, foothills: Site, clock: Clock) -> None:
    _close("closure", foothills)
    clock.move_to("2026-12-03", "10:05")
    send_due(5)
    assert (NState.ACCEPTED, "") in _reminders(booked)

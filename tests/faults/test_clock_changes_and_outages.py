"""Tests wrong clocks, days of outage and doubled tasks: a message leaves once, in its hours, or not at all."""

import random
from collections import Counter
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from django.utils import timezone

from clinic import calendar
from clinic.factories import SiteFactory, get_site_staff
from clinic.models import Site
from notifications import tasks
from notifications.enums import NotificationKind, NotificationState
from notifications.models import DeliveryAttempt, Notification
from notifications.planning import daily_reconcile
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import Slot
from recalls.models import Recall
from recalls.tasks import apply_due_steps
from recalls.testing.factories import RecallFactory
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db

# Half-hour and 45-minute zones, changes of 30 minutes, southern summers, a change at midnight, the date line.
ZONES = (
    "America/New_York", "America/St_Johns", "America/Havana", "Asia/Kathmandu", "Australia/Lord_Howe",
    "Pacific/Chatham", "Pacific/Kiritimati", "Africa/Casablanca", "Europe/Dublin", "America/Santiago",
)  # fmt: skip
BOOKED = [
    NotificationKind.APPOINTMENT_CONFIRMATION,
    NotificationKind.APPOINTMENT_REMINDER,
    NotificationKind.APPOINTMENT_REMINDER,
]
STEP = timedelta(hours=4)


def booked_visit(zone: str, start: datetime) -> Recall:
    """Opened and booked now, for ten in the morning of an open day about twelve days later."""
    site: Site = SiteFactory.create(time_zone=zone, subdivision="")
    recall: Recall = RecallFactory.create(patient=PatientFactory.create(site=site))
    day = calendar.next_open_day(site, calendar.local_day(site, start) + timedelta(days=12))
    slot = Slot(site, calendar.instant(site, day, time(10)))
    actions.book_appointment(recall, slot, by=get_site_staff(site).scheduler)
    return recall


def run_two_sweeps() -> None:
    """Two beats ask for everything at the same minute."""
    for _beat in range(2):
        apply_due_steps()
        tasks.sweep()


def assert_sent_once_in_hours(recall: Recall, mail_server: SmtpSink) -> list[str]:
    """What left to anybody: each once; of this recall in the hours of its site: the kinds, in order."""
    site = recall.site
    sent = list(Notification.objects.filter(accepted_at__isnull=False).order_by("accepted_at"))
    copies = Counter(str(received.message["X-Notification-ID"]) for received in mail_server.received)
    assert copies == Counter(str(row.public_id) for row in sent)
    assert DeliveryAttempt.objects.count() == len(sent)
    rows = [row for row in sent if row.recall_id == recall.pk]
    for row in rows:
        assert row.accepted_at is not None
        assert site.send_from <= row.accepted_at.astimezone(site.zone).time() < site.send_until
        assert row.expires_at is None or row.accepted_at < row.expires_at
    return [row.kind for row in rows]


@pytest.mark.parametrize("start", [datetime(2026, 3, 20, 15, tzinfo=UTC), datetime(2026, 10, 26, 15, tzinfo=UTC)])
def test_a_booked_visit_sends_its_three_messages_once_across_a_change_of_the_clock(
    start: datetime, mail_server: SmtpSink, subtests: pytest.Subtests
) -> None:
    """A clinic in each zone, one installation: its sweeps are the same for all of them."""
    with time_machine.travel(start, tick=False) as traveller:
        recalls = {zone: booked_visit(zone, start) for zone in ZONES}
        while timezone.now() < start + timedelta(days=14):
            run_two_sweeps()
            traveller.shift(STEP)
        for zone, recall in recalls.items():
            with subtests.test(zone):
                assert assert_sent_once_in_hours(recall, mail_server) == BOOKED


@pytest.mark.parametrize("seed", range(8))
def test_clock_steps_and_days_off_send_nothing_twice_and_nothing_at_night(seed: int, mail_server: SmtpSink) -> None:
    """The clock jumps a day back or forth and the machine is off for three days; what is too late is put away."""
    chance = random.Random(seed)
    start = datetime(2026, 1, 5, 15, tzinfo=UTC) + timedelta(days=chance.randrange(700))
    with time_machine.travel(start, tick=False) as traveller:
        recall = booked_visit(chance.choice(ZONES), start)
        while timezone.now() < start + timedelta(days=18):
            run_two_sweeps()
            traveller.shift(chance.choice([STEP] * 30 + [timedelta(days=1), -timedelta(days=1), timedelta(days=3)]))
        kinds = assert_sent_once_in_hours(recall, mail_server)
        assert not Counter(kinds) - Counter(BOOKED)
        rows = Notification.objects.filter(appointment__isnull=False)
        assert {row.state for row in rows} <= {NotificationState.ACCEPTED, NotificationState.EXPIRED}


def test_after_three_days_off_what_is_still_true_leaves_once_and_the_rest_is_shown_as_expired(
    mail_server: SmtpSink,
) -> None:
    start = datetime(2026, 11, 10, 15, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as traveller:
        recall = booked_visit("America/New_York", start)
        while timezone.now() < start + timedelta(days=4):
            run_two_sweeps()
            traveller.shift(STEP)
        traveller.shift(timedelta(days=3))  # off while the reminder of 7 days before was due
        run_two_sweeps()
        assert assert_sent_once_in_hours(recall, mail_server) == BOOKED[:2]
        traveller.shift(timedelta(days=8))  # off until the visit is over
        run_two_sweeps()
        assert assert_sent_once_in_hours(recall, mail_server) == BOOKED[:2]
        last = Notification.objects.filter(kind=NotificationKind.APPOINTMENT_REMINDER).latest("pk")
        assert last.state == NotificationState.EXPIRED


def test_without_any_wakeup_the_sweep_finds_all_that_is_due(mail_server: SmtpSink) -> None:
    """As after Redis was wiped: the tests' broker forgets every message anyway."""
    start = datetime(2026, 11, 10, 15, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        recall = booked_visit("America/New_York", start)
        tasks.sweep()
        assert assert_sent_once_in_hours(recall, mail_server) == BOOKED[:1]


def test_a_lost_row_is_planned_again_by_the_daily_comparison(mail_server: SmtpSink) -> None:
    start = datetime(2026, 11, 10, 15, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        recall = booked_visit("America/New_York", start)
        Notification.objects.filter(recall=recall, state=NotificationState.PLANNED).delete()
        assert daily_reconcile.continue_daily_reconcile(5) == 1
        tasks.sweep()
        assert assert_sent_once_in_hours(recall, mail_server) == BOOKED[:1]

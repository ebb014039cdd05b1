"""Tests that no mail domain gets more messages a minute than allowed, and that each still leaves."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from clinic.models import Site, User
from notifications.delivery.worker import send_due
from notifications.enums import AttemptResult, NotificationState, StatusReason
from notifications.models import DomainRateLimit, Notification
from patients.factories import PatientFactory
from recalls import actions
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db

LIMIT = 3


@pytest.fixture(autouse=True)
def _three_a_minute(settings: LazySettings) -> None:
    settings.MAIL_PER_DOMAIN_PER_MINUTE = LIMIT


def create_due_messages(site: Site, count: int, domain: str) -> None:
    for number in range(count):
        RecallFactory.create(patient=PatientFactory.create(site=site, email=f"no{number}@{domain}"))


def sent_per_minute(domain: str) -> Counter[datetime]:
    rows = Notification.objects.filter(accepted_at__isnull=False, rendered__address__endswith=f"@{domain}")
    return Counter(row.accepted_at.replace(second=0) for row in rows if row.accepted_at)


def test_a_domain_gets_at_most_so_many_a_minute_and_all_leave_in_the_fewest_minutes(
    clock: Clock, shadyside: Site, mail_server: SmtpSink
) -> None:
    create_due_messages(shadyside, 8, "big.example.com")
    clock.run_until("2026-11-10", "08:30")
    assert sorted(sent_per_minute("big.example.com").values()) == [2, 3, 3]
    assert len({received.recipients for received in mail_server.received}) == 8


def test_messages_of_different_seconds_share_the_limit_of_their_minute(
    clock: Clock, shadyside: Site, mail_server: SmtpSink
) -> None:
    clock.move_to("2026-11-10", "08:15:10.250000")
    create_due_messages(shadyside, LIMIT - 1, "big.example.com")
    assert send_due(5)[AttemptResult.ACCEPTED] == LIMIT - 1
    clock.move_to("2026-11-10", "08:15:40.500000")
    create_due_messages(shadyside, 5, "big.example.com")
    assert send_due(5)[AttemptResult.ACCEPTED] == 1


def test_a_limit_of_one_lets_one_leave_each_minute(
    clock: Clock, shadyside: Site, mail_server: SmtpSink, settings: LazySettings
) -> None:
    settings.MAIL_PER_DOMAIN_PER_MINUTE = 1
    create_due_messages(shadyside, 3, "big.example.com")
    clock.run_until("2026-11-10", "08:30")
    assert list(sent_per_minute("big.example.com").values()) == [1, 1, 1]


def test_another_domain_does_not_wait(clock: Clock, shadyside: Site, mail_server: SmtpSink) -> None:
    create_due_messages(shadyside, 8, "big.example.com")
    create_due_messages(shadyside, 2, "small.example.org")
    send_due(5)
    assert sent_per_minute("small.example.org").total() == 2
    waiting = Notification.objects.filter(state=NotificationState.PLANNED, reason=StatusReason.RATE_LIMITED)
    assert waiting.count() == 5


def test_after_a_pause_the_promised_ones_do_not_leave_all_at_once(
    clock: Clock, shadyside: Site, mail_server: SmtpSink
) -> None:
    create_due_messages(shadyside, 12, "big.example.com")
    send_due(5)
    clock.move_to("2026-11-10", "09:30")
    assert send_due(5)[AttemptResult.ACCEPTED] == LIMIT
    clock.run_until("2026-11-10", "10:00")
    counts = sent_per_minute("big.example.com")
    assert (counts.total(), max(counts.values())) == (12, LIMIT)


def test_each_is_asked_about_twice_at_most_while_it_waits(clock: Clock, shadyside: Site, mail_server: SmtpSink) -> None:
    create_due_messages(shadyside, 9, "big.example.com")
    assert send_due(5)[NotificationState.PLANNED] == 6
    assert send_due(5) == {}
    promised = Notification.objects.filter(reason=StatusReason.RATE_LIMITED).values_list("not_before", flat=True)
    assert sorted(at - timezone.now() for at in promised) == [timedelta(minutes=1)] * 3 + [timedelta(minutes=2)] * 3


def test_a_message_put_off_by_the_daily_cap_takes_no_place_at_the_provider(
    clock: Clock, shadyside: Site, mail_server: SmtpSink, scheduler_ana: User
) -> None:
    patient = PatientFactory.create(site=shadyside, email="no1@big.example.com")
    for recall in [RecallFactory.create(patient=patient, awaiting_priors=True) for _ in range(3)]:
        actions.request_priors(recall, by=scheduler_ana, note="Asked Hillside Sample Clinic.")
    assert send_due(5)[AttemptResult.ACCEPTED] == 2
    assert Notification.objects.filter(reason=StatusReason.DAILY_CAP_REACHED).exists()
    assert DomainRateLimit.objects.get(pk="big.example.com").sent == 2


def test_without_a_limit_nobody_waits(
    clock: Clock, shadyside: Site, mail_server: SmtpSink, settings: LazySettings
) -> None:
    settings.MAIL_PER_DOMAIN_PER_MINUTE = 0
    create_due_messages(shadyside, 8, "big.example.com")
    assert send_due(5)[AttemptResult.ACCEPTED] == 8

"""Holds that messages that did not get through are counted with each change, exactly, and proved by the recount."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from clinic.models import Site
from desk.union_counts import CountRow, fetch_counts
from notifications.enums import NotificationState
from notifications.models import Notification
from recalls import tasks
from recalls.kept_facts import line_sql, upkeep
from recalls.models import CountLine
from recalls.testing.factories import RecallFactory
from reports.current_counts import RECENT_PERIOD, message_count_queries, message_lookups

pytestmark = pytest.mark.django_db


@pytest.fixture
def since() -> datetime:
    """Some minutes within the hour in which the thirty days begin."""
    return (timezone.now() - RECENT_PERIOD).replace(minute=20, second=0, microsecond=0)


def _write(site: Site, state: str, due_at: datetime) -> Notification:
    recall = RecallFactory.create(site=site)
    return Notification.objects.create(
        recall=recall, patient=recall.patient, kind="please_call", occasion=str(due_at), channel="email", state=state,
        due_at=due_at, not_before=due_at,
    )  # fmt: skip


def _rows(site: Site, name: str, now: datetime) -> list[CountRow]:
    return [row for row in fetch_counts(message_count_queries([site], now)) if row.key == name]


def _count(site: Site, name: str, now: datetime) -> int:
    return sum(row.count for row in _rows(site, name, now))


@pytest.mark.parametrize("name", ["failed", "suppressed"])
def test_thirty_days_are_counted_to_the_instant(name: str, shadyside: Site, foothills: Site, since: datetime) -> None:
    now = since + RECENT_PERIOD
    for minutes in (-61, -21, -20, -1, 0, 1, 39, 40, 41, 600):
        for state in (NotificationState.FAILED, NotificationState.BOUNCED, NotificationState.SUPPRESSED):
            _write(shadyside, state, since + timedelta(minutes=minutes))
    _write(foothills, NotificationState.FAILED, since + timedelta(hours=5))
    listed = Notification.objects.filter(recall__site=shadyside, **message_lookups(now)[name])
    assert _count(shadyside, name, now) == listed.count() > 0
    assert min(row.at for row in _rows(shadyside, name, now) if row.at) == since, "the oldest of them was due then"


def test_a_message_that_is_sent_again_or_fails_is_counted_with_its_change(shadyside: Site, since: datetime) -> None:
    now = since + RECENT_PERIOD
    message = _write(shadyside, NotificationState.PLANNED, since + timedelta(days=3))
    assert _count(shadyside, "failed", now) == 0
    for state, failed in (("failed", 1), ("bounced", 1), ("planned", 0), ("suppressed", 0), ("failed", 1)):
        Notification.objects.filter(pk=message.pk).update(state=state)
        assert _count(shadyside, "failed", now) == failed, state
    tasks.sum_count_lines()
    assert _count(shadyside, "failed", now) == 1
    assert not upkeep.check_and_mend()
    message.delete()
    assert _count(shadyside, "failed", now) == 0
    assert not upkeep.check_and_mend()


def test_the_recount_finds_a_wrong_number_of_messages(shadyside: Site, since: datetime) -> None:
    _write(shadyside, NotificationState.FAILED, since + timedelta(days=3))
    CountLine.objects.filter(name="message").delete()
    assert upkeep.mend_numbers() == 1
    assert _count(shadyside, "failed", since + RECENT_PERIOD) == 1


def test_the_states_that_are_counted_are_states_of_messages() -> None:
    assert set(line_sql.COUNTED_MESSAGE_STATES) <= set(NotificationState.values)

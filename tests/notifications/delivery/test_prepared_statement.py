"""Tests that a statement which a connection plans once answers whatever became of the connection."""

from collections.abc import Iterator

import pytest
from django.db import InternalError, connection, transaction
from django.db.utils import DataError

from clinic.models import Site
from clinic.queries.prepared_statement import PreparedStatement
from notifications.delivery.worker import send_due
from notifications.enums import AttemptResult, NotificationKind, NotificationState
from patients.factories import PatientFactory
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import latest_notification
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def next_number() -> Iterator[PreparedStatement]:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite plans nothing ahead")
    yield PreparedStatement("test_next_number", {"number": "integer"}, "SELECT %(number)s + 1")
    connection.close()


def ask(statement: PreparedStatement, number: int) -> int:
    with connection.cursor() as cursor:
        statement.execute(cursor, {"number": number})
        return int(cursor.fetchone()[0])


def test_it_is_planned_anew_after_the_connection_was_lost(next_number: PreparedStatement) -> None:
    assert ask(next_number, 1) == 2
    connection.close()
    assert [ask(next_number, 2), ask(next_number, 3)] == [3, 4]


def test_it_outlives_a_transaction_that_was_rolled_back(next_number: PreparedStatement) -> None:
    with transaction.atomic():
        assert ask(next_number, 1) == 2
        transaction.set_rollback(True)
    assert ask(next_number, 2) == 3


def test_one_that_a_failed_transaction_refused_to_plan_is_planned_afterwards(next_number: PreparedStatement) -> None:
    with transaction.atomic():
        with pytest.raises(DataError), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        with pytest.raises(InternalError):
            ask(next_number, 1)
        transaction.set_rollback(True)
    assert ask(next_number, 1) == 2


@pytest.mark.parametrize("is_pooled", [False, True])
def test_messages_leave_and_are_written_down_also_behind_a_pool(
    mail_server: SmtpSink, recall: Recall, shadyside: Site, monkeypatch: pytest.MonkeyPatch, *, is_pooled: bool
) -> None:
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", is_pooled)
    other = RecallFactory.create(patient=PatientFactory.create(site=shadyside, email="other@example.org"))
    assert send_due(5)[AttemptResult.ACCEPTED] == 2
    rows = [latest_notification(one, NotificationKind.RECALL_NOTICE) for one in (recall, other)]
    assert [(row.state, row.attempts.count()) for row in rows] == [(NotificationState.ACCEPTED, 1)] * 2
    assert len(mail_server.received) == 2

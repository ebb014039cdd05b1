"""Holds that on PostgreSQL each part of the program has the rights it needs and no others."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from clinic.factories import get_site_staff
from clinic.models import AccessLog, Site, User
from history.database_roles import AUDIT, OWNER, WEB, WORKER, grant_rights
from history.ledger import seal_new_rows
from history.models import LedgerBlock
from notifications.delivery.worker import send_due
from patients.actions import set_contact_point
from patients.models import ContactPoint
from recalls import actions
from recalls.models import Recall
from recalls.tasks import apply_due_steps
from recalls.testing.factories import RecallFactory
from tests.history.test_sealed_facts import run_verify_history

pytestmark = pytest.mark.django_db


@pytest.fixture
def roles(db: None) -> None:
    """The roles are there before the first row is."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no roles")
    call_command("database_roles")


@pytest.fixture
def recall(roles: None, request: pytest.FixtureRequest) -> Recall:
    site: Site = request.getfixturevalue("shadyside")
    return RecallFactory.create(site=site, closed_normal=True)


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def assert_refused(role: str, statement: str) -> None:
    with (
        acting_as(role),
        pytest.raises(DatabaseError, match=r"permission denied|must be|cannot set parameter"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.parametrize("role", [WEB, WORKER, AUDIT])
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE recalls_outcome DISABLE TRIGGER ALL",
        "DROP TRIGGER recalls_outcome_no_change ON recalls_outcome",
        "DROP FUNCTION recalldesk_append_only() CASCADE",
        "TRUNCATE recalls_outcome CASCADE",
        "TRUNCATE recalls_workitem",
        "DROP TABLE recalls_workitem",
        "ALTER TABLE recalls_recall ADD COLUMN other int",
        "CREATE TABLE other (id int)",
        "UPDATE recalls_outcome SET assessment = '1'",
        "DELETE FROM recalls_recallevent",
        "UPDATE clinic_accesslog SET page = ''",
        "UPDATE django_admin_log SET change_message = ''",
        "UPDATE history_ledgerblock SET rows = 0",
        "DELETE FROM django_migrations",
        "SET session_replication_role = replica",
        "COPY recalls_outcome TO PROGRAM 'cat'",
    ],
)
def test_no_running_part_can_take_the_guard_away(statement: str, role: str, roles: None) -> None:
    assert_refused(role, statement)


def test_the_web_seals_nothing_and_the_worker_makes_no_account(roles: None) -> None:
    assert_refused(WEB, "INSERT INTO history_ledgerblock DEFAULT VALUES")
    assert_refused(WORKER, "UPDATE clinic_user SET is_superuser = true")
    assert_refused(WORKER, "INSERT INTO clinic_user_groups (user_id, group_id) VALUES (1, 1)")


def test_who_audits_reads_what_happened_and_no_session(recall: Recall) -> None:
    with acting_as(AUDIT):
        assert run_verify_history()[0] == 0
        assert recall.outcomes.count() == 1
    assert_refused(AUDIT, "SELECT * FROM django_session")
    assert_refused(AUDIT, "SELECT password FROM clinic_user")
    assert_refused(AUDIT, "INSERT INTO recalls_workitem DEFAULT VALUES")


def test_a_recall_goes_its_whole_way_under_the_role_of_the_web(roles: None, request: pytest.FixtureRequest) -> None:
    with acting_as(WEB):
        site: Site = request.getfixturevalue("shadyside")
        recall = RecallFactory.create(site=site, cancer=True, patient__detailed_email=True)
        declined = RecallFactory.create(site=site)
        cast = get_site_staff(site)
        set_contact_point(recall.patient, ContactPoint.Kind.MOBILE, "412-555-0142", by=cast.scheduler)
        AccessLog.objects.create(user=cast.scheduler, page="recall", patient_id=recall.patient_id)
        actions.decline(declined, by=cast.scheduler, note="Said no.")
        Session.objects.all().delete()
        User.objects.filter(pk=cast.scheduler.pk).update(first_name="Ana")
    assert run_verify_history()[0] == 0
    assert recall.referrals.count() == 1


def test_the_worker_sends_takes_steps_and_seals(recall: Recall) -> None:
    with acting_as(WORKER):
        apply_due_steps()
        send_due(5)
        seal_new_rows(5)
        assert_sealing_is_allowed()


def assert_sealing_is_allowed() -> None:
    block = LedgerBlock(
        number=1, table="clinic_accesslog", shape="", after_row=0, last_row=0, rows=0, rows_digest="", digest=""
    )
    block.save(force_insert=True)


def test_a_new_table_has_its_rights_after_the_next_migrate(roles: None) -> None:
    with acting_as(OWNER):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE later (id bigint)")
        grant_rights(connection)
    with acting_as(WEB), connection.cursor() as cursor:
        cursor.execute("INSERT INTO later VALUES (1)")


def test_only_postgresql_has_roles(db: None) -> None:
    if connection.vendor == "sqlite":
        with pytest.raises(CommandError, match="Only PostgreSQL"):
            call_command("database_roles")

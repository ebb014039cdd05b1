"""Holds that the triggers of the database are still there after a test that emptied its tables."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from history.append_only import remove_append_only, suspended
from history.sealed_tables import append_only_tables, sealed_models


def _triggers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            if connection.vendor == "sqlite"
            else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        )
        return {name for (name,) in cursor.fetchall()}


def _wanted() -> set[str]:
    kinds = ("update", "delete", "replace") if connection.vendor == "sqlite" else ("change", "truncate")
    return {f"{table}_no_{kind}" for table in append_only_tables() for kind in kinds} | {"recalls_recall_state"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", [1, 2])
def test_each_append_only_table_has_its_triggers(round_: int) -> None:
    assert _wanted() - _triggers() == set()


@pytest.mark.django_db(transaction=True)
def test_a_trigger_that_a_migration_lost_is_back_after_the_next_migrate() -> None:
    remove_append_only(connection, append_only_tables())
    assert _wanted() - _triggers()
    call_command("migrate", verbosity=0)
    assert _wanted() - _triggers() == set()


@pytest.mark.django_db
def test_triggers_that_were_suspended_for_a_change_are_back_after_it() -> None:
    with suspended(connection, ["clinic_accesslog"]):
        assert _wanted() - _triggers()
    assert _wanted() - _triggers() == set()


@pytest.mark.django_db
@pytest.mark.parametrize("table", append_only_tables() if apps.ready else [])
def test_no_append_only_table_is_emptied_at_once(table: str) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    with (
        pytest.raises(DatabaseError, match="never changed or deleted"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"TRUNCATE {table} CASCADE")


def test_each_sealed_table_has_a_growing_number() -> None:
    assert {model._meta.pk.get_internal_type() for model in sealed_models()} <= {"BigAutoField", "AutoField"}

"""Holds that the triggers of the database are still there after a test that emptied its tables."""

import pytest
from django.db import connection

from tests.fixtures.database import TRIGGER_MODULES


def _triggers() -> set[str]:
    table = "sqlite_master" if connection.vendor == "sqlite" else "information_schema.triggers"
    column = "name" if connection.vendor == "sqlite" else "trigger_name"
    kind = "WHERE type = 'trigger'" if connection.vendor == "sqlite" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} {kind}")
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", [1, 2])
def test_each_append_only_table_has_its_trigger(round_: int) -> None:
    guarded = {table for triggers_of in TRIGGER_MODULES for table in triggers_of.APPEND_ONLY}
    triggers = _triggers()
    assert {table for table in guarded if not any(name.startswith(f"{table}_no_") for name in triggers)} == set()

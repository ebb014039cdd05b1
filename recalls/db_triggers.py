"""Database triggers that let a recall move only together with an event."""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

# What a step alone may change: each brings an event, and with it a version.
_MOVED_COLUMNS = (
    "state",
    "patient_id",
    "exam_id",
    "site_id",
    "closure_reason",
    "closed_at",
    "closed_by",
)
_MESSAGE = "the state of a recall changes only together with an event"


def install_state_trigger(connection: BaseDatabaseWrapper) -> None:
    """A recall moves, closes or is given to another patient only with a new version, and no version is taken back."""
    is_sqlite = connection.vendor == "sqlite"
    differs = "IS NOT" if is_sqlite else "IS DISTINCT FROM"
    changed = " OR ".join(f"OLD.{column} {differs} NEW.{column}" for column in _MOVED_COLUMNS)
    # A closing note is removed when the person's data is minimised.
    changed += f" OR (OLD.closure_note {differs} NEW.closure_note AND NEW.closure_note <> '-')"
    condition = f"NEW.version < OLD.version OR (NEW.version = OLD.version AND ({changed}))"
    with connection.cursor() as cursor:
        if is_sqlite:
            cursor.execute(
                "CREATE TRIGGER recalls_recall_state BEFORE UPDATE ON recalls_recall "
                f"WHEN {condition} BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
            )
            return
        cursor.execute(
            "CREATE OR REPLACE FUNCTION recalldesk_state_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER recalls_recall_state BEFORE UPDATE ON recalls_recall FOR EACH ROW "
            f"WHEN ({condition}) EXECUTE FUNCTION recalldesk_state_guard()"
        )


def remove_state_trigger(connection: BaseDatabaseWrapper) -> None:
    on_table = "" if connection.vendor == "sqlite" else " ON recalls_recall"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER IF EXISTS recalls_recall_state{on_table}")


def renew_state_trigger(using: str = "default", **_kwargs: Any) -> None:
    """After each `migrate`: SQLite forgets it where a migration wrote the table anew."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if "recalls_recall" not in connection.introspection.table_names(cursor):
            return
    remove_state_trigger(connection)
    install_state_trigger(connection)

"""Database triggers that refuse to change, delete, empty or replace the rows of append-only tables.

After each `migrate` every table of `history.sealed_tables` has them (`history.apps`), so that a migration need not:
SQLite forgets the triggers of a table that it writes anew. A migration or command that must change a row takes them
away for its transaction: `with suspended(connection, tables)`.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

_FUNCTION = (
    "CREATE OR REPLACE FUNCTION recalldesk_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME "
    "USING ERRCODE = 'integrity_constraint_violation'; END $$"
)


def install_append_only(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> None:
    """Add the triggers that are missing on tables that exist."""
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            if is_sqlite
            else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        )
        standing = {name for (name,) in cursor.fetchall()}
        if not is_sqlite:
            cursor.execute(_FUNCTION)
        for table in tables:
            triggers = _sqlite_triggers(table) if is_sqlite else _postgres_triggers(table)
            for name, statement in triggers.items():
                if table in existing and name not in standing:
                    cursor.execute(statement)


def remove_append_only(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> None:
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        for table in tables:
            for name in _sqlite_triggers(table) if is_sqlite else _postgres_triggers(table):
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}" + ("" if is_sqlite else f" ON {table}"))


@contextmanager
def suspended(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> Iterator[None]:
    """Let the rows of these tables be changed inside, in one transaction; only the owner of the tables may."""
    names = list(tables)
    with transaction.atomic(using=connection.alias):
        remove_append_only(connection, names)
        yield
        install_append_only(connection, names)


def _sqlite_triggers(table: str) -> dict[str, str]:
    """Statements by the trigger's name. REPLACE deletes without asking a DELETE trigger, so it is met at the insert."""
    is_there = f"EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"  # noqa: S608  a name of our own
    refuse = f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or deleted'); END"
    return {
        f"{table}_no_update": f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"{table}_no_delete": f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"{table}_no_replace": f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {is_there} {refuse}",
    }


def _postgres_triggers(table: str) -> dict[str, str]:
    return {
        f"{table}_no_change": f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION recalldesk_append_only()",
        f"{table}_no_truncate": f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION recalldesk_append_only()",
    }

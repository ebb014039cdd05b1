"""Database triggers that refuse to change, delete, empty or replace the rows of append-only tables.

After each `migrate` every table of `history.sealed_tables` has them (`history.apps`), so that a migration need not:
SQLite forgets the triggers of a table that it writes anew. A migration or command that must change a row takes them
away for its transaction: `with suspended(connection, tables)`. One change passes: personal columns are emptied in a row
whose seals were kept before (`history.minimised_rows`).
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from history.sealed_tables import personal_columns_by_table

_KEPT_SEALS = "history_minimisedrow"
# What an emptied column says: see `history.minimised_rows`.
_EMPTY_JSON = """'null', '""', '"-"', '{}', '[]'"""
_EMPTY_TEXT = "'', '-', '{}', '[]'"
# The arguments of a trigger are the personal columns of its table.
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION recalldesk_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF TG_OP = 'UPDATE' AND TG_NARGS > 0 THEN
    IF to_jsonb(NEW) - TG_ARGV = to_jsonb(OLD) - TG_ARGV
        AND EXISTS (SELECT 1 FROM {_KEPT_SEALS} WHERE "table" = TG_TABLE_NAME AND row = OLD.id)
        AND NOT EXISTS (
            SELECT 1 FROM unnest(TG_ARGV) AS name
            WHERE coalesce(to_jsonb(NEW) -> name, 'null') NOT IN ({_EMPTY_JSON})
        )
    THEN RETURN NEW; END IF;
END IF;
RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME
USING ERRCODE = 'integrity_constraint_violation'; END $$
"""  # noqa: S608  names and words of our own
_STANDING_SQLITE = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
_STANDING_POSTGRES = "SELECT tgname, encode(tgargs, 'escape') FROM pg_trigger WHERE NOT tgisinternal"


def install_append_only(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> None:
    """Add the triggers that are missing on tables that exist, and those that name other columns, anew."""
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        cursor.execute(_STANDING_SQLITE if is_sqlite else _STANDING_POSTGRES)
        standing: dict[str, str] = dict(cursor.fetchall())
        if not is_sqlite:
            cursor.execute(_FUNCTION)
        for table in existing.intersection(tables):
            described = connection.introspection.get_table_description(cursor, table)
            columns = [column.name for column in described]
            personal = _emptied_columns(table, columns, existing)
            triggers = _sqlite_triggers(table, columns, personal) if is_sqlite else _postgres_triggers(table, personal)
            marks = triggers if is_sqlite else _postgres_marks(table, personal)
            for name, statement in triggers.items():
                if standing.get(name) == marks[name]:
                    continue
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}" + ("" if is_sqlite else f" ON {table}"))
                cursor.execute(statement)


def remove_append_only(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> None:
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        for table in tables:
            for name in _sqlite_triggers(table, (), ()) if is_sqlite else _postgres_triggers(table, ()):
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}" + ("" if is_sqlite else f" ON {table}"))


@contextmanager
def suspended(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> Iterator[None]:
    """Let the rows of these tables be changed inside, in one transaction; only the owner of the tables may."""
    names = list(tables)
    with transaction.atomic(using=connection.alias):
        remove_append_only(connection, names)
        yield
        install_append_only(connection, names)


def _emptied_columns(table: str, columns: Iterable[str], existing: set[str]) -> tuple[str, ...]:
    """The personal columns of a table; none while a migration has yet to make what they need."""
    personal = personal_columns_by_table().get(table, ())
    return personal if _KEPT_SEALS in existing and set(columns).issuperset(personal) else ()


def _sqlite_triggers(table: str, columns: Iterable[str], personal: Iterable[str]) -> dict[str, str]:
    """Statements by the trigger's name. REPLACE deletes without asking a DELETE trigger, so it is met at the insert."""
    is_there = f"EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"  # noqa: S608  a name of our own
    refuse = f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or deleted'); END"
    unless = f"WHEN NOT ({_emptied_in_sqlite(table, columns, personal)}) " if personal else ""
    return {
        f"{table}_no_update": f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {unless}{refuse}",
        f"{table}_no_delete": f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"{table}_no_replace": f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {is_there} {refuse}",
    }


def _emptied_in_sqlite(table: str, columns: Iterable[str], personal: Iterable[str]) -> str:
    kept = f'EXISTS (SELECT 1 FROM {_KEPT_SEALS} WHERE "table" = \'{table}\' AND "row" = OLD.id)'  # noqa: S608
    emptied = [f'(NEW."{name}" IS NULL OR NEW."{name}" IN ({_EMPTY_TEXT}))' for name in personal]
    same = [f'NEW."{name}" IS OLD."{name}"' for name in columns if name not in set(personal)]
    return " AND ".join([kept, *emptied, *same])


def _postgres_triggers(table: str, personal: Iterable[str]) -> dict[str, str]:
    names = ", ".join(f"'{name}'" for name in personal)
    return {
        f"{table}_no_change": f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION recalldesk_append_only({names})",
        f"{table}_no_truncate": f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION recalldesk_append_only()",
    }


def _postgres_marks(table: str, personal: Iterable[str]) -> Mapping[str, str]:
    """What `pg_trigger` says of the arguments of each: they end with a zero byte, written in octal."""
    return {f"{table}_no_change": "".join(f"{name}\\000" for name in personal), f"{table}_no_truncate": ""}

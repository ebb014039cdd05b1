"""Database triggers that keep rows and messages as they came; `history.sealed_tables` keeps what a person mended."""

from collections.abc import Iterable

from django.db.backends.base.base import BaseDatabaseWrapper

_MESSAGE = "what came in is kept as it came"
# The cells of a row may be emptied when the person's data is minimised.
_PARKED_COLUMNS = "raw, file_id, line, source_digest"
# A body is emptied once it was kept for long enough, and never replaced by another.
_BODIES = (("exchange_hl7message", "raw"), ("exchange_hl7messagemend", "body"))


def install_triggers(connection: BaseDatabaseWrapper) -> None:
    _execute(connection, _sqlite() if connection.vendor == "sqlite" else _postgres())


def remove_triggers(connection: BaseDatabaseWrapper) -> None:
    for table in ("exchange_parkedrow", *(table for table, _column in _BODIES)):
        on_table = "" if connection.vendor == "sqlite" else f" ON {table}"
        _execute(connection, [f"DROP TRIGGER IF EXISTS {table}_as_it_came{on_table}"])


def _sqlite() -> Iterable[str]:
    stop = f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
    changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _PARKED_COLUMNS.split(", "))
    changed = changed.replace("OLD.raw IS NOT NEW.raw", "(OLD.raw IS NOT NEW.raw AND NEW.raw <> '{}')")
    yield (
        f"CREATE TRIGGER exchange_parkedrow_as_it_came BEFORE UPDATE OF {_PARKED_COLUMNS} ON exchange_parkedrow "
        f"WHEN {changed} {stop}"
    )
    for table, column in _BODIES:
        yield (
            f"CREATE TRIGGER {table}_as_it_came BEFORE UPDATE OF {column} ON {table} "
            f"WHEN OLD.{column} IS NOT NEW.{column} AND length(NEW.{column}) > 0 {stop}"
        )


def _postgres() -> Iterable[str]:
    yield (
        "CREATE OR REPLACE FUNCTION recalldesk_as_it_came() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    changed = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in _PARKED_COLUMNS.split(", "))
    changed = changed.replace(
        "OLD.raw IS DISTINCT FROM NEW.raw", "(OLD.raw IS DISTINCT FROM NEW.raw AND NEW.raw <> '{}')"
    )
    yield (
        f"CREATE TRIGGER exchange_parkedrow_as_it_came BEFORE UPDATE OF {_PARKED_COLUMNS} ON exchange_parkedrow "
        f"FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION recalldesk_as_it_came()"
    )
    for table, column in _BODIES:
        yield (
            f"CREATE TRIGGER {table}_as_it_came BEFORE UPDATE OF {column} ON {table} FOR EACH ROW "
            f"WHEN (OLD.{column} IS DISTINCT FROM NEW.{column} AND length(NEW.{column}) > 0) "
            "EXECUTE FUNCTION recalldesk_as_it_came()"
        )


def _execute(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)

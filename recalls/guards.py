"""Which rules does the database itself hold, whoever writes to it? Append-only tables and no state without an event.

Installed by a migration on SQLite and PostgreSQL. A test that empties the tables removes the guards first.
"""

from collections.abc import Iterable

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_FROM_THE_START = (
    "patients_consent",
    "recalls_recallevent",
    "recalls_contactattempt",
    "recalls_outcome",
    "recalls_outcomerelease",
    "recalls_pathologyresult",
    "recalls_concordance",
    "recalls_supersededreading",
)
_OF_UNDOING = ("recalls_outcometakenback",)
APPEND_ONLY = (*_FROM_THE_START, *_OF_UNDOING)
_STATE_CHANGED = "OLD.state <> NEW.state AND NEW.version <= OLD.version"
_STATE_MESSAGE = "the state of a recall changes only together with an event"


def _append_only_message(table: str) -> str:
    return f"rows of {table} are never changed or deleted"


def _sqlite_install(tables: Iterable[str]) -> Iterable[str]:
    for table in tables:
        for verb in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{_append_only_message(table)}'); END"
            )


def _sqlite_remove(tables: Iterable[str]) -> Iterable[str]:
    for table in tables:
        for verb in ("update", "delete"):
            yield f"DROP TRIGGER IF EXISTS {table}_no_{verb}"


def _postgres_install(tables: Iterable[str]) -> Iterable[str]:
    yield (
        "CREATE OR REPLACE FUNCTION recalldesk_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in tables:
        yield (
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION recalldesk_append_only()"
        )


def _postgres_remove(tables: Iterable[str]) -> Iterable[str]:
    for table in tables:
        yield f"DROP TRIGGER IF EXISTS {table}_no_change ON {table}"


def install_append_only(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> None:
    statements = _sqlite_install(tables) if connection.vendor == "sqlite" else _postgres_install(tables)
    _run(connection, statements)


def remove_append_only(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> None:
    statements = _sqlite_remove(tables) if connection.vendor == "sqlite" else _postgres_remove(tables)
    _run(connection, statements)


def install_state_guard(connection: BaseDatabaseWrapper) -> None:
    """A recall's state never changes without a new version, which only an event brings."""
    if connection.vendor == "sqlite":
        _run(connection, [
            f"CREATE TRIGGER recalls_recall_state BEFORE UPDATE OF state ON recalls_recall WHEN {_STATE_CHANGED} "
            f"BEGIN SELECT RAISE(ABORT, '{_STATE_MESSAGE}'); END",
        ])  # fmt: skip
        return
    _run(connection, [
        "CREATE OR REPLACE FUNCTION recalldesk_state_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{_STATE_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER recalls_recall_state BEFORE UPDATE OF state ON recalls_recall FOR EACH ROW "
        f"WHEN ({_STATE_CHANGED}) EXECUTE FUNCTION recalldesk_state_guard()",
    ])  # fmt: skip


def remove_state_guard(connection: BaseDatabaseWrapper) -> None:
    on_table = "" if connection.vendor == "sqlite" else " ON recalls_recall"
    _run(connection, [f"DROP TRIGGER IF EXISTS recalls_recall_state{on_table}"])


def install(connection: BaseDatabaseWrapper) -> None:
    install_append_only(connection, APPEND_ONLY)
    install_state_guard(connection)


def remove(connection: BaseDatabaseWrapper) -> None:
    remove_append_only(connection, APPEND_ONLY)
    remove_state_guard(connection)


def migrate_forwards(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    install_append_only(schema_editor.connection, _FROM_THE_START)
    install_state_guard(schema_editor.connection)


def migrate_backwards(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    remove_append_only(schema_editor.connection, _FROM_THE_START)
    remove_state_guard(schema_editor.connection)


def guard_undoing(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    install_append_only(schema_editor.connection, _OF_UNDOING)


def unguard_undoing(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    remove_append_only(schema_editor.connection, _OF_UNDOING)


def _run(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)

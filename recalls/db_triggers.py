"""Database triggers: append-only tables, and no change of a recall's state without an event.

A migration installs them on SQLite and PostgreSQL. A test that empties the tables removes them first.
"""

from collections.abc import Iterable

from django.db.backends.base.base import BaseDatabaseWrapper

# The first migrations install these.
APPEND_ONLY_BEFORE_RESULTS = (
    "patients_consent",
    "recalls_recallevent",
    "recalls_contactattempt",
    "recalls_outcome",
    "recalls_outcomerelease",
    "recalls_outcomeretraction",
    "recalls_pathologyresult",
    "recalls_concordance",
    "recalls_supersededreading",
)
APPEND_ONLY = (
    *APPEND_ONLY_BEFORE_RESULTS,
    "recalls_lesionassessment",
    "recalls_biopsy",
    "recalls_biopsyretraction",
    "recalls_resultdisclosure",
    "recalls_disclosureretraction",
    "recalls_refusal",
    "recalls_referral",
    "recalls_outsidereport",
    "patients_patientchange",
)
_STATE_CHANGE_CONDITION = "OLD.state <> NEW.state AND NEW.version <= OLD.version"
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
    _execute(connection, statements)


def remove_append_only(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> None:
    statements = _sqlite_remove(tables) if connection.vendor == "sqlite" else _postgres_remove(tables)
    _execute(connection, statements)


def install_state_trigger(connection: BaseDatabaseWrapper) -> None:
    """A recall's state never changes without a new version, which only an event brings."""
    if connection.vendor == "sqlite":
        _execute(connection, [
            "CREATE TRIGGER recalls_recall_state BEFORE UPDATE OF state ON recalls_recall "
            f"WHEN {_STATE_CHANGE_CONDITION} BEGIN SELECT RAISE(ABORT, '{_STATE_MESSAGE}'); END",
        ])  # fmt: skip
        return
    _execute(connection, [
        "CREATE OR REPLACE FUNCTION recalldesk_state_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{_STATE_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER recalls_recall_state BEFORE UPDATE OF state ON recalls_recall FOR EACH ROW "
        f"WHEN ({_STATE_CHANGE_CONDITION}) EXECUTE FUNCTION recalldesk_state_guard()",
    ])  # fmt: skip


def remove_state_trigger(connection: BaseDatabaseWrapper) -> None:
    on_table = "" if connection.vendor == "sqlite" else " ON recalls_recall"
    _execute(connection, [f"DROP TRIGGER IF EXISTS recalls_recall_state{on_table}"])


def install_triggers(connection: BaseDatabaseWrapper) -> None:
    install_append_only(connection, APPEND_ONLY)
    install_state_trigger(connection)


def remove_triggers(connection: BaseDatabaseWrapper) -> None:
    remove_append_only(connection, APPEND_ONLY)
    remove_state_trigger(connection)


def _execute(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)

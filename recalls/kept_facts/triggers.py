"""The triggers that keep `RecallFacts` and `CountLine`, for both databases.

They stand on every table that a filter or a number rests on, so that no way of writing goes past them. They are put up
after each migration where they are missing or say something else: SQLite forgets them whenever it writes a table anew.
On PostgreSQL rows that one statement inserts are seen to together: a file of results brings hundreds at a time.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from recalls.enums import WorkItemKind
from recalls.kept_facts import facts_sql, line_sql

_PREFIX = "recalldesk_kept"


class _Source(NamedTuple):
    """A table on which facts rest: which recalls (`r`) a row of it touches, and which changes of it matter."""

    table: str
    recall_column: str  # of r
    row_value: str  # of the row that was written
    inserted: bool = True
    updated_columns: tuple[str, ...] = ()
    deleted: bool = False
    condition: str = ""  # on {row}, the row that was written


_SOURCES = (
    _Source("recalls_recall", "r.id", "{row}.id", updated_columns=facts_sql.RECALL_COLUMNS),
    _Source(
        "patients_patient", "r.patient_id", "{row}.id", inserted=False,
        updated_columns=("language", "interpreter_needed", "do_not_call"),
    ),
    _Source(
        "patients_contactpoint", "r.patient_id", "{row}.patient_id",
        updated_columns=("patient_id", "kind", "unusable"), deleted=True,
    ),
    _Source("patients_consent", "r.patient_id", "{row}.patient_id", condition="{row}.subject = 'email'"),
    _Source("recalls_contactattempt", "r.id", "{row}.recall_id"),
    _Source(
        "recalls_workitem", "r.id", "{row}.recall_id", updated_columns=("recall_id", "kind", "done_at"), deleted=True,
        condition=f"{{row}}.kind = '{WorkItemKind.PRINT_LETTER}'",
    ),
    _Source(
        "recalls_appointment", "r.id", "{row}.recall_id",
        updated_columns=("recall_id", "starts_at", "status"), deleted=True,
    ),
    _Source(
        "recalls_screeningexam", "r.exam_id", "{row}.id", inserted=False,
        updated_columns=("reader_id", "site_id", "exam_date", "assessment"),
    ),
    _Source("recalls_outcome", "r.id", "{row}.recall_id"),
    _Source(
        "recalls_outcomeretraction", "r.id",
        "(SELECT o.recall_id FROM recalls_outcome o WHERE o.id = {row}.outcome_id)",
    ),
    _Source("recalls_pathologyresult", "r.id", "{row}.recall_id"),
    _Source(
        "recalls_outsidereportretraction", "r.id",
        "(SELECT s.recall_id FROM recalls_outsidereport s WHERE s.id = {row}.report_id)",
    ),
    _Source("recalls_recallevent", "r.id", "{row}.recall_id", condition="{row}.step = 'advise_biopsy'"),
)  # fmt: skip
_EXAM_COLUMNS = ("reader_id", "site_id", "exam_date", "assessment")
_INSERTED = "AFTER INSERT"
_NEW_ROWS = "new_rows"  # what one statement inserted, on PostgreSQL


class _Trigger(NamedTuple):
    name: str
    table: str
    event: str  # "AFTER INSERT", "AFTER UPDATE OF a, b", ...
    condition: str
    statements: tuple[str, ...]


class _Inserted(NamedTuple):
    """How SQL names what was inserted: one row on SQLite, all rows of the statement on PostgreSQL."""

    row: str
    table: str  # where it is read from; empty for the row itself


def _inserted(vendor: str) -> _Inserted:
    return _Inserted("NEW", "") if vendor == "sqlite" else _Inserted("n", f"{_NEW_ROWS} n")


def _triggers(vendor: str) -> Iterator[_Trigger]:
    for source in _SOURCES:
        yield from _source_triggers(vendor, source)
    facts, exams, events = facts_sql.TABLE, "recalls_screeningexam", "recalls_recallevent"
    yield _Trigger("forget", "recalls_recall", "BEFORE DELETE", "", (f"DELETE FROM {facts} WHERE recall_id = OLD.id",))
    new = _inserted(vendor)
    for table, lines, columns in ((facts, line_sql.recall_lines, ()), (exams, line_sql.exam_lines, _EXAM_COLUMNS)):
        now, went = lines(vendor, "NEW", 1), lines(vendor, "OLD", -1)
        yield _Trigger("came", table, _INSERTED, "", (line_sql.add_lines(lines(vendor, new.row, 1, new.table)),))
        changed = "AFTER UPDATE" + (f" OF {', '.join(columns)}" if columns else "")
        yield _Trigger("changed", table, changed, "", (line_sql.add_lines(now, went),))
        yield _Trigger("went", table, "AFTER DELETE", "", (line_sql.add_lines(went),))
    moved = line_sql.add_lines(line_sql.move_lines(vendor, new.row, 1, new.table))
    yield _Trigger("moved", events, _INSERTED, f"{new.row}.from_state <> {new.row}.to_state", (moved,))
    yield from _message_triggers(vendor)


def _message_triggers(vendor: str) -> Iterator[_Trigger]:
    """A message that gets through adds nothing, and its condition spares it the work."""
    came, went = line_sql.message_lines(vendor, "NEW", 1), line_sql.message_lines(vendor, "OLD", -1)
    is_new, was_old = line_sql.is_counted_message("NEW"), line_sql.is_counted_message("OLD")
    table, changed = line_sql.MESSAGES, "AFTER UPDATE OF recall_id, state, due_at"
    new = _inserted(vendor)
    added = line_sql.add_lines(line_sql.message_lines(vendor, new.row, 1, new.table))
    yield _Trigger("came", table, _INSERTED, line_sql.is_counted_message(new.row), (added,))
    yield _Trigger("changed", table, changed, f"{is_new} OR {was_old}", (line_sql.add_lines(came, went),))
    yield _Trigger("went", table, "AFTER DELETE", was_old, (line_sql.add_lines(went),))


def _source_triggers(vendor: str, source: _Source) -> Iterator[_Trigger]:
    def build(name: str, event: str, *rows: str) -> _Trigger:
        condition = " OR ".join(source.condition.format(row=row) for row in rows if source.condition)
        if vendor == "postgresql" and event == _INSERTED:
            touched = _all_touched(source, condition)
        else:
            touched = f"IN ({', '.join(source.row_value.format(row=row) for row in rows)})"
        write = facts_sql.write_facts(vendor, f"{source.recall_column} {touched}")
        statements = (_lock_facts(source, touched), write) if vendor == "postgresql" else (write,)
        return _Trigger(name, source.table, event, condition, statements)

    if source.inserted:
        yield build("facts_new", _INSERTED, _inserted(vendor).row)
    if source.updated_columns:
        # Only one that moves to another owner touches two.
        rows = ("NEW", "OLD") if source.deleted else ("NEW",)
        yield build("facts_set", f"AFTER UPDATE OF {', '.join(source.updated_columns)}", *rows)
    if source.deleted:
        yield build("facts_old", "AFTER DELETE", "OLD")


def _all_touched(source: _Source, condition: str) -> str:
    """As an array: however many rows the first statement had, the plan that is kept looks each up in the index."""
    row, rows = _inserted("postgresql")
    where = f" WHERE {condition}" if condition else ""
    return f"= ANY (ARRAY(SELECT {source.row_value.format(row=row)} FROM {rows}{where}))"


def _lock_facts(source: _Source, touched: str) -> str:
    """Two who touch one recall write its facts one after the other, each seeing what the one before committed."""
    mine = f"SELECT r.id FROM recalls_recall r WHERE {source.recall_column} {touched}"
    return f"PERFORM 1 FROM {facts_sql.TABLE} WHERE recall_id IN ({mine}) ORDER BY recall_id FOR UPDATE"


def _full_name(trigger: _Trigger) -> str:
    return f"{_PREFIX}_{trigger.table}_{trigger.name}"


def _create(vendor: str, trigger: _Trigger) -> Iterator[str]:
    name, when = _full_name(trigger), f"WHEN ({trigger.condition}) " if trigger.condition else ""
    body = "; ".join(trigger.statements)
    if vendor == "sqlite":
        yield f"CREATE TRIGGER {name} {trigger.event} ON {trigger.table} {when}BEGIN {body}; END"
        return
    each = f"FOR EACH ROW {when}"
    if trigger.event == _INSERTED:
        each = f"REFERENCING NEW TABLE AS {_NEW_ROWS} FOR EACH STATEMENT "
        if trigger.condition:
            body = f"IF EXISTS (SELECT 1 FROM {_NEW_ROWS} n WHERE {trigger.condition}) THEN {body}; END IF"
    answer = "OLD" if trigger.event.startswith("BEFORE") else "NULL"
    yield (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {body}; RETURN {answer}; END $$"
    )
    yield f"DROP TRIGGER IF EXISTS {name} ON {trigger.table}"
    yield f"CREATE TRIGGER {name} {trigger.event} ON {trigger.table} {each}EXECUTE FUNCTION {name}()"


def is_ready(connection: BaseDatabaseWrapper) -> bool:
    """Whether every table that the facts are read from is there: a migration may ask before a later one makes it."""
    return facts_sql.NEWEST_SOURCE in connection.introspection.table_names()


def install(connection: BaseDatabaseWrapper, *, numbers: bool = True) -> None:
    """Put up those that are missing or say something else; without `numbers` only those that write facts.

    Those of an earlier release stay until they can be replaced.
    """
    if not is_ready(connection):
        return
    wanted = {
        _full_name(trigger): trigger
        for trigger in _triggers(connection.vendor)
        if numbers or line_sql.TABLE not in "".join(trigger.statements)
    }
    tables = set(connection.introspection.table_names())
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        standing = _standing(connection.vendor, cursor)
        for name, trigger in wanted.items():
            statements = list(_create(connection.vendor, trigger))
            digest = hashlib.sha256("".join(statements).encode()).hexdigest()
            if trigger.table not in tables or standing.get(name) == (
                digest if connection.vendor != "sqlite" else statements[0]
            ):
                continue
            if connection.vendor == "sqlite":
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            for statement in statements:
                cursor.execute(statement)
            if connection.vendor != "sqlite":
                cursor.execute(f"COMMENT ON TRIGGER {name} ON {trigger.table} IS '{digest}'")


def _standing(vendor: str, cursor: Any) -> dict[str, str]:
    """What each trigger says, or a digest of it."""
    if vendor == "sqlite":
        cursor.execute(f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{_PREFIX}_%'")
    else:
        cursor.execute(
            "SELECT tgname, obj_description(oid, 'pg_trigger') FROM pg_trigger "
            f"WHERE tgname LIKE '{_PREFIX}_%' AND tgrelid IN (SELECT oid FROM pg_class WHERE pg_table_is_visible(oid))"
        )
    return dict(cursor.fetchall())


def remove(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for trigger in _triggers(connection.vendor):
            on_table = "" if connection.vendor == "sqlite" else f" ON {trigger.table}"
            cursor.execute(f"DROP TRIGGER IF EXISTS {_full_name(trigger)}{on_table}")


def remove_before_migration(*, using: str, plan: Any = (), **_: Any) -> None:
    """Receiver of pre_migrate. SQLite writes no table anew that a trigger names."""
    if plan and connections[using].vendor == "sqlite":
        remove(connections[using])


def install_after_migration(*, using: str, **_: Any) -> None:
    """Receiver of post_migrate."""
    connection = connections[using]
    if facts_sql.TABLE in connection.introspection.table_names():
        install(connection)

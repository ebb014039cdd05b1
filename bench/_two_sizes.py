"""Makes databases of 10,000 and 1,000,000 recalls on one PostgreSQL: the rows of the small one, copied by the server.

With BENCH=short the large one holds 100,000.

The large one comes in two shapes: six in ten recalls still open, as after years without any ending, and "grown", about
12,000 open among 1,000,000, as after many years of work. A database that is there already is used as it is.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import Any

BASE_SIZE = 10_000
IS_SHORT = os.environ.get("BENCH") == "short"
READY = "BENCH_DATABASES_READY"
COPIES = 9 if IS_SHORT else 99  # of the small clinic, beside its own rows
SHAPES = ("small", "open", "grown")
_BATCH = 5_000
# Tables whose rows are copied, the ones that are referred to first.
_COPIED_MODELS = (
    "patients.Patient", "patients.ContactPoint", "patients.Consent", "patients.SearchTerm", "recalls.ScreeningExam",
    "recalls.Finding", "recalls.Recall", "recalls.RecallEvent", "recalls.ContactAttempt", "recalls.Appointment",
    "recalls.Outcome", "recalls.WorkItem", "notifications.Notification",
)  # fmt: skip
# What must differ in each copy, in k, the number of the copy.
_CHANGES_BY_MODEL = {
    "patients.Patient": {"mrn": "t.mrn || '-' || k"},
    "patients.ContactPoint": {"value": "t.value || k"},
    "patients.SearchTerm": {"term": "CASE WHEN t.kind = 'name' THEN t.term ELSE t.term || k END"},
    "recalls.ScreeningExam": {"accession": "t.accession || '-' || k"},
    "notifications.Notification": {
        "public_id": "gen_random_uuid()", "message_id": "'<' || gen_random_uuid() || '@bench.test>'",
    },
}  # fmt: skip
# In the grown clinic all but the first two copies of the recalls came to their end, one after the other.
_END_RECALLS = """UPDATE recalls_recall SET state = 'closed', due_at = NULL, target_at = NULL, to_read_at = NULL,
    closure_reason = 'normal', closed_by = 'Bench', hold_until = NULL, state_before_hold = '', result_since = NULL,
    tell_by = NULL, opened_at = opened_at - (id / {stride}) * interval '10 days',
    closed_at = state_since - (id / {stride}) * interval '10 days', version = version + 1
    WHERE id > 2 * {stride} AND state <> 'closed'"""
_END_VISITS = """UPDATE recalls_appointment v SET status = 'attended' FROM recalls_recall r
    WHERE r.id = v.recall_id AND r.state = 'closed' AND v.status = 'booked'"""


def database_name(shape: str) -> str:
    return f"sizes_short_{shape}" if IS_SHORT and shape != "small" else f"sizes_{shape}"


def make_databases() -> None:
    """Those that are missing; a few minutes for all three. A run of many parts makes them once, and says so."""
    from django.db import connection

    if os.environ.get(READY):
        return

    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        there = {name for (name,) in cursor.fetchall()}
    for shape in SHAPES:
        if database_name(shape) in there:
            _migrate(shape)
            continue
        started = time.perf_counter()
        {"small": _make_small, "open": _copy_small, "grown": _end_most}[shape]()
        print(f"{database_name(shape)} made in {time.perf_counter() - started:.0f} s", flush=True)


def _migrate(shape: str) -> None:
    """To the tables of this version, for a database of an earlier run."""
    from django.core.management import call_command
    from django.db import connection

    from bench.desk_pages import use_database

    home, started = connection.settings_dict["NAME"], time.perf_counter()
    use_database(database_name(shape))
    call_command("migrate", verbosity=0)
    use_database(home)
    print(f"{database_name(shape)} migrated in {time.perf_counter() - started:.0f} s", flush=True)


def _make_small() -> None:
    from django.core.management import call_command
    from django.db import connection

    from bench._large_clinic import LargeClinic
    from bench.desk_pages import use_database

    home = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{database_name("small")}"')
    use_database(database_name("small"))
    call_command("migrate", verbosity=0)
    clinic = LargeClinic(BASE_SIZE)
    _write_batches(_messages())
    _write_batches(_kept_visits(clinic.site))
    _write_batches(_outcomes())
    _fill_what_triggers_keep()
    use_database(home)


def _write_batches(rows: Iterator[Any]) -> None:
    while batch := list(islice(rows, _BATCH)):
        type(batch[0]).objects.bulk_create(batch)


def _messages() -> Iterator[Any]:
    """Two to each recall: most arrived, one in three of the second as a letter, one in four hundred failed."""
    from notifications.models import Notification
    from recalls.models import Recall

    for pk, patient, opened in Recall.objects.values_list("pk", "patient_id", "opened_at").iterator():
        for number, kind in enumerate(("recall_notice", "please_call")):
            at, failed = opened + timedelta(hours=3 + 60 * number), (pk + number) % 400 == 0
            yield Notification(
                recall_id=pk, patient_id=patient, kind=kind, occasion="bench", due_at=at, not_before=at,
                created_at=opened,
                channel="letter" if number and pk % 3 == 0 else "email", state="failed" if failed else "accepted",
                accepted_at=None if failed else at, message_id=f"<{pk}-{number}@bench.test>",
            )  # fmt: skip


def _kept_visits(site: Any) -> Iterator[Any]:
    from recalls.models import Appointment, Recall

    ended = Recall.objects.filter(state="closed").values_list("pk", "opened_at")
    for pk, opened in ended.iterator():
        yield Appointment(
            recall_id=pk, site=site, starts_at=opened + timedelta(days=5), kind="diagnostic", status="attended"
        )


def _outcomes() -> Iterator[Any]:
    from recalls.models import Appointment, Outcome

    for pk, recall, starts in Appointment.objects.filter(status="attended").values_list("pk", "recall_id", "starts_at"):
        yield Outcome(
            recall_id=recall,
            appointment_id=pk,
            assessment="1" if pk % 2 else "2",
            at=starts,
            read_at=starts,
            by="Bench",
        )


def _copy_database(source: str, shape: str) -> None:
    """A copy of the other database, which the connection then uses."""
    from django.db import connection

    from bench.desk_pages import use_database

    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{database_name(shape)}" TEMPLATE "{database_name(source)}"')
    use_database(database_name(shape))


def _copy_small() -> None:
    from django.apps import apps
    from django.db import connection

    from bench.desk_pages import use_database

    home = connection.settings_dict["NAME"]
    _copy_database("small", "open")
    models = [apps.get_model(name) for name in _COPIED_MODELS]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no foreign key is asked, no trigger fires
        strides = {model: _highest_key(cursor, model) for model in models}
        for model in models:
            with _indexes_built_afterwards(cursor, model._meta.db_table):
                _copy_rows(cursor, model, strides)
        cursor.execute("SET session_replication_role = DEFAULT")
    _fill_what_triggers_keep()
    use_database(home)


@contextmanager
def _indexes_built_afterwards(cursor: Any, table: str) -> Iterator[None]:
    """Without those indexes that no constraint needs: built at once they take a fraction of the time."""
    cursor.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i "
        "WHERE i.indrelid = %s::regclass AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        [table],
    )
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _name, definition in indexes:
        cursor.execute(definition)


def _fill_what_triggers_keep() -> None:
    """The facts and numbers of rows that were written past the triggers, and the statistics of all."""
    from django.db import connection

    from recalls.kept_facts.upkeep import check_and_mend, sum_count_lines

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    check_and_mend()
    sum_count_lines()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL recalls_countline")  # which held each line before it was summed up
        cursor.execute("VACUUM ANALYZE")


def _highest_key(cursor: Any, model: Any) -> int:
    cursor.execute(f"SELECT coalesce(max(id), 0) FROM {model._meta.db_table}")
    highest: int = cursor.fetchone()[0]
    return highest


def _copy_rows(cursor: Any, model: Any, strides: dict[Any, int]) -> None:
    table, label = model._meta.db_table, model._meta.label
    changes = _CHANGES_BY_MODEL.get(label, {})
    values = []
    for field in model._meta.concrete_fields:
        stride = strides[model] if field.primary_key else strides.get(field.related_model)
        value = f't."{field.column}"' + (f" + k * {stride}" if stride else "")
        values.append(changes.get(field.column, value))
    columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
    cursor.execute(
        f'INSERT INTO "{table}" ({columns}) SELECT {", ".join(values)} FROM "{table}" t, '
        f"generate_series(1, {COPIES}) k WHERE t.id <= {strides[model]}"
    )
    cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")


def _end_most() -> None:
    from django.db import connection

    from bench.desk_pages import use_database
    from recalls.models import Recall

    home = connection.settings_dict["NAME"]
    _copy_database("open", "grown")
    stride = Recall.objects.count() // (COPIES + 1)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in (_END_RECALLS, _END_VISITS):
            cursor.execute(statement.format(stride=stride))
        cursor.execute("SET session_replication_role = DEFAULT")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL ANALYZE recalls_recall")
    _fill_what_triggers_keep()
    use_database(home)


def main() -> None:
    from bench.desk_pages import configured_database

    with configured_database():
        make_databases()


if __name__ == "__main__":
    main()

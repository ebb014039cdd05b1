"""Multiplies the rows of a table by SQL, for tests about the number of rows."""

from collections.abc import Iterable
from typing import Any

from django.db import connection, models

KEY_STEP = 1_000_000
"""By so much the keys of a copy differ from those of the copy before it."""


def multiply_rows(rows: models.QuerySet[Any], times: int, moved: Iterable[str] = (), **changed: str) -> None:
    """Write each of these rows `times` more; copy `n` has the keys of the row plus n times KEY_STEP.

    `moved` are foreign keys whose rows were multiplied before: a copy points to a copy. `changed` are SQL expressions
    of `n` and the row's own columns, by column. Neither signals nor defaults of Python take part.
    """
    table, key = rows.model._meta.db_table, rows.model._meta.pk.column
    columns = [field.column for field in rows.model._meta.concrete_fields]
    values = {name: name for name in columns}
    values |= {name: f"{name} + n * {KEY_STEP}" for name in (key, *moved)} | changed
    keys = ", ".join(str(pk) for pk in rows.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE copies(n) AS "
            f"(SELECT CAST(1 AS bigint) UNION ALL SELECT n + 1 FROM copies WHERE n < {times}) "
            f"INSERT INTO {table} ({', '.join(columns)}) "
            f"SELECT {', '.join(values[name] for name in columns)} FROM {table}, copies WHERE {key} IN ({keys})"
        )

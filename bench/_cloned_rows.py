"""Copies one row many times with other numbers and times, straight in the tables of a PostgreSQL."""

from typing import Any


def clone_row(row: Any, count: int, changes: dict[str, str]) -> None:
    """`changes` are SQL by column, in n, the number of the copy, from 1 on."""
    from django.db import connection

    columns = [field.column for field in row._meta.concrete_fields]
    values = ", ".join(changes.get(column, f't."{column}"') for column in columns)
    names, table = ", ".join(f'"{column}"' for column in columns), row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {values} FROM "{table}" t, generate_series(1, {count}) n '
            f"WHERE t.id = {row.pk}"
        )

"""Creates the indexes by which the admin finds the beginning of a name, and the search a whole accession.

Each database compares without regard to capitals in its own way, and only an index made for that way serves it: Django
has no words for it that fit both. They are made after each migration where they are missing, since SQLite forgets them
whenever a table is written anew.
"""

from typing import Any

from django.db import connections

_COLUMNS = (
    ("patients_patient", "family_name"),
    ("patients_patient", "given_name"),
    ("recalls_screeningexam", "accession"),
)


def create_search_indexes(*, using: str, **_: Any) -> None:
    """Receiver of post_migrate. Tables that are not there yet, as on the way back to nothing, are passed over."""
    connection = connections[using]
    there = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table, column in _COLUMNS:
            name, how = f"search_{table}_{column}", _INDEX_EXPRESSION[connection.vendor].format(column=column)
            if table not in there:
                continue
            if connection.vendor == "postgresql":
                _create_beside_writers(connection, cursor, name, f"{table} ({how})")
            else:
                cursor.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {table} ({how})")


def _create_beside_writers(connection: Any, cursor: Any, name: str, on: str) -> None:
    """The clinic works on meanwhile. A build that was cut off left an index that serves nobody: it is made anew."""
    cursor.execute(
        "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE c.relname = %s AND pg_table_is_visible(i.indrelid)",
        [name],
    )
    standing = cursor.fetchone()
    if standing and standing[0]:
        return
    how = "" if connection.in_atomic_block else " CONCURRENTLY"
    cursor.execute(f"DROP INDEX{how} IF EXISTS {name}")
    cursor.execute(f"CREATE INDEX{how} {name} ON {on}")


_INDEX_EXPRESSION = {"sqlite": "{column} COLLATE NOCASE", "postgresql": "upper({column}::text) text_pattern_ops"}

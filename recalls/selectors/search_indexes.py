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
            if table in there:
                how = _INDEX_EXPRESSION[connection.vendor].format(column=column)
                cursor.execute(f"CREATE INDEX IF NOT EXISTS search_{table}_{column} ON {table} ({how})")


_INDEX_EXPRESSION = {"sqlite": "{column} COLLATE NOCASE", "postgresql": "upper({column}::text) text_pattern_ops"}

"""Measures the bytes on disk that a recall and a message take, tables and indexes, with 1,000,000 recalls.

A figure and no budget: what the large database (`bench._two_sizes`) takes beyond the small one, by its further rows.
A message is its row of the plan with its indexes; the copy that is kept of a mail or letter comes on top.
"""

import sys
from collections.abc import Iterator
from typing import Any

from bench._two_sizes import database_name, make_databases
from bench.budgets.line import Line, print_lines
from bench.desk_pages import configured_database, use_database

_TABLE_SIZES = """SELECT relname, pg_relation_size(oid) + pg_relation_size(reltoastrelid), pg_indexes_size(oid)
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltoastrelid <> 0
    UNION ALL SELECT relname, pg_relation_size(oid), pg_indexes_size(oid)
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltoastrelid = 0"""
MESSAGES_TABLE = "notifications_notification"
SHOWN = 6  # tables named in the detail, the largest


def measure() -> Iterator[Line]:
    with configured_database():
        from django.db import connection

        if connection.vendor != "postgresql":
            yield Line("bytes on disk for a recall", None, detail="needs PostgreSQL")
            return
        make_databases()
        small, large = (_read_sizes(database_name(shape)) for shape in ("small", "open"))
    recalls, messages = large["recalls"] - small["recalls"], large["messages"] - small["messages"]
    grown = {
        name: (heap - small["tables"].get(name, (0, 0))[0], indexes - small["tables"].get(name, (0, 0))[1])
        for name, (heap, indexes) in large["tables"].items()
    }
    heap, indexes = grown.pop(MESSAGES_TABLE)
    total = sum(map(sum, grown.values()))
    largest = sorted(grown.items(), key=lambda pair: -sum(pair[1]))[:SHOWN]
    named = ", ".join(f"{name.partition('_')[2]} {sum(sizes) / recalls:.0f}" for name, sizes in largest)
    yield Line("bytes on disk for a recall, with its patient", total / recalls, detail=named, facts={"tables": grown})
    rows = f"rows {heap / messages:.0f}, indexes {indexes / messages:.0f}; {messages:,} messages"
    yield Line("bytes on disk for a message", (heap + indexes) / messages, detail=rows)
    yield Line("database of the large clinic, MB", large["bytes"] / 1e6, detail=f"{large['recalls']:,} recalls")


def _read_sizes(name: str) -> dict[str, Any]:
    from django.db import connection

    from notifications.models import Notification
    from recalls.models import Recall

    use_database(name)
    with connection.cursor() as cursor:
        cursor.execute(_TABLE_SIZES)
        tables = {table: (heap, indexes) for table, heap, indexes in cursor.fetchall()}
        cursor.execute("SELECT pg_database_size(current_database())")
        size = cursor.fetchone()[0]
    counts = {"recalls": Recall.objects.count(), "messages": Notification.objects.count()}
    return {"tables": tables, "bytes": size, **counts}


if __name__ == "__main__":
    sys.exit(print_lines(measure()))

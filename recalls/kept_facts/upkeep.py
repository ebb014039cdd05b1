"""Sums up the lines of the numbers, fills what is not kept yet, and proves that what is kept equals a recount."""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from clinic.models import Heartbeat
from recalls.kept_facts import facts_sql, line_sql
from recalls.models import CountLine, Recall

HEARTBEAT_NAME = "counts"
RECOUNT_NAME = "recount"
log = logging.getLogger(__name__)
# Moves are counted for the map's week; older ones leave the lines.
MOVES_KEPT = timedelta(days=10)
_SEEN_AGAIN = timedelta(minutes=3)  # three rounds of the workers
_SUM_BATCH = 5_000  # lines
_FACTS_BATCH = 5_000  # recalls


class KeptFaults(NamedTuple):
    """How many recalls had other facts than their rows say, and how many numbers were not what they should be."""

    facts: int
    numbers: int

    def __bool__(self) -> bool:
        return any(self)


def sum_count_lines() -> int:
    """Put one sum in the place of the lines of each number that changed; how many lines came in since the last time."""
    _look_again_at_moved()
    summed = 0
    while count := _sum_batch():
        summed += count
    oldest = int((timezone.now() - MOVES_KEPT).timestamp()) // line_sql.SECONDS_PER_HOUR
    CountLine.objects.filter(name="move", bucket__lt=oldest).delete()
    return summed


def _look_again_at_moved() -> None:
    """What another stored about a patient in the same instant in which the recall was opened, neither could see."""
    moved = Recall.objects.filter(changed_at__gte=timezone.now() - _SEEN_AGAIN)
    if numbers := list(moved.values_list("pk", flat=True)):
        _mend_facts(f"r.id IN ({', '.join(map(str, numbers))})")


@transaction.atomic
def _sum_batch() -> int:
    Heartbeat.objects.get_or_create(pk=HEARTBEAT_NAME)
    Heartbeat.objects.select_for_update().get(pk=HEARTBEAT_NAME)  # two workers at once: one after the other
    new = list(CountLine.objects.filter(is_sum=False).order_by("pk").values_list("pk", flat=True)[:_SUM_BATCH])
    if not new:
        return 0
    same = "l.site_id = n.site_id AND l.name = n.name AND l.bucket = n.bucket AND l.key = n.key"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT l.id FROM {line_sql.TABLE} n JOIN {line_sql.TABLE} l ON {same} "
            "WHERE l.is_sum AND NOT n.is_sum AND n.id BETWEEN %s AND %s",
            [new[0], new[-1]],
        )
        gone = [*new, *(pk for (pk,) in cursor.fetchall())]
        numbers = ", ".join(map(str, gone))
        cursor.execute(
            f"INSERT INTO {line_sql.TABLE} ({line_sql.COLUMNS}) SELECT site_id, name, key, bucket, sum(count), TRUE "
            f"FROM {line_sql.TABLE} WHERE id IN ({numbers}) GROUP BY site_id, name, key, bucket HAVING sum(count) <> 0"
        )
        cursor.execute(f"DELETE FROM {line_sql.TABLE} WHERE id IN ({numbers})")
    return len(new)


def check_and_mend() -> KeptFaults:
    """Compare what is kept with a recount of everything, and mend what differs."""
    return KeptFaults(facts=sum(map(_mend_facts, _ranges())), numbers=mend_numbers())


def recount() -> KeptFaults:
    """Check and mend; the mark that is left says when, and a difference is an error of this program."""
    faults, now = check_and_mend(), timezone.now()
    if faults:
        log.error("kept numbers differed from a recount and were mended: %d recalls, %d numbers", *faults)
    found = {"facts": faults.facts, "numbers": faults.numbers}
    marks = {"started_at": now if faults else None, "finished_at": now, "counts": found}
    Heartbeat.objects.update_or_create(pk=RECOUNT_NAME, defaults=marks)
    return faults


def fill_facts() -> None:
    """Write the facts of every recall, a batch in each transaction; what is there already is written anew."""
    for condition in _ranges():
        _write_facts(condition)


def _ranges() -> Iterator[str]:
    highest = Recall.objects.aggregate(highest=Max("pk"))["highest"] or 0
    for start in range(0, highest + 1, _FACTS_BATCH):
        yield f"r.id > {start} AND r.id <= {start + _FACTS_BATCH}"


def _mend_facts(condition: str) -> int:
    names = ", ".join(facts_sql.COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT recall_id FROM ({facts_sql.select_facts(condition)} EXCEPT SELECT recall_id, {names} "
            f"FROM {facts_sql.TABLE} r WHERE {condition.replace('r.id', 'r.recall_id')}) x"
        )
        differing = [pk for (pk,) in cursor.fetchall()]
    # One that changed meanwhile is looked at again under its lock, and is right by then.
    return _write_facts(f"r.id IN ({', '.join(map(str, differing))})") if differing else 0


@transaction.atomic
def _write_facts(condition: str) -> int:
    """How many rows were written because they said something else."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            mine = condition.replace("r.id", "r.recall_id")
            cursor.execute(f"SELECT 1 FROM {facts_sql.TABLE} r WHERE {mine} ORDER BY r.recall_id FOR UPDATE")
        cursor.execute(facts_sql.write_facts(connection.vendor, condition))
        written: int = cursor.rowcount
    return written


def mend_numbers() -> int:
    """Add what is missing to each number that a recount finds different; how many did."""
    return mend_recall_numbers() + mend_message_numbers()


def mend_recall_numbers() -> int:
    vendor = connection.vendor
    oldest = int((timezone.now() - MOVES_KEPT + timedelta(days=1)).timestamp()) // line_sql.SECONDS_PER_HOUR
    parts = (
        line_sql.recall_lines(vendor, "f", 1, f"{facts_sql.TABLE} f"),
        line_sql.exam_lines(vendor, "e", 1, "recalls_screeningexam e"),
        line_sql.move_lines(vendor, "v", 1, "recalls_recallevent v"),
    )
    return _add_missing(parts, f"name <> 'message' AND (name <> 'move' OR bucket >= {oldest})")


def mend_message_numbers() -> int:
    recounted = line_sql.message_lines(connection.vendor, "n", 1, f"{line_sql.MESSAGES} n")
    return _add_missing((recounted,), "name = 'message'")


def _add_missing(recounted: Sequence[str], condition: str) -> int:
    """Write what the recount and the lines of these numbers differ by.

    One statement sees one state of the database, in which each change stands together with its lines: what others
    change meanwhile brings its own.
    """
    parts = (*recounted, f"SELECT site_id, name, key, bucket, -count FROM {line_sql.TABLE}")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {line_sql.TABLE} ({line_sql.COLUMNS}) SELECT site_id, name, key, bucket, sum(count), FALSE "
            f"FROM ({' UNION ALL '.join(parts)}) x WHERE {condition} "
            "GROUP BY site_id, name, key, bucket HAVING sum(count) <> 0"
        )
        differing: int = cursor.rowcount
    return differing

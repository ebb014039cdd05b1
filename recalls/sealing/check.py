"""Compares the history of recalls with its hashes, and the facts, recalls and exams of today with the seals in it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from history.checks import Fault
from history.minimised_rows import SealedWith, find_minimised, kept_seal, stands_for
from history.models import MinimisedRow
from history.row_seals import get_key, rows_at_once, seal_values, without_bytes
from history.shapes import Shape, load_shapes, newest_rows_before_sealing
from recalls.models import Recall, RecallEvent, ScreeningExam, SupersededReading
from recalls.sealing.facts import KEY, RECALL_OF_FACT

BATCH_SIZE = 500
_EVENT_TABLE = str(RecallEvent._meta.db_table)
FACT_TABLES = frozenset(str(model._meta.db_table) for model in RECALL_OF_FACT)


class Seal(NamedTuple):
    """What an event says of a row: under which columns, with which key."""

    shape: str
    key: str
    value: str


@dataclass(slots=True)
class _Rows:
    """What the database says of some recalls today; rows by table and number, each with its columns by name."""

    recalls: dict[int, dict[str, Any]]
    events: dict[int, list[RecallEvent]]
    facts: dict[int, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    values: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    corrections: dict[int, SupersededReading] = field(default_factory=dict)
    minimised: dict[tuple[str, int], MinimisedRow] = field(default_factory=dict)


class HistoryCheck:
    """Goes through the recalls in the order of their numbers, some at a time."""

    def __init__(self) -> None:
        self._shapes: Mapping[str, Shape] = load_shapes()
        self._unsealed_until = newest_rows_before_sealing()
        self._has_minimised = MinimisedRow.objects.exists()

    def batches(self, after: int = 0) -> Iterator[tuple[int | None, int, list[Fault]]]:
        """The number of the last recall (None at the end), how many were checked, and what is wrong with them."""
        while True:
            pks = list(Recall.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH_SIZE])
            last = pks[-1] if len(pks) == BATCH_SIZE else None
            rows = self._read(after, last)
            suspects = {pk: fault for pk in {*rows.recalls, *rows.events} if (fault := self._fault(pk, rows))}
            faults = [Fault(pk, fault) for pk in sorted(suspects) if (fault := self._recheck(pk))]
            yield last, len(rows.recalls), faults
            if last is None:
                return
            after = last

    def _recheck(self, pk: int) -> str:
        """The fault of a recall as it stood at one instant: it may have moved while it was read."""
        is_own = not connection.in_atomic_block
        with transaction.atomic():
            if is_own and connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            return self._fault(pk, self._read(pk - 1, pk))

    def _read(self, after: int, last: int | None) -> _Rows:
        def between(path: str) -> dict[str, int]:
            return {f"{path}__gt": after} | ({f"{path}__lte": last} if last is not None else {})

        columns = [column.attname for column in Recall._meta.concrete_fields]
        rows = _Rows({row["id"]: row for row in Recall.objects.filter(**between("pk")).values(*columns)}, {})
        for event in RecallEvent.objects.filter(**between("recall_id")).order_by("recall_id", "version"):
            rows.events.setdefault(event.recall_id, []).append(event)
        rows.values |= {(Recall._meta.db_table, pk): row for pk, row in rows.recalls.items()}
        for model, path in RECALL_OF_FACT.items():
            table = model._meta.db_table
            facts = model._base_manager.filter(**between(path)).values(path, *self._columns(model))
            for row in facts.iterator(rows_at_once(model)):
                rows.facts[row[path]].append((table, row["id"]))
                rows.values[table, row["id"]] = without_bytes(row)
        exams = [row["exam_id"] for row in rows.recalls.values()]
        for row in ScreeningExam.objects.filter(pk__in=exams).values(*self._columns(ScreeningExam)):
            rows.values[ScreeningExam._meta.db_table, row["id"]] = row
        for correction in SupersededReading.objects.filter(exam__in=exams).exclude(corrected_seal="").order_by("pk"):
            rows.corrections[correction.exam_id] = correction
        if self._has_minimised:
            self._read_minimised(rows)
        return rows

    def _read_minimised(self, rows: _Rows) -> None:
        """Keep what is known of rows whose personal words were removed, events among them."""
        numbers: dict[str, list[int]] = defaultdict(list)
        for table, pk in rows.values:
            numbers[table].append(pk)
        numbers[_EVENT_TABLE] = [event.pk for events in rows.events.values() for event in events]
        for table, pks in numbers.items():
            rows.minimised |= {(table, pk): kept for pk, kept in find_minimised(table, pks).items()}

    def _columns(self, model: type[Model]) -> set[str]:
        """Those that any seal of the table covers and that are still there."""
        there = {column.attname for column in model._meta.concrete_fields}
        named = (shape.columns for shape in self._shapes.values() if shape.table == model._meta.db_table)
        return there & ({"id", "at"} | {column for columns in named for column in columns})

    def _fault(self, pk: int, rows: _Rows) -> str:
        """The fault of this recall as a sentence; empty when all of it matches."""
        if pk not in rows.recalls:
            return _("deleted, its events are left")
        events = rows.events.get(pk, [])
        return (
            self._chain_fault(rows.recalls[pk], events, rows)
            or self._facts_fault(pk, events, rows)
            or self._present_fault(rows.recalls[pk], events[-1], rows)
        )

    def _chain_fault(self, recall: Mapping[str, Any], events: Iterable[RecallEvent], rows: _Rows) -> str:
        previous, count = "", 0
        for count, event in enumerate(events, start=1):
            if event.version != count:
                return _("event %(number)s is missing") % {"number": count}
            is_whole = event.compute_hash() == event.hash or self._is_minimised(event, rows)
            if event.previous_hash != previous or not is_whole:
                return _("event %(number)s was changed") % {"number": count}
            previous = event.hash
        if not count or recall["version"] != count or recall["head_hash"] != previous:
            return _("the newest events are missing")
        return ""

    def _is_minimised(self, event: RecallEvent, rows: _Rows) -> bool:
        """Whether its note was removed, and it is as the removal left it, its hash included."""
        kept = rows.minimised.get((_EVENT_TABLE, event.pk))
        values = {column.attname: getattr(event, column.attname) for column in RecallEvent._meta.concrete_fields}
        return kept is not None and stands_for(kept, values, self._shapes)

    def _facts_fault(self, pk: int, events: Iterable[RecallEvent], rows: _Rows) -> str:
        sealed = {
            (self._shapes[seal.shape].table, number): seal for event in events for number, seal in self._seals(event)
        }
        unsealed_times = {event.at for event in events if not event.seals}
        here = set(rows.facts[pk])
        for (table, number), seal in sealed.items():
            if table not in FACT_TABLES:
                continue
            words = {"table": table, "number": number}
            if (table, number) not in here:
                return _("row %(number)s of %(table)s is missing") % words
            if not self._matches(seal, (table, number), rows):
                return _("row %(number)s of %(table)s was changed") % words
        for table, number in here - sealed.keys():
            if number > self._unsealed_until.get(table, 0) and rows.values[table, number]["at"] not in unsealed_times:
                return _("row %(number)s of %(table)s was added without a step") % {"table": table, "number": number}
        return ""

    def _present_fault(self, recall: dict[str, Any], newest: RecallEvent, rows: _Rows) -> str:
        """What the recall and its exam say today against what the newest event or correction left."""
        if recall["state"] != newest.to_state:
            return _("its state was changed without a step")
        seals = {(self._shapes[seal.shape].table, number): seal for number, seal in self._seals(newest)}
        itself = (Recall._meta.db_table, recall["id"])
        of_recall = seals.get(itself)
        if of_recall is not None and not self._matches(of_recall, itself, rows):
            return _("its row was changed without a step")
        exam = (ScreeningExam._meta.db_table, recall["exam_id"])
        correction, of_exam = rows.corrections.get(recall["exam_id"]), seals.get(exam)
        if correction is not None and (of_exam is None or correction.replaced_at > newest.at):
            of_exam = Seal(*correction.corrected_seal.split(":"))
        if of_exam is not None and not self._matches(of_exam, exam, rows):
            return _("the reading of its exam was changed without a correction")
        return ""

    def _seals(self, event: RecallEvent) -> Iterator[tuple[int, Seal]]:
        for shape, of_table in event.seals.items():
            if shape != KEY and shape in self._shapes:
                yield from ((int(pk), Seal(shape, event.seals.get(KEY, ""), value)) for pk, value in of_table.items())

    def _matches(self, seal: Seal, place: tuple[str, int], rows: _Rows) -> bool:
        """Whether the row of that table and number says what was sealed, or lost personal words alone since."""
        key, shape, row = get_key(seal.key), self._shapes.get(seal.shape), rows.values[place]
        if key is None or shape is None or not set(shape.columns) <= row.keys():
            return False
        if seal_values(shape.table, shape.columns, (row[name] for name in shape.columns), key) == seal.value:
            return True
        kept = rows.minimised.get(place)
        if kept is None or not stands_for(kept, row, self._shapes):
            return False
        return kept_seal(kept, SealedWith(seal.shape, seal.key)) == seal.value

"""Reads the facts about the next due messages in batches, and locks those messages one at a time.

Each worker reserves its batch, so that two do not read about the same messages; a reservation is no claim, and that of
a worker that died ends soon. Facts that were read before the lock may be outdated under it. PostgreSQL keeps with each
row the number of the transaction that wrote it (`xmin`): the numbers of all rows behind the facts are read before the
facts, and again with the lock. Equal numbers mean that the facts still hold; otherwise they are read again. A database
that cannot skip locked rows gets no batches. Decision record 0012 holds the measurements.
"""

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Q, QuerySet, prefetch_related_objects
from django.utils import timezone

from clinic.models import Site
from clinic.queries.prepared import PreparedQuery
from clinic.queries.prepared_statement import PreparedStatement
from notifications.enums import Channel, NotificationState
from notifications.models import Notification
from notifications.planning.snapshot import RecallSnapshot, load_snapshots
from patients.channels import PatientChannels, get_patient_channels
from recalls.models import Recall

log = logging.getLogger(__name__)

# Enough to share the cost of reading, and sent in about a second, so that an urgent message hardly waits.
PREFETCH_COUNT = 60
# A mail server that takes longer over a batch is the bottleneck itself: other workers may then take some of it.
RESERVATION_TIME = timedelta(seconds=5)

# Of urgent or other messages those that have been due longest, without what somebody has locked or another worker has
# reserved. The index ends the search with the last one; sorting would read all that is due.
_RESERVE_SQL = """
UPDATE notifications_notification SET reserved_until = %(until)s
WHERE id = ANY(ARRAY(
    SELECT id FROM notifications_notification
    WHERE state = 'planned' AND channel = %(channel)s AND urgent = %(urgent)s AND not_before <= %(now)s
        AND (reserved_until IS NULL OR reserved_until <= %(now)s)
    ORDER BY not_before, id LIMIT %(most)s
    FOR NO KEY UPDATE SKIP LOCKED
))
RETURNING not_before, id, recall_id
"""
# The rows that `RecallSnapshot` and `Channels` are made of, and which of the patient's recalls speaks for all. Every
# step writes the recall's row, so that it stands for the events, appointments, outcomes and pathology; consents are
# only ever added.
_ROW_VERSIONS_SQL = """
json_build_array(
    recall.xmin::text, patient.xmin::text, exam.xmin::text, referrer.xmin::text,
    (SELECT array_agg(message.xmin::text ORDER BY message.id)
        FROM notifications_notification AS message WHERE message.recall_id = recall.id),
    (SELECT array_agg(point.xmin::text ORDER BY point.id)
        FROM patients_contactpoint AS point WHERE point.patient_id = patient.id),
    (SELECT max(consent.id) FROM patients_consent AS consent WHERE consent.patient_id = patient.id),
    (SELECT wish.xmin::text FROM patients_resultwish AS wish WHERE wish.patient_id = patient.id),
    (SELECT min(other.id) FROM recalls_recall AS other
        WHERE other.patient_id = patient.id AND other.site_id = recall.site_id AND other.state = 'to_contact')
)::text
"""
_RELATED_TABLES_SQL = """
JOIN patients_patient AS patient ON patient.id = recall.patient_id
JOIN recalls_screeningexam AS exam ON exam.id = recall.exam_id
LEFT JOIN patients_referringprovider AS referrer ON referrer.id = exam.referrer_id
"""
_READ_ROW_VERSIONS_SQL = f"""
SELECT recall.id, {_ROW_VERSIONS_SQL} FROM recalls_recall AS recall {_RELATED_TABLES_SQL} WHERE recall.id = ANY(%s)
"""  # noqa: S608  only words of this file
# The message, its recall and its patient together, and none when somebody holds one of them. Every act on a person
# locks the patient (`patients.actions`): it waits until the message is "being sent", and until it is over the message
# is passed over. By primary key alone: outdated statistics cannot make it slow.
_LOCK = PreparedStatement(
    "notification_claim",
    {"id": "bigint", "channel": "text", "now": "timestamptz"},
    f"""
SELECT recall.id, {_ROW_VERSIONS_SQL}
FROM notifications_notification AS message JOIN recalls_recall AS recall ON recall.id = message.recall_id
{_RELATED_TABLES_SQL}
WHERE message.id = %(id)s AND message.state = 'planned' AND message.channel = %(channel)s
    AND message.not_before <= %(now)s
FOR NO KEY UPDATE OF message, recall SKIP LOCKED
FOR UPDATE OF patient SKIP LOCKED
""",  # noqa: S608  only words of this file
)


# Sites by primary key, with the calendar that was read for them: one dict for each run of a worker.
SiteCache = dict[int, Site]


@dataclass(frozen=True, slots=True)
class PrefetchedFacts:
    """All that decides whether a message is still true and where it goes."""

    snapshot: RecallSnapshot
    channels: PatientChannels


class ClaimPrefetcher:
    """The next messages of one channel in the order in which they leave; used by one process alone."""

    def __init__(self, channel: Channel = Channel.EMAIL, sites: SiteCache | None = None) -> None:
        self.channel = channel
        self._sites: SiteCache = {} if sites is None else sites
        self._queue: deque[int] = deque()
        self._last: int | None = None  # taken from the queue last
        self._reserved_until: datetime | None = None
        self._rows: dict[int, Notification] = {}
        self._facts: dict[int, PrefetchedFacts] = {}
        self._row_versions: dict[int, str] = {}

    @property
    def holds_messages(self) -> bool:
        """Whether messages are left of those that were read about."""
        return bool(self._queue)

    def put_back(self) -> None:
        """Give the message that was locked last once more: its transaction was rolled back."""
        if self._last is not None:
            self._queue.appendleft(self._last)
            self._last = None

    def prefetch(self, now: datetime) -> bool:
        """Reserve the next messages and read about them, if none is left of those before. Outside of a transaction.

        False when nothing is due, which is the usual answer and costs one short query.
        """
        if self._queue:
            return True
        self.release()
        if not self._due(now).exists():
            return False
        if connection.features.has_select_for_update_skip_locked and (found := self._reserve(now)):
            self._read_batch(found)
        return True

    def _read_batch(self, found: dict[int, int]) -> None:
        """Read about these messages, by primary key with their recall's."""
        self._queue = deque(found)
        self._row_versions = _read_row_versions(list(found.values()))
        self._rows = {row.pk: row for row in self._load(self._queue)}
        recalls = {row.recall_id: row.recall for row in self._rows.values() if row.recall_id in self._row_versions}
        try:
            self._facts = _load_facts(recalls)
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001  one whose facts cannot be read must not stop the others
            log.info("facts are read one by one: %s", type(error).__name__)

    def lock_next(self, now: datetime) -> tuple[Notification, PrefetchedFacts | None] | None:
        """The next due message, locked with recall and patient, and its facts if they still hold; None if none is due.

        Inside a transaction. Messages of which somebody else holds the row, the recall or the patient are skipped.
        """
        with connection.cursor() as cursor:
            while self._queue:
                pk = self._last = self._queue.popleft()
                _LOCK.execute(cursor, {"id": pk, "channel": self.channel, "now": now})
                if found := cursor.fetchone():
                    return self._with_valid_facts(pk, *found)
        return self._lock_oldest_due(now)

    def release(self) -> None:
        """End the reservation of what is still to be sent."""
        if self._rows:
            reserved = Notification.objects.filter(pk__in=self._rows, state=NotificationState.PLANNED)
            reserved.filter(reserved_until=self._reserved_until).update(reserved_until=None)
        self._queue, self._rows, self._facts, self._last = deque(), {}, {}, None

    def _reserve(self, now: datetime) -> dict[int, int]:
        """Primary keys of messages and their recalls, urgent messages first."""
        found: dict[int, int] = {}
        self._reserved_until = timezone.now() + RESERVATION_TIME
        for urgent in (True, False):
            terms: dict[str, Any] = {"until": self._reserved_until, "channel": self.channel, "urgent": urgent}
            with connection.cursor() as cursor:
                cursor.execute(_RESERVE_SQL, terms | {"now": now, "most": PREFETCH_COUNT - len(found)})
                found |= {pk: recall_id for _not_before, pk, recall_id in sorted(cursor.fetchall())}
        return found

    def _lock_oldest_due(self, now: datetime) -> tuple[Notification, None] | None:
        # Two reads of the index cost the same however much waits; sorting by urgency would read all that is due later.
        for urgent in (True, False) if self._due(now).filter(urgent=True).exists() else (False,):
            if row := next(iter(_OLDEST_DUE.rows(self.channel, urgent, now=now)), None):
                self._share_site(row.recall)
                return row, None
        return None

    def _due(self, now: datetime) -> QuerySet[Notification]:
        return _due_by(now, self.channel)

    def _with_valid_facts(
        self, pk: int, recall_id: int, row_versions: str
    ) -> tuple[Notification, PrefetchedFacts | None]:
        if recall_id in self._facts and row_versions == self._row_versions[recall_id]:
            return self._rows[pk], self._facts[recall_id]
        (row,) = self._load([pk])
        return row, None

    def _load(self, pks: Sequence[int]) -> list[Notification]:
        """These messages with recall, patient, exam, referrer and the site that was read already."""
        rows = Notification.objects.filter(pk__in=pks).select_related("recall__patient", "recall__exam__referrer")
        for row in rows:
            self._share_site(row.recall)
        return list(rows)

    def _share_site(self, recall: Recall) -> None:
        if recall.site_id not in self._sites:
            self._sites[recall.site_id] = recall.site
        recall.site = self._sites[recall.site_id]


def _load_facts(recalls: dict[int, Recall]) -> dict[int, PrefetchedFacts]:
    prefetch_related_objects([recall.patient for recall in recalls.values()], "contact_points", "consents")
    return {
        snapshot.recall.pk: PrefetchedFacts(snapshot, get_patient_channels(snapshot.recall.patient))
        for snapshot in load_snapshots(recalls.values())
    }


def _read_row_versions(recall_ids: Sequence[int]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(_READ_ROW_VERSIONS_SQL, [list(recall_ids)])
        return dict(cursor.fetchall())


def _due_by(now: datetime, channel: str) -> QuerySet[Notification]:
    unreserved = Q(reserved_until=None) | Q(reserved_until__lte=now)
    return Notification.objects.filter(
        unreserved, state=NotificationState.PLANNED, channel=channel, not_before__lte=now
    )


def _build_oldest_due(channel: str, urgent: bool, *, now: datetime) -> QuerySet[Notification]:
    """Of those the first, locked with recall and patient, without what somebody has locked."""
    locked = _due_by(now, channel).select_for_update(of=("self", "recall", "recall__patient"), skip_locked=True)
    locked = locked.select_related("recall__patient", "recall__exam__referrer").order_by("not_before", "pk")
    return locked.filter(urgent=urgent)[:1]


_OLDEST_DUE = PreparedQuery(_build_oldest_due)

"""Which messages are next in line, and what was known of them a moment ago? Reads the facts of several at once.

Each process sets the next ones aside for itself, so that two do not go for the same; that is no claim, and what a
process set aside before it died is free again soon. A claim then locks one message and asks in the same breath: has any
row that these facts were read from been written since? PostgreSQL keeps with each row the number of the transaction
that wrote it (`xmin`). The numbers are read before the facts, so that equal numbers inside the claim mean that the
facts still hold; different ones, for whatever reason, mean that they are read again. A database that cannot pass over
locked rows has nothing read ahead.
"""

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.db.models import prefetch_related_objects
from django.utils import timezone

from clinic.models import Site
from notifications.enums import Channel, NotificationState
from notifications.models import Notification
from notifications.planning.snapshot import RecallSnapshot, load_snapshots
from patients.channels import Channels, channels_of
from recalls.models import Recall

log = logging.getLogger(__name__)

# So many are read at once: enough to share the cost, and gone in about a second, so that an urgent one hardly waits.
PREFETCH_COUNT = 60
# A mail server that takes longer over them holds us up by itself: others may then take some of them.
RESERVATION_TIME = timedelta(seconds=5)

# The one of the two sorts that has been due longest, and neither what somebody holds nor what another set aside. The
# walk along the index ends with the last one: sorting would read all that is due.
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
# What `Situation` and `Channels` are made of. Every step writes its recall's row, so that one stands for the events,
# visits, outcomes and pathology; consents are only ever added.
_ROW_VERSIONS_SQL = """
json_build_array(
    recall.xmin::text, patient.xmin::text, exam.xmin::text, referrer.xmin::text,
    (SELECT array_agg(message.xmin::text ORDER BY message.id)
        FROM notifications_notification AS message WHERE message.recall_id = recall.id),
    (SELECT array_agg(point.xmin::text ORDER BY point.id)
        FROM patients_contactpoint AS point WHERE point.patient_id = patient.id),
    (SELECT max(consent.id) FROM patients_consent AS consent WHERE consent.patient_id = patient.id)
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
# The message and its recall together, and neither when somebody holds one of them. By number alone: no statistics,
# however old, can lead this astray.
_LOCK_SQL = f"""
SELECT recall.id, {_ROW_VERSIONS_SQL}
FROM notifications_notification AS message JOIN recalls_recall AS recall ON recall.id = message.recall_id
{_RELATED_TABLES_SQL}
WHERE message.id = %s AND message.state = 'planned' AND message.channel = %s AND message.not_before <= %s
FOR NO KEY UPDATE OF message, recall SKIP LOCKED
"""  # noqa: S608  only words of this file


# Site numbers with the site whose calendar is read already; one for each run, so changes are seen by the next.
SitesById = dict[int, Site]


@dataclass(frozen=True, slots=True)
class PrefetchedFacts:
    """All that decides whether a message is still true and where it goes."""

    situation: RecallSnapshot
    channels: Channels


class ClaimPrefetcher:
    """The next messages of one channel, in the order in which they leave; used by one process alone."""

    def __init__(self, channel: Channel = Channel.EMAIL, sites: SitesById | None = None) -> None:
        self.channel, self.sites = channel, {} if sites is None else sites
        self._queue: deque[int] = deque()
        self._reserved_until: datetime | None = None
        self._rows: dict[int, Notification] = {}
        self._facts: dict[int, PrefetchedFacts] = {}
        self._row_versions: dict[int, str] = {}

    def prefetch(self, now: datetime) -> None:
        """Set the next ones aside and read about them, if none is left of those before. Outside of any transaction."""
        if self._queue or not connection.features.has_select_for_update_skip_locked:
            return
        self.release()
        found = self._reserve(now)
        if not found:
            return
        self._queue = deque(found)
        self._row_versions = _read_row_versions(list(found.values()))
        self._rows = {row.pk: row for row in load_notifications(self._queue, self.sites)}
        recalls = {row.recall_id: row.recall for row in self._rows.values() if row.recall_id in self._row_versions}
        try:
            self._facts = _load_facts(recalls)
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001  one whose facts cannot be read must not stop the others
            log.info("facts are read one by one: %s", type(error).__name__)

    def lock_next_claim(self, now: datetime) -> tuple[Notification, PrefetchedFacts | None] | None:
        """The next message, locked with its recall, and its facts if they are known to stand; None when there is none.

        Inside a transaction.
        """
        with connection.cursor() as cursor:
            while self._queue:
                pk = self._queue.popleft()
                cursor.execute(_LOCK_SQL, [pk, self.channel, now])
                if found := cursor.fetchone():
                    return self._with_valid_facts(pk, *found)
        return None

    def release(self) -> None:
        """Whatever is still to be sent of what was set aside is anybody's again."""
        if self._rows:
            mine = Notification.objects.filter(pk__in=self._rows, state=NotificationState.PLANNED)
            mine.filter(reserved_until=self._reserved_until).update(reserved_until=None)
        self._queue, self._rows, self._facts = deque(), {}, {}

    def _with_valid_facts(self, pk: int, recall_id: int, stamp: str) -> tuple[Notification, PrefetchedFacts | None]:
        if recall_id in self._facts and stamp == self._row_versions[recall_id]:
            return self._rows[pk], self._facts[recall_id]
        (row,) = load_notifications([pk], self.sites)
        return row, None

    def _reserve(self, now: datetime) -> dict[int, int]:
        """Numbers and recalls, urgent ones first."""
        line: dict[int, int] = {}
        self._reserved_until = timezone.now() + RESERVATION_TIME
        for urgent in (True, False):
            most = PREFETCH_COUNT - len(line)
            with connection.cursor() as cursor:
                cursor.execute(
                    _RESERVE_SQL,
                    {
                        "until": self._reserved_until,
                        "channel": self.channel,
                        "urgent": urgent,
                        "now": now,
                        "most": most,
                    },
                )
                line |= {pk: recall_id for _since, pk, recall_id in sorted(cursor.fetchall())}
        return line


def load_notifications(numbers: Sequence[int], sites: SitesById) -> list[Notification]:
    """These messages with recall, patient, exam, referrer and the site that was read already."""
    rows = Notification.objects.filter(pk__in=numbers).select_related("recall__patient", "recall__exam__referrer")
    for row in rows:
        share_site(row.recall, sites)
    return list(rows)


def share_site(recall: Recall, sites: SitesById) -> None:
    if recall.site_id not in sites:
        sites[recall.site_id] = recall.site
    recall.site = sites[recall.site_id]


def _load_facts(recalls: dict[int, Recall]) -> dict[int, PrefetchedFacts]:
    prefetch_related_objects([recall.patient for recall in recalls.values()], "contact_points", "consents")
    situations = load_snapshots(recalls.values())
    return {one.recall.pk: PrefetchedFacts(one, channels_of(one.recall.patient)) for one in situations}


def _read_row_versions(recalls: Sequence[int]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(_READ_ROW_VERSIONS_SQL, [list(recalls)])
        return dict(cursor.fetchall())

"""Which messages are next in line, and what was known of them a moment ago? Reads the facts of several at once.

A claim then locks one message and asks the database a single question: has any row that these facts were read from
been written since? PostgreSQL keeps with each row the number of the transaction that wrote it (`xmin`). The numbers
are read before the facts, so that equal numbers inside the claim mean that the facts still hold; different ones, for
whatever reason, mean that they are read again. A database that cannot pass over locked rows has nothing read ahead.
"""

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, connection
from django.db.models import prefetch_related_objects

from clinic.models import Site
from notifications.kinds import Channel, NotificationState
from notifications.models import Notification
from notifications.situation import Situation, situations_of
from patients.channels import Channels, channels_of
from recalls.models import Recall

log = logging.getLogger(__name__)

# So many are read at once: enough to share the cost, and gone in about a second, so that an urgent one hardly waits.
LENGTH = 60

# What `Situation` and `Channels` are made of. Every step writes its recall's row, so that one stands for the events,
# visits, outcomes and pathology; consents are only ever added.
_STAMPS = """
SELECT recall.id, json_build_array(
    recall.xmin::text, patient.xmin::text, exam.xmin::text, referrer.xmin::text,
    (SELECT array_agg(message.xmin::text ORDER BY message.id)
        FROM notifications_notification AS message WHERE message.recall_id = recall.id),
    (SELECT array_agg(point.xmin::text ORDER BY point.id)
        FROM patients_contactpoint AS point WHERE point.patient_id = patient.id),
    (SELECT max(consent.id) FROM patients_consent AS consent WHERE consent.patient_id = patient.id)
)::text
FROM recalls_recall AS recall
JOIN patients_patient AS patient ON patient.id = recall.patient_id
JOIN recalls_screeningexam AS exam ON exam.id = recall.exam_id
LEFT JOIN patients_referringprovider AS referrer ON referrer.id = exam.referrer_id
WHERE recall.id = ANY(%s)
"""
# The message and its recall together, and neither when somebody holds one of them. By number alone: no statistics,
# however old, can lead this astray.
_LOCK = """
SELECT message.recall_id
FROM notifications_notification AS message JOIN recalls_recall AS recall ON recall.id = message.recall_id
WHERE message.id = %s AND message.state = 'planned' AND message.channel = %s AND message.not_before <= %s
FOR NO KEY UPDATE OF message, recall SKIP LOCKED
"""


# Site numbers with the site whose calendar is read already; one for each run, so changes are seen by the next.
Sites = dict[int, Site]


@dataclass(frozen=True, slots=True)
class Known:
    """All that decides whether a message is still true and where it goes."""

    situation: Situation
    channels: Channels


class Ahead:
    """The next messages of one channel, in the order in which they leave; used by one process alone."""

    def __init__(self, channel: Channel = Channel.EMAIL, sites: Sites | None = None) -> None:
        self.channel, self.sites = channel, {} if sites is None else sites
        self._line: deque[int] = deque()
        self._rows: dict[int, Notification] = {}
        self._known: dict[int, Known] = {}
        self._stamps: dict[int, str] = {}

    def lock_next(self, now: datetime) -> tuple[Notification, Known | None] | None:
        """The next message, locked with its recall, and its facts if they are known to stand; None when there is none.

        Inside a transaction.
        """
        if not connection.features.has_select_for_update_skip_locked:
            return None
        found = self._lock_first(now)
        if found is None:
            self._read(now)
            found = self._lock_first(now)
        if found is None:
            return None
        pk, recall_id = found
        if recall_id in self._known and _stamps([recall_id])[recall_id] == self._stamps[recall_id]:
            return self._rows[pk], self._known[recall_id]
        (row,) = rows_of([pk], self.sites)
        return row, None

    def _lock_first(self, now: datetime) -> tuple[int, int] | None:
        """Number and recall of the first one in the line that nobody else has or had."""
        with connection.cursor() as cursor:
            while self._line:
                pk = self._line.popleft()
                cursor.execute(_LOCK, [pk, self.channel, now])
                if found := cursor.fetchone():
                    return pk, found[0]
        return None

    def _read(self, now: datetime) -> None:
        line = _first_in_line(self.channel, now)
        self._line, self._known = deque(pk for pk, _recall_id in line), {}
        if not line:
            return
        self._stamps = _stamps([recall_id for _pk, recall_id in line])
        rows = rows_of(self._line, self.sites)
        self._rows = {row.pk: row for row in rows}
        try:
            self._known = _known_of({row.recall_id: row.recall for row in rows if row.recall_id in self._stamps})
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001  one whose facts cannot be read must not stop the others
            log.info("facts are read one by one: %s", type(error).__name__)


def rows_of(numbers: Sequence[int], sites: Sites) -> list[Notification]:
    """These messages with recall, patient, exam, referrer and the site that was read already."""
    rows = Notification.objects.filter(pk__in=numbers).select_related("recall__patient", "recall__exam__referrer")
    for row in rows:
        use_site(row.recall, sites)
    return list(rows)


def use_site(recall: Recall, sites: Sites) -> None:
    if recall.site_id not in sites:
        sites[recall.site_id] = recall.site
    recall.site = sites[recall.site_id]


def _known_of(recalls: dict[int, Recall]) -> dict[int, Known]:
    prefetch_related_objects([recall.patient for recall in recalls.values()], "contact_points", "consents")
    situations = situations_of(recalls.values())
    return {one.recall.pk: Known(one, channels_of(one.recall.patient)) for one in situations}


def _first_in_line(channel: Channel, now: datetime) -> list[tuple[int, int]]:
    """Numbers and recalls, urgent ones first. Two walks along the index: sorting would read all that is due."""
    due = Notification.objects.filter(state=NotificationState.PLANNED, channel=channel, not_before__lte=now)
    line: list[tuple[int, int]] = []
    for urgent in (True, False):
        rows = due.filter(urgent=urgent).order_by("not_before", "pk").values_list("pk", "recall_id")
        line += rows[: LENGTH - len(line)] if len(line) < LENGTH else []
    return line


def _stamps(recalls: Sequence[int]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(_STAMPS, [list(recalls)])
        return dict(cursor.fetchall())

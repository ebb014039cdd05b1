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
from notifications.kinds import Channel, NotificationState
from notifications.models import Notification
from notifications.situation import Situation, situations_of
from patients.channels import Channels, channels_of
from recalls.models import Recall

log = logging.getLogger(__name__)

# So many are read at once: enough to share the cost, and gone in about a second, so that an urgent one hardly waits.
LENGTH = 60
# A mail server that takes longer over them holds us up by itself: others may then take some of them.
SET_ASIDE = timedelta(seconds=5)

# The one of the two sorts that has been due longest, and neither what somebody holds nor what another set aside. The
# walk along the index ends with the last one: sorting would read all that is due.
_SET_ASIDE = """
UPDATE notifications_notification SET set_aside_until = %(until)s
WHERE id = ANY(ARRAY(
    SELECT id FROM notifications_notification
    WHERE state = 'planned' AND channel = %(channel)s AND urgent = %(urgent)s AND not_before <= %(now)s
        AND (set_aside_until IS NULL OR set_aside_until <= %(now)s)
    ORDER BY not_before, id LIMIT %(most)s
    FOR NO KEY UPDATE SKIP LOCKED
))
RETURNING not_before, id, recall_id
"""
# What `Situation` and `Channels` are made of. Every step writes its recall's row, so that one stands for the events,
# visits, outcomes and pathology; consents are only ever added.
_STAMP = """
json_build_array(
    recall.xmin::text, patient.xmin::text, exam.xmin::text, referrer.xmin::text,
    (SELECT array_agg(message.xmin::text ORDER BY message.id)
        FROM notifications_notification AS message WHERE message.recall_id = recall.id),
    (SELECT array_agg(point.xmin::text ORDER BY point.id)
        FROM patients_contactpoint AS point WHERE point.patient_id = patient.id),
    (SELECT max(consent.id) FROM patients_consent AS consent WHERE consent.patient_id = patient.id)
)::text
"""
_ALL_OF_HERS = """
JOIN patients_patient AS patient ON patient.id = recall.patient_id
JOIN recalls_screeningexam AS exam ON exam.id = recall.exam_id
LEFT JOIN patients_referringprovider AS referrer ON referrer.id = exam.referrer_id
"""
_STAMPS = f"""
SELECT recall.id, {_STAMP} FROM recalls_recall AS recall {_ALL_OF_HERS} WHERE recall.id = ANY(%s)
"""  # noqa: S608  only words of this file
# The message and its recall together, and neither when somebody holds one of them. By number alone: no statistics,
# however old, can lead this astray.
_LOCK = f"""
SELECT recall.id, {_STAMP}
FROM notifications_notification AS message JOIN recalls_recall AS recall ON recall.id = message.recall_id
{_ALL_OF_HERS}
WHERE message.id = %s AND message.state = 'planned' AND message.channel = %s AND message.not_before <= %s
FOR NO KEY UPDATE OF message, recall SKIP LOCKED
"""  # noqa: S608  only words of this file


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
        self._until: datetime | None = None
        self._rows: dict[int, Notification] = {}
        self._known: dict[int, Known] = {}
        self._stamps: dict[int, str] = {}

    def look(self, now: datetime) -> None:
        """Set the next ones aside and read about them, if none is left of those before. Outside of any transaction."""
        if self._line or not connection.features.has_select_for_update_skip_locked:
            return
        self.give_back()
        found = self._set_aside(now)
        if not found:
            return
        self._line = deque(found)
        self._stamps = _stamps(list(found.values()))
        self._rows = {row.pk: row for row in rows_of(self._line, self.sites)}
        recalls = {row.recall_id: row.recall for row in self._rows.values() if row.recall_id in self._stamps}
        try:
            self._known = _known_of(recalls)
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001  one whose facts cannot be read must not stop the others
            log.info("facts are read one by one: %s", type(error).__name__)

    def lock_next(self, now: datetime) -> tuple[Notification, Known | None] | None:
        """The next message, locked with its recall, and its facts if they are known to stand; None when there is none.

        Inside a transaction.
        """
        with connection.cursor() as cursor:
            while self._line:
                pk = self._line.popleft()
                cursor.execute(_LOCK, [pk, self.channel, now])
                if found := cursor.fetchone():
                    return self._told(pk, *found)
        return None

    def give_back(self) -> None:
        """Whatever is still to be sent of what was set aside is anybody's again."""
        if self._rows:
            mine = Notification.objects.filter(pk__in=self._rows, state=NotificationState.PLANNED)
            mine.filter(set_aside_until=self._until).update(set_aside_until=None)
        self._line, self._rows, self._known = deque(), {}, {}

    def _told(self, pk: int, recall_id: int, stamp: str) -> tuple[Notification, Known | None]:
        if recall_id in self._known and stamp == self._stamps[recall_id]:
            return self._rows[pk], self._known[recall_id]
        (row,) = rows_of([pk], self.sites)
        return row, None

    def _set_aside(self, now: datetime) -> dict[int, int]:
        """Numbers and recalls, urgent ones first."""
        line: dict[int, int] = {}
        self._until = timezone.now() + SET_ASIDE
        for urgent in (True, False):
            most = LENGTH - len(line)
            with connection.cursor() as cursor:
                cursor.execute(
                    _SET_ASIDE,
                    {"until": self._until, "channel": self.channel, "urgent": urgent, "now": now, "most": most},
                )
                line |= {pk: recall_id for _since, pk, recall_id in sorted(cursor.fetchall())}
        return line


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


def _stamps(recalls: Sequence[int]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(_STAMPS, [list(recalls)])
        return dict(cursor.fetchall())

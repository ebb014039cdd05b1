"""Begins the lease of a claimed message; on PostgreSQL the same statement asks whether the patient's day is full."""

from datetime import datetime

from django.db import connection

from clinic.queries.prepared_statement import PreparedStatement
from notifications.enums import NOT_ABOUT_CARE_KINDS, NotificationState
from notifications.models import Notification
from notifications.planning.daily_cap import MAX_MESSAGES_PER_DAY

_NOT_COUNTED = ", ".join(f"'{kind.value}'" for kind in sorted(NOT_ABOUT_CARE_KINDS))
# What counts for the day is the same as in `daily_cap.has_reached_cap`.
_LEASE = PreparedStatement(
    "notification_lease",
    {
        "id": "bigint",
        "token": "integer",
        "now": "timestamptz",
        "until": "timestamptz",
        "language": "text",
        "is_capped": "boolean",
        "patient": "bigint",
        "day_start": "timestamptz",
    },
    f"""
UPDATE notifications_notification
SET state = 'sending', reason = '', lease_token = %(token)s + 1, claimed_at = %(now)s, lease_until = %(until)s,
    reserved_until = NULL, language = %(language)s
WHERE id = %(id)s AND state = 'planned' AND lease_token = %(token)s
    AND (NOT %(is_capped)s OR {MAX_MESSAGES_PER_DAY} > (SELECT count(*) FROM (
        SELECT FROM notifications_notification AS today
        WHERE today.patient_id = %(patient)s AND today.kind NOT IN ({_NOT_COUNTED})
            AND (today.accepted_at >= %(day_start)s OR (today.accepted_at IS NULL AND today.state = 'sending'))
        LIMIT {MAX_MESSAGES_PER_DAY}
    ) AS counted))
""",  # noqa: S608  only words and a number of this program
)


def minds_daily_cap() -> bool:
    """Whether `begin_lease` looks at the patient's day; elsewhere it is asked about before."""
    return connection.vendor == "postgresql"


def begin_lease(row: Notification, now: datetime, until: datetime, day_start: datetime | None) -> bool:
    """False where the row is claimed already, or where the patient's day since `day_start` is full (None: no matter).

    The row's language is stored with it; its token becomes one more.
    """
    if not minds_daily_cap():
        return _begin_lease_of_unclaimed(row, now, until)
    terms = {
        "id": row.pk, "token": row.lease_token, "now": now, "until": until, "language": row.language,
        "is_capped": day_start is not None, "patient": row.patient_id, "day_start": day_start or now,
    }  # fmt: skip
    with connection.cursor() as cursor:
        _LEASE.execute(cursor, terms)
        return bool(cursor.rowcount)


def _begin_lease_of_unclaimed(row: Notification, now: datetime, until: datetime) -> bool:
    """Where the database cannot lock a row, this comparison decides between two who read it at once."""
    unclaimed = Notification.objects.filter(pk=row.pk, state=NotificationState.PLANNED, lease_token=row.lease_token)
    changed = unclaimed.update(
        state=NotificationState.SENDING,
        reason="",
        lease_token=row.lease_token + 1,
        claimed_at=now,
        lease_until=until,
        reserved_until=None,
        language=row.language,
    )
    return bool(changed)

"""Records on PostgreSQL that the server accepted a message: row, attempt and copy in one statement.

A worker does this for each message before it claims the next one. Where the lease was lost, nothing is written. Other
databases do the same in a transaction (`outbox.record_acceptance`). Decision record 0012 holds the measurements.
"""

import json
from datetime import datetime
from typing import Any

from django.db import connection

from clinic.queries.prepared_statement import PreparedStatement
from notifications.delivery.sealed_copies import seal_copy
from notifications.enums import AttemptResult
from notifications.models import Notification, RenderedMessage

_RECORD_ACCEPTED = PreparedStatement(
    "notification_accepted",
    {
        "id": "bigint",
        "token": "integer",
        "count": "integer",
        "now": "timestamptz",
        "result": "text",
        "address": "text",
        "subject": "text",
        "text": "text",
        "html": "text",
        "calendar": "text",
        "letter": "jsonb",
        "seal": "text",
    },
    """
WITH taken AS (
    UPDATE notifications_notification
    SET state = 'accepted', accepted_at = %(now)s, attempt_count = %(count)s, lease_until = NULL
    WHERE id = %(id)s AND state = 'sending' AND lease_token = %(token)s
    RETURNING id, channel
), attempt AS (
    INSERT INTO notifications_deliveryattempt
        (notification_id, number, channel, at, result, smtp_code, detail, lease_token, copy_seal)
    SELECT id, %(count)s, channel, %(now)s, %(result)s, NULL, '', %(token)s, %(seal)s FROM taken
)
INSERT INTO notifications_renderedmessage
    (notification_id, address, subject, text, html, calendar, letter, earlier)
SELECT id, %(address)s, %(subject)s, %(text)s, %(html)s, %(calendar)s, %(letter)s, '[]' FROM taken
ON CONFLICT (notification_id) DO UPDATE SET
    address = excluded.address, subject = excluded.subject, text = excluded.text, html = excluded.html,
    calendar = excluded.calendar, letter = excluded.letter
""",
)


def supports_single_statement() -> bool:
    return connection.vendor == "postgresql"


def record_accepted(row: Notification, token: int, copy: RenderedMessage, now: datetime) -> bool:
    """False when the lease was lost: then nothing is written. Only where `supports_single_statement`."""
    terms: dict[str, Any] = {
        "id": row.pk,
        "token": token,
        "count": row.attempt_count + 1,
        "now": now,
        "result": AttemptResult.ACCEPTED,
        "address": copy.address,
        "subject": copy.subject,
        "text": copy.text,
        "html": copy.html,
        "calendar": copy.calendar,
        "letter": json.dumps(copy.letter),
        "seal": seal_copy(copy),
    }
    with connection.cursor() as cursor:
        _RECORD_ACCEPTED.execute(cursor, terms)
        return bool(cursor.rowcount)

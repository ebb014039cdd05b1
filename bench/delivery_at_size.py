"""Compares the speed of delivery beside ten thousand and beside a million stored messages (PostgreSQL).

The same number of due messages is sent by one worker process, first beside STORED_FEW messages of the past with their
tries, then beside STORED_MANY. Ends with status 1 when the second takes more than 1.2 times as long.
"""

import os
import sys
from contextlib import ExitStack

from django.db import connection

from bench._test_installation import CountingMailServer, book_visits, fresh_installation
from bench.delivery import reset_to_due, time_workers

MESSAGES = int(os.environ.get("MESSAGES", "500"))
STORED_FEW, STORED_MANY = 10_000, int(os.environ.get("STORED_MANY", "1000000"))
MAX_RATIO = 1.2
ROUNDS = 3
_INSERT_PAST_SQL = """
    WITH past AS (
        INSERT INTO notifications_notification (recall_id, patient_id, kind, occasion, channel, failed_channels, urgent,
            language, state, reason, due_at, not_before, created_at, attempt_count, lease_token,
            may_have_arrived_twice, accepted_at, public_id, message_id)
        SELECT recall_id, patient_id, 'please_call', 'past-' || n, 'email', '[]', false, 'en', 'accepted', '',
            at, at, at, 1, 1, false, at, gen_random_uuid(), '<past-' || n || '@example.org>'
        FROM generate_series(%s, %s) AS n
        CROSS JOIN LATERAL (SELECT now() - interval '30 days' - n * interval '1 second' AS at) AS times
        CROSS JOIN (SELECT recall_id, patient_id FROM notifications_notification ORDER BY id DESC LIMIT 1) AS newest
        RETURNING id, accepted_at
    )
    INSERT INTO notifications_deliveryattempt (notification_id, number, channel, at, result, detail, lease_token)
    SELECT id, 1, 'email', accepted_at, 'accepted', '', 1 FROM past
"""


def store_past_messages(first: int, last: int) -> None:
    """Messages of the past, all of one recall that owes nothing now."""
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_PAST_SQL, [first, last])
        cursor.execute("VACUUM ANALYZE")


def main() -> int:
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        print("LEFT OUT: needs PostgreSQL (python -m tests.support.servers python -m bench.delivery_at_size)")
        return 0
    with ExitStack() as stack:
        mail = stack.enter_context(CountingMailServer())
        here = stack.enter_context(fresh_installation(mail.port))
        book_visits(MESSAGES)
        _close_last_recall()
        seconds = {}
        for first, last in ((1, STORED_FEW), (STORED_FEW + 1, STORED_MANY)):
            store_past_messages(first, last)
            turns = []
            for _turn in range(ROUNDS):  # the best counts: the first warms the caches, and other programs disturb
                reset_to_due()
                _close_last_recall()
                turns.append(time_workers(here, 1))
            seconds[last] = min(turns)
            print(f"{last:8} stored: {(MESSAGES - 1) / seconds[last]:6.0f} messages/s", flush=True)
    ratio = seconds[STORED_MANY] / seconds[STORED_FEW]
    print(f"time ratio {ratio:.2f} (goal {MAX_RATIO})")
    return 0 if ratio <= MAX_RATIO else 1


def _close_last_recall() -> None:
    """Its recall carries the past."""
    from notifications.models import Notification

    newest = Notification.objects.filter(kind="appointment_confirmation").latest("pk")
    Notification.objects.filter(recall=newest.recall_id, state="planned").update(state="cancelled")


if __name__ == "__main__":
    sys.exit(main())

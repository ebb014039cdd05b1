"""Starts a worker or a beat that waits seconds where a real one waits minutes.

Only waiting times are shorter: a lease after a killed sender, the time before another try, the time a mail server that
is away is left alone, the time after which a batch of letters stands still, the minute between two ticks. What is done
stays as it is. It imports nothing of the drill, so that it also starts the older program of a rolling restart.
"""

import sys
from datetime import timedelta

import django
from django.conf import settings

MAIL_TIMEOUT_SECONDS = 3
LEASE = timedelta(seconds=6 * MAIL_TIMEOUT_SECONDS)  # as `outbox.LEASE_TIME` is made of the real timeout
STALLED_AFTER = timedelta(seconds=3)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=4), timedelta(seconds=8)
TICK_SECONDS = 2.0
# What a worker that is busy elsewhere may still do late: the ticks are closer together than its tasks are long.
EXPIRES_SECONDS = 20.0
TICKS = ("sweep", "letters", "hl7", "tick", "held_slots", "earlier")


def main(role: str, *options: str) -> None:
    django.setup()
    from config import celery
    from notifications.delivery import mail_server_status, outbox
    from notifications.letter_batches import jobs

    settings.EMAIL_TIMEOUT = MAIL_TIMEOUT_SECONDS
    outbox.LEASE_TIME = LEASE
    outbox.FIRST_RETRY_DELAY, outbox.MAX_RETRY_DELAY = FIRST_WAIT, LONGEST_WAIT
    mail_server_status.FIRST_RETRY_DELAY, mail_server_status.MAX_RETRY_DELAY = FIRST_WAIT / 2, LONGEST_WAIT / 2
    jobs.STALLED_AFTER = STALLED_AFTER
    for name in set(TICKS) & set(celery.BEAT_SCHEDULE):  # an older program has fewer
        celery.BEAT_SCHEDULE[name] |= {"schedule": TICK_SECONDS, "options": {"expires": EXPIRES_SECONDS}}
    if role == "worker":
        celery.app.worker_main(["-q", "worker", "--without-gossip", "--without-mingle", *options])
    else:
        celery.app.start(["-q", "beat", "--pidfile=", *options])


if __name__ == "__main__":
    main(*sys.argv[1:])

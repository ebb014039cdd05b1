"""Starts a Celery worker that waits seconds where a real one waits minutes.

Only waiting times are shorter: a lease after a killed sender, the time before another try, the time a mail server that
is away is left alone, the time after which a batch of letters stands still. What is done stays as it is.
"""

import sys
from datetime import timedelta

import django

LEASE = timedelta(seconds=12)
STALLED_AFTER = timedelta(seconds=3)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=4), timedelta(seconds=8)


def main() -> None:
    django.setup()
    from config.celery import app
    from notifications.delivery import mail_server_status, outbox
    from notifications.letter_batches import jobs

    outbox.LEASE_TIME = LEASE
    outbox.FIRST_RETRY_DELAY, outbox.MAX_RETRY_DELAY = FIRST_WAIT, LONGEST_WAIT
    mail_server_status.FIRST_RETRY_DELAY, mail_server_status.MAX_RETRY_DELAY = FIRST_WAIT / 2, LONGEST_WAIT / 2
    jobs.STALLED_AFTER = STALLED_AFTER
    app.worker_main(["-q", "worker", "--without-gossip", "--without-mingle", *sys.argv[1:]])


if __name__ == "__main__":
    main()

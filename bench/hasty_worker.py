"""How do the fault script's workers differ from real ones? They wait seconds where real ones wait minutes.

Only waiting times are shorter: a lease after a killed sender, the time before another try, the time a mail server that
is away is left alone. What is done stays as it is.
"""

import sys
from datetime import timedelta

import django

LEASE = timedelta(seconds=12)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=4), timedelta(seconds=8)


def main() -> None:
    django.setup()
    from config.celery import app
    from notifications import mailserver, outbox

    outbox.LEASE = LEASE
    outbox.FIRST_WAIT, outbox.LONGEST_WAIT = FIRST_WAIT, LONGEST_WAIT
    mailserver.FIRST_WAIT, mailserver.LONGEST_WAIT = FIRST_WAIT / 2, LONGEST_WAIT / 2
    app.worker_main(["-q", "worker", "--without-gossip", "--without-mingle", *sys.argv[1:]])


if __name__ == "__main__":
    main()

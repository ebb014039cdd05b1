"""Runs the watch that tells the operator what is late or down, until it is stopped."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections

from reports.watch.receivers import iter_receivers
from reports.watch.rounds import Watch

ROUND_SECONDS = 60.0


class Command(BaseCommand):
    help = "Look each minute whether anything is late or down, and tell ALERT_EMAIL and ALERT_WEBHOOK_URL."

    def handle(self, **_options: Any) -> None:
        if not any(iter_receivers()):
            raise CommandError("Nobody would be told: set ALERT_EMAIL or ALERT_WEBHOOK_URL.")
        stop = threading.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda _signum, _frame: stop.set())
        watch = Watch()
        while not stop.wait(ROUND_SECONDS):
            close_old_connections()
            watch.look()

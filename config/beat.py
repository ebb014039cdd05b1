"""Keeps the schedule going when the clock was set back: a run that seems to lie ahead counts as just over."""

from datetime import timedelta
from typing import Any

from celery.beat import PersistentScheduler

# A clock that NTP slews differs by less; the shortest period between two runs is a minute.
TOLERANCE = timedelta(seconds=5)


class ClockSafeScheduler(PersistentScheduler):
    """Celery's waits until the clock has caught up with the last run, and remembers that run across a restart.

    A clock that was a day ahead for a minute would thus end all periodic work for a day.
    """

    def tick(self, *args: Any, **kwargs: Any) -> float:
        now = self.app.now()
        ahead = [e for e in self.schedule.values() if e.last_run_at is not None and e.last_run_at > now + TOLERANCE]
        for entry in ahead:
            entry.last_run_at = now
        if ahead:
            self._heap = None  # its times are those of the other clock
        interval: float = super().tick(*args, **kwargs)
        return interval

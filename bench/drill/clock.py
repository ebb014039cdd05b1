"""Drills the clock: it is set forward and back while messages leave, and the mail server is away for a moved day.

All processes of the installation see the moved time through libfaketime; PostgreSQL, Redis and the drill do not.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bench.drill.batch import book
from bench.drill.crashes import SLOW
from bench.drill.installation.short_waits import TICK_SECONDS
from bench.drill.installation.stack import Stack
from bench.drill.judge import judge_facts
from bench.drill.outcome import CannotRunHere, Outcome, Scale

_LIBRARIES = (
    Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"),
    Path("/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"),
    Path("/usr/local/lib/faketime/libfaketimeMT.so.1"),
)
_DAY = timedelta(days=1)


def movable_environment(stack: Stack, ahead: timedelta) -> dict[str, str]:
    """The variables of a process whose time runs so much ahead, and moves with `set_clock`."""
    library = next((path for path in _LIBRARIES if path.exists()), None)
    if library is None:
        raise CannotRunHere("libfaketime is not on this machine (Debian: apt install libfaketime)")
    set_clock(stack, ahead)
    variables = {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(stack.clock_file)}
    return variables | {"FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}


@contextmanager
def movable_clock(stack: Stack) -> Iterator[None]:
    """All processes started anew so that `set_clock` moves their time while they run; as they were at the end."""
    stack.restart_everything(movable_environment(stack, timedelta(0)))
    try:
        yield
    finally:
        stack.restart_everything()


def set_clock(stack: Stack, ahead: timedelta) -> None:
    """The processes look once a second."""
    draft = stack.clock_file.with_suffix(".new")
    draft.write_text(f"{ahead.total_seconds():+.0f}\n")
    draft.replace(stack.clock_file)


def step_clock(stack: Stack, scale: Scale) -> Outcome:
    """A day forward in the midst of sending, and a day back: each message once, and sending never stands still."""
    count, worst = scale.pick(short=80, long=250), 0.0
    with movable_clock(stack):
        batch = book(stack, count)
        stack.mail.behave(seconds=4 * SLOW)
        batch.release()
        for mark, ahead in ((count // 4, _DAY), (count // 2, timedelta(0))):
            batch.wait_for_mark(mark)
            set_clock(stack, ahead)
            time.sleep(1.5)
            worst = max(worst, batch.seconds_until_next())
        batch.finish()
        stack.mail.behave()
        later = book(stack, 10)  # ticks of a clock that was ahead must not keep those of the right one away
        later.release()
        worst = max(worst, later.seconds_until_next())
        later.finish()
    return Outcome(f"{count + 10} messages, a day forward and back", batch.judge() + later.judge(), worst)


def lose_mail_for_a_day(stack: Stack, scale: Scale) -> Outcome:
    """What is still true leaves once when the mail server is back, and no confirmation of a visit that is over."""
    from django.utils import timezone

    from notifications.models import DeliveryAttempt

    count, stale_count = scale.pick(short=40, long=200), 10
    with movable_clock(stack):
        batch, stale = book(stack, count), book(stack, stale_count, days=1)
        starts_at = stale.recalls[0].appointments.latest("pk").starts_at
        stack.mail.kill()
        batch.release()
        time.sleep(3 * TICK_SECONDS)
        set_clock(stack, max(_DAY, starts_at - timezone.now() + timedelta(hours=2)))
        time.sleep(3 * TICK_SECONDS)
        tries = DeliveryAttempt.objects.filter(notification__recall__site__in=[batch.site, stale.site]).count()
        stale.stopped_at = {recall.pk: 0.0 for recall in stale.recalls}
        stack.mail.start()
        worst = batch.seconds_until_next()
        batch.finish()
        stale.finish()
        once = not batch.rows().filter(attempt_count__gt=1).exists()
    facts = {"no try is used up while it is away": tries == 0, "each leaves at its first try": once}
    verdict = batch.judge() + stale.judge() + judge_facts(facts)
    return Outcome(f"{count} messages and {stale_count} of visits that are over", verdict, worst)

"""Drills crashes while messages are sent: killed processes, Redis, PostgreSQL, the mail server, cut connections."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from bench.drill.batch import Batch, book, patiently
from bench.drill.installation.proxy import FaultyProxy
from bench.drill.installation.short_waits import LEASE, MAIL_TIMEOUT_SECONDS
from bench.drill.installation.stack import CONCURRENCY, IN_FLIGHT, NO_CHANGES, WORKERS, Stack
from bench.drill.judge import judge_facts
from bench.drill.outcome import Outcome, Scale
from config import broker

STOP_LIMIT_SECONDS = 30
SLOW = 0.02  # seconds over each message, so that some are in flight at any instant
NO_FAULT_SECONDS = 0.05  # at most, between the mark and the fault
_SPAN = (0.05, 0.9)  # of all messages have arrived at the first and at the last fault


def kill_everything(stack: Stack, scale: Scale) -> Outcome:
    """web, workers, beats and listener at one instant, and started anew."""

    def kill() -> None:
        stack.kill_everything()
        stack.start()

    count, kills = scale.pick(short=120, long=400), scale.pick(short=2, long=6)
    batch, worst = send_under_faults(stack, scale, count, [kill] * kills)
    return Outcome(f"{count} messages, {kills} kills of all processes", batch.judge(kills * IN_FLIGHT), worst)


def kill_children(stack: Stack, scale: Scale) -> Outcome:
    """One process of a worker's pool each time, as the kernel does where memory runs out."""

    def kill() -> None:
        worker, child = scale.chance.randrange(WORKERS), scale.chance.randrange(CONCURRENCY)
        stack.wait_for(lambda: stack.workers[worker].kill_a_child(child))

    count, kills = scale.pick(short=80, long=300), scale.pick(short=3, long=20)
    batch, worst = send_under_faults(stack, scale, count, [kill] * kills)
    return Outcome(f"{count} messages, {kills} kills of a child", batch.judge(kills), worst)


def wipe_redis(stack: Stack, scale: Scale) -> Outcome:
    count, wipes = scale.pick(short=60, long=250), scale.pick(short=1, long=3)
    batch, worst = send_under_faults(stack, scale, count, [stack.redis.wipe] * wipes)
    return Outcome(f"{count} messages, wiped {wipes} times", batch.judge(), worst)


def lose_redis(stack: Stack, scale: Scale) -> Outcome:
    """Killed, away while everything that needs it is started anew, and back empty."""
    away = scale.pick(short=3.0, long=15.0)

    def lose() -> None:
        stack.redis.kill()
        for name in ("worker0", "beat0"):
            stack.processes[name].stop()
            stack.processes[name].start()
        time.sleep(away)
        stack.redis.come_back_empty()

    count = scale.pick(short=60, long=250)
    batch, worst = send_under_faults(stack, scale, count, [lose])
    stack.wait_for(lambda: broker.is_reachable(stack.redis.url))
    return Outcome(f"{count} messages, away {away:.0f} s while a worker and a beat start", batch.judge(), worst)


def crash_postgres(stack: Stack, scale: Scale) -> Outcome:
    assert stack.postgres is not None
    count, times = scale.pick(short=80, long=300), scale.pick(short=1, long=5)
    crash = partial(stack.postgres.restart, signal.SIGQUIT)
    batch, worst = send_under_faults(stack, scale, count, [crash] * times)
    return Outcome(f"{count} messages, {times} immediate restarts", batch.judge(times * IN_FLIGHT), worst)


def lose_mail_answers(stack: Stack, scale: Scale) -> Outcome:
    """The mail server refuses, puts off, hangs up and loses its 250 by itself, and is killed once."""

    def kill() -> None:
        stack.mail.kill()
        time.sleep(scale.pick(short=1.0, long=5.0))
        stack.mail.start()

    count = scale.pick(short=100, long=400)
    batch, worst = send_under_faults(stack, scale, count, [kill], is_faulty=True)
    lost = batch.count_lost_answers()
    tried = f"{count} messages, killed once, {lost} lost answers, 451, 550, cut off"
    return Outcome(tried, batch.judge(lost + IN_FLIGHT), worst)


def send_under_faults(
    stack: Stack, scale: Scale, count: int, faults: Sequence[Callable[[], object]], *, is_faulty: bool = False
) -> tuple[Batch, float]:
    """Send that many while the faults happen at points chosen by the seed; the longest pause behind a fault."""
    batch, worst = book(stack, count), 0.0
    stack.mail.behave(seconds=SLOW, is_faulty=is_faulty)
    first, last = (int(count * share) for share in _SPAN)
    marks = sorted(scale.chance.sample(range(first, last), len(faults)))
    batch.release()
    for mark, fault in zip(marks, faults, strict=True):
        batch.wait_for_mark(mark)
        time.sleep(scale.chance.uniform(0, NO_FAULT_SECONDS))
        fault()
        worst = max(worst, batch.seconds_until_next())
    batch.finish()
    stack.mail.behave()
    return batch, worst


def cut_database_answers(stack: Stack, scale: Scale) -> Outcome:
    """Connections to PostgreSQL are cut after a COMMIT was carried out and before its answer is heard."""
    count = scale.pick(short=60, long=250)
    with _database_proxy(stack, scale) as proxy:
        proxy.cut_commits(one_in=20)
        batch, worst = send_under_faults(stack, scale, count, [proxy.cut_all])
        proxy.cut_commits(one_in=0)
        cuts = proxy.cuts
        _restart_workers(stack)
    return Outcome(f"{count} messages, {cuts} connections cut at a COMMIT", batch.judge(cuts + IN_FLIGHT), worst)


def hang_database(stack: Stack, scale: Scale) -> Outcome:
    """The connections to PostgreSQL stay open and nothing comes through, longer than a lease; then they are cut."""
    assert stack.postgres is not None
    count, hung = scale.pick(short=60, long=250), scale.pick(short=5.0, long=LEASE.total_seconds() + 5)
    with _database_proxy(stack, scale) as proxy:
        batch, worst = send_under_faults(stack, scale, count, [partial(proxy.hang, hung), proxy.cut_all])
        _restart_workers(stack)
    return Outcome(f"{count} messages, hung {hung:.0f} s, then cut", batch.judge(3 * IN_FLIGHT), worst)


@contextmanager
def _database_proxy(stack: Stack, scale: Scale) -> Iterator[FaultyProxy]:
    """The workers are started anew with a proxy between them and PostgreSQL."""
    assert stack.postgres is not None
    real = stack.postgres.folder / ".s.PGSQL.5432"
    folder = stack.folder / f"postgres_proxy-{scale.chance.randrange(1 << 30)}"
    folder.mkdir()
    with FaultyProxy(real, folder / real.name, scale.chance.randrange(1 << 30)) as proxy:
        _restart_workers(stack, {"DATABASE_URL": stack.postgres.url(folder=folder)})
        yield proxy


def hang_mail(stack: Stack, scale: Scale) -> Outcome:
    """The connection to the mail server stays open and nothing comes through, twice as long as a worker waits."""
    count, hung = scale.pick(short=60, long=250), 2.0 * MAIL_TIMEOUT_SECONDS
    with FaultyProxy(stack.mail.port, 0, scale.chance.randrange(1 << 30)) as proxy:
        _restart_workers(stack, {"EMAIL_URL": f"smtp://127.0.0.1:{proxy.port}"})
        batch, worst = send_under_faults(stack, scale, count, [partial(proxy.hang, hung), proxy.cut_all])
        _restart_workers(stack)
    return Outcome(f"{count} messages, hung {hung:.0f} s, then cut", batch.judge(3 * IN_FLIGHT), worst)


def _restart_workers(stack: Stack, changes: Mapping[str, str] = NO_CHANGES) -> None:
    for name in stack.worker_names:
        stack.processes[name].kill()
    for name in stack.worker_names:
        stack.start_one(name, changes)


def stop_in_time(stack: Stack, scale: Scale) -> Outcome:
    """SIGTERM to both workers while the mail server takes half a second over each message."""
    from notifications.models import Notification

    count = scale.pick(short=30, long=60)
    batch = book(stack, count)
    stack.mail.behave(seconds=0.5)
    batch.release()
    batch.wait_for_mark(3)
    for name in stack.worker_names:
        os.kill(stack.processes[name].pid, signal.SIGTERM)
    began = time.monotonic()
    for name in stack.worker_names:
        stack.processes[name].stop()
    seconds = time.monotonic() - began
    left = patiently(lambda: Notification.objects.filter(state="sending").count())
    stack.mail.behave()
    stack.start()
    worst = batch.seconds_until_next()
    batch.finish()
    promises = {
        f"stops in {STOP_LIMIT_SECONDS} s": seconds <= STOP_LIMIT_SECONDS,
        "leaves nothing being sent": not left,
    }
    return Outcome(f"{count} messages, SIGTERM, {seconds:.0f} s", batch.judge() + judge_facts(promises), worst)

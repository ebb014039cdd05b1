"""Measures the reminder sweep: the same due messages beside 20,000 and beside 2,000,000 stored ones, in turns.

In the databases of 10,000 and 1,000,000 recalls (`bench._two_sizes`), as the processor's time of the sweep and its
server process for each message, to a real mail server. MESSAGES=100 and ROUNDS=5 change the run; ends with status 1
when the ratio is missed. Needs PostgreSQL.
"""

import os
import statistics
import sys
import time
from collections.abc import Iterator

from bench._test_installation import CountingMailServer, book_visits
from bench._two_sizes import SHAPES, database_name, make_databases
from bench.budgets.line import Line, print_lines
from bench.budgets.processor_time import ServerProcess
from bench.delivery import reset_to_due
from bench.desk_pages import configured_database, use_database

MESSAGES = int(os.environ.get("MESSAGES", "200"))
ROUNDS = int(os.environ.get("SWEEP_ROUNDS", "7"))
MAX_RATIO = 1.2


def measure() -> Iterator[Line]:
    with CountingMailServer() as mail:
        os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{mail.port}"
        with configured_database():
            from django.db import connection

            if connection.vendor != "postgresql":
                yield Line("size: reminder sweep", None, MAX_RATIO, detail="needs PostgreSQL")
                return
            make_databases()
            taken: dict[str, list[float]] = {shape: [] for shape in SHAPES}
            for turn in range(ROUNDS + 1):
                for shape in SHAPES:
                    use_database(database_name(shape))
                    ms = _time_sweep()
                    if turn:  # the first warms the caches
                        taken[shape].append(ms)
    ms_by_shape = {shape: statistics.median(times) for shape, times in taken.items()}
    ratios = {shape: ms / ms_by_shape["small"] for shape, ms in ms_by_shape.items() if shape != "small"}
    said = ", ".join(f"{shape} {ratio:.2f}" for shape, ratio in ratios.items())
    yield Line(
        "size: reminder sweep, same due messages",
        max(ratios.values()),
        MAX_RATIO,
        detail=f"{said}; {ms_by_shape['small']:.1f} ms a message",
        facts={"ms": ms_by_shape, "ratios": ratios},
    )


def _time_sweep() -> float:
    """Milliseconds of both processes for each message until everything due has left."""
    from clinic.factories import SiteFactory, UserFactory
    from clinic.models import Site, User
    from notifications.delivery.restore_guard import check_may_send, unfreeze_sending
    from notifications.delivery.worker import send_due
    from notifications.enums import AttemptResult
    from notifications.models import Notification

    due = Notification.objects.filter(kind="appointment_confirmation")
    if not due.exists():
        for factory, model in ((SiteFactory, Site), (UserFactory, User)):  # another process made those that are there
            factory.reset_sequence(model.objects.count())  # type: ignore[no-untyped-call]
        book_visits(MESSAGES)
    check_may_send()  # three databases that take turns look to the guard like one that was moved: it marks this one
    unfreeze_sending()
    send_due(600)  # what else fell due since a database of an earlier run was made
    reset_to_due()
    count, server = due.count(), ServerProcess()
    started = server.busy_ms() + time.process_time() * 1000
    sent = send_due(600)
    taken = server.busy_ms() + time.process_time() * 1000 - started
    assert sent[AttemptResult.ACCEPTED] == count, (sent, count)
    return taken / count


if __name__ == "__main__":
    sys.exit(print_lines(measure()))

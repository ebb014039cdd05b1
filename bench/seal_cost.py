"""Measures what the seals cost a step: the same step with and without them, in turns, in one run.

On PostgreSQL (SQLite where there is none). Prints the median processor time of this process and the median time on the
clock for each, and the bytes that the seals of an event take; then how many rows a second the ledger seals and
`verify_history` reads. ROUNDS=400 changes the run.
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

from bench.desk_pages import configured_database

ROUNDS = int(os.environ.get("ROUNDS", "200"))


def main() -> None:
    with configured_database():
        from django.core.management import call_command

        from clinic.factories import SiteFactory, get_site_staff
        from recalls import actions
        from recalls.enums import ContactChannel, ContactResult
        from recalls.testing.factories import RecallFactory

        call_command("migrate", verbosity=0)
        recall = RecallFactory.create(site=SiteFactory.create())
        scheduler = get_site_staff(recall.site).scheduler
        tried = actions.ContactAttemptInput(ContactChannel.PHONE, ContactResult.LEFT_MESSAGE)
        _compare("log_contact", lambda: actions.log_contact(recall, tried, by=scheduler))
        _compare("add_note", lambda: actions.add_note(recall, by=scheduler, note="A note of some words."))
        _measure_size(recall)
        _measure_ledger()


def _compare(name: str, step: Callable[[], Any]) -> None:
    """Every second round without seals."""
    spent: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for number in range(2 * ROUNDS + 20):
        sealed = number % 2 == 0
        with mock.patch("recalls.actions.transition.seal_facts", _real() if sealed else _none):
            cpu, clock = time.process_time(), time.perf_counter()
            step()
            passed = (time.process_time() - cpu, time.perf_counter() - clock)
        if number >= 20:
            spent[sealed].append(passed)
    for index, what in enumerate(("processor", "clock")):
        with_seals, without = (1000 * statistics.median(row[index] for row in spent[key]) for key in (True, False))
        print(f"{name}: {what} {without:.2f} ms without, {with_seals:.2f} ms with seals, {with_seals / without:.3f}")


def _real() -> Callable[..., Any]:
    from recalls.sealing.facts import seal_facts

    return seal_facts


def _none(*_arguments: Any) -> dict[str, Any]:
    return {}


def _measure_size(recall: Any) -> None:
    import json

    sizes = [len(json.dumps(event.seals)) for event in recall.events.all() if event.seals]
    print(f"seals of an event: {statistics.mean(sizes):.0f} bytes")


def _measure_ledger() -> None:
    from history.ledger import seal_new_rows
    from history.ledger_check import LedgerCheck
    from recalls.sealing.check import HistoryCheck

    seal_new_rows(600)
    began = time.process_time()
    rows = seal_new_rows(600)
    print(f"ledger: {rows} rows sealed, {rows / max(time.process_time() - began, 1e-9):.0f} a second of processor time")
    for check in (LedgerCheck(), HistoryCheck()):
        began = time.process_time()
        faults = [fault for _last, _count, found in check.batches() for fault in found]
        spent = time.process_time() - began
        print(f"{type(check).__name__}: {spent:.2f} s of processor time for these rows, {len(faults)} faults")


if __name__ == "__main__":
    main()

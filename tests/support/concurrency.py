"""Lets several people act at the same instant: in threads, each with its own database connection."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from recalls.models import Recall
from recalls.permissions import StepRefused


def run_concurrently(*steps: Callable[[], Any]) -> list[Any]:
    """Run the steps in threads that start together; what each returned or was refused with, in order."""
    results: list[Any] = [None] * len(steps)
    start = threading.Barrier(len(steps))

    def run(number: int) -> None:
        try:
            start.wait(timeout=10)
            results[number] = steps[number]()
        except (StepRefused, ValidationError) as refusal:
            results[number] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(steps))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def locked_recall(recall: Recall) -> AbstractContextManager[None]:
    """Somebody else is about to move this recall."""
    return uncommitted(lambda: Recall.objects.select_for_update().get(pk=recall.pk))


@contextmanager
def uncommitted(act: Callable[[], object]) -> Iterator[None]:
    """Somebody else has done this and not committed yet."""
    ready, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            act()
            ready.set()
            enough.wait(10)
        connection.close()

    person = threading.Thread(target=hold)
    person.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        enough.set()
        person.join(10)

"""Runs several actions at the same instant in threads, each with its own database connection."""

import threading
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection

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

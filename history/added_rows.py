"""Collects the rows that a step adds, so that its event can seal them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db.models import Model
from django.db.models.signals import post_save

_added: ContextVar[list[Model] | None] = ContextVar("added_rows", default=None)


def watch_models(models: Iterable[type[Model]]) -> None:
    """Have the rows of these models collected; `bulk_create` of them would pass unseen."""
    for model in models:
        post_save.connect(_collect, sender=model, dispatch_uid=f"history.added_rows.{model._meta.label}")


@contextmanager
def collect_added_rows() -> Iterator[list[Model]]:
    """The rows that are added inside, in their order; a step inside a step has its own."""
    rows: list[Model] = []
    token = _added.set(rows)
    try:
        yield rows
    finally:
        _added.reset(token)


def get_added_rows() -> list[Model] | None:
    """Those that the step has added so far; None outside a step."""
    return _added.get()


def _collect(instance: Model, created: bool, **_kwargs: Any) -> None:
    rows = _added.get()
    if created and rows is not None:
        rows.append(instance)

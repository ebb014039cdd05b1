"""Says who answers for what a message changes: intake, or the person who mended it or accepted what was proposed."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from clinic.actors import INTAKE, Actor

_actor: ContextVar[Actor] = ContextVar("actor", default=INTAKE)


def intake_actor() -> Actor:
    return _actor.get()


@contextmanager
def applying_as(actor: Actor) -> Iterator[None]:
    """While messages are applied in this block, the actor answers for what they change."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)

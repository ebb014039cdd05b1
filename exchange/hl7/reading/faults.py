"""Says what is wrong with a message, and at which field, as a value: a fault never loses the rest of the message."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """A place such as "PID-7" ("" for the whole message) and a plain sentence, which never repeats what stood there."""

    place: str
    message: str

"""Finds the system that sent a message by MSH-3 and MSH-4."""

from collections.abc import Iterable

from exchange.models import Hl7Message, Hl7Sender


def find_senders(messages: Iterable[Hl7Message]) -> None:
    """Set the sender of each, None for one that nobody has set up. One set up without MSH-3 or MSH-4 takes any."""
    known = {(sender.application, sender.facility): sender for sender in Hl7Sender.objects.select_related("site")}
    for message in messages:
        application, facility = message.application, message.facility
        candidates = (known.get(pair) for pair in ((application, facility), (application, ""), ("", facility)))
        message.sender = next((sender for sender in candidates if sender is not None), None)

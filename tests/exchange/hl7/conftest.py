"""Fixtures that apply messages of a sender of the clinic in their order, as the processor does."""

from collections.abc import Callable

import pytest

from clinic.models import Site
from exchange.hl7.apply import apply_messages
from exchange.hl7.message_result import MessageResult
from exchange.models import Hl7Message, Hl7Sender
from recalls.models import Recall

ApplyMessages = Callable[..., list[MessageResult]]


@pytest.fixture
def ris(shadyside: Site) -> Hl7Sender:
    """The radiology system of the clinic."""
    return Hl7Sender.objects.create(name="RIS", application="RIS", facility="SHADY", site=shadyside)


@pytest.fixture
def apply_all(ris: Hl7Sender) -> ApplyMessages:
    """Apply these bodies in one batch; `accepted` is what a person accepted for each."""

    def apply(*bodies: bytes, accepted: dict[str, object] | None = None) -> list[MessageResult]:
        return apply_messages([Hl7Message(raw=body, sender=ris, accepted=accepted) for body in bodies])

    return apply


@pytest.fixture
def apply_one(apply_all: ApplyMessages) -> Callable[..., MessageResult]:
    def apply(body: bytes, **accepted: object) -> MessageResult:
        return apply_all(body, accepted=accepted or None)[0]

    return apply


def the_recall() -> Recall:
    """The only recall there is, as it stands."""
    recall: Recall = Recall.objects.select_related("exam", "patient").get()
    return recall

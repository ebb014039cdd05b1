"""Messages are applied in their order; one that fails stops no other."""

import multiprocessing
from collections.abc import Callable, Sequence

import pytest
from django.db import OperationalError

from exchange.hl7 import processing
from exchange.hl7.message_result import MessageResult, ignored, parked
from exchange.hl7.processing import process_received
from exchange.hl7.store import store_arrivals
from exchange.models import Hl7Message
from notifications.delivery import work_time
from tests.hl7.sample_messages import arrive, make_oru

pytestmark = pytest.mark.django_db
State = Hl7Message.State


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The control ids in the order in which they were applied."""
    seen: list[str] = []

    def apply(messages: Sequence[Hl7Message]) -> list[MessageResult]:
        if any(message.control_id == "poison" for message in messages):
            raise ZeroDivisionError
        seen.extend(message.control_id for message in messages)
        return [parked("no", "PID-7") if message.control_id == "odd" else ignored("fine") for message in messages]

    monkeypatch.setattr(processing, "apply_messages", apply)
    return seen


def receive(*control_ids: str) -> None:
    store_arrivals([arrive(make_oru(control_id)) for control_id in control_ids])


def test_messages_are_applied_in_the_order_of_their_arrival(order: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing, "BATCH_SIZE", 2)
    receive("c", "a", "b", "d", "odd")
    assert process_received(5) == {State.IGNORED: 4, State.PARKED: 1}
    assert order == ["c", "a", "b", "d", "odd"]
    odd = Hl7Message.objects.get(control_id="odd")
    assert (odd.reason, odd.field, odd.settled_at) == ("no", "PID-7", None)


def test_many_large_messages_are_applied_a_few_at_a_time(order: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing, "BATCH_BYTES", 1)
    receive("a", "b", "c")
    assert process_received(5) == {State.IGNORED: 3}
    assert order == ["a", "b", "c"]


def test_a_message_that_breaks_the_intake_is_parked_alone(order: list[str]) -> None:
    receive("a", "poison", "b")
    assert process_received(5) == {State.IGNORED: 2, State.PARKED: 1}
    assert order == ["a", "b"]
    assert Hl7Message.objects.get(control_id="poison").state == State.PARKED


def test_a_worker_that_is_asked_to_stop_leaves_what_waits_received(
    order: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_time, "_stop_asked", multiprocessing.Event())
    monkeypatch.setattr(processing, "BATCH_SIZE", 1)
    receive("a", "b")
    apply: Callable[[Sequence[Hl7Message]], list[MessageResult]] = vars(processing)["apply_messages"]

    def stop_meanwhile(messages: Sequence[Hl7Message]) -> list[MessageResult]:
        work_time.ask_tasks_to_end()
        return apply(messages)

    monkeypatch.setattr(processing, "apply_messages", stop_meanwhile)
    process_received(40)
    assert order == ["a"]
    assert Hl7Message.objects.get(control_id="b").state == State.RECEIVED


def test_messages_stay_received_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_messages: Sequence[Hl7Message]) -> list[MessageResult]:
        raise OperationalError

    receive("a")
    monkeypatch.setattr(processing, "apply_messages", fail)
    with pytest.raises(OperationalError):
        process_received(5)
    assert Hl7Message.objects.get().state == State.RECEIVED

"""What is acknowledged is stored; what is stored is applied; nobody can hold the listener up."""

import socket
import threading

import pytest
from django.db import OperationalError

from exchange.hl7.mllp import group_commit
from exchange.hl7.mllp.connection import Limits, MllpConnection
from exchange.models import Hl7Message
from tests.hl7.mllp_client import Sender, run_listener
from tests.hl7.sample_messages import ack_fields, frame, make_oru

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_message_of_a_packet_is_stored_and_answered_in_order() -> None:
    with run_listener() as port, Sender(port) as sender:
        sender.socket.sendall(frame(make_oru("1")) + frame(make_oru("2")) + frame(make_oru("3"))[:40])
        sender.socket.sendall(frame(make_oru("3"))[40:])
        assert [ack_fields(sender.receive()) for _number in range(3)] == [["MSA", "AA", n] for n in "123"]
        assert Hl7Message.objects.count() == 3
        again = sender.send(make_oru("1", text="BI-RADS category 5.")).decode()
    assert ack_fields(again.encode()) == ["MSA", "AE", "1", "Same control id, other content"]
    assert "ERR|MSH^1^10|MSH^1^10|205^Duplicate key identifier^HL70357|E" in again
    # The stop waits for the messages in hand.
    assert Hl7Message.objects.filter(state=Hl7Message.State.RECEIVED).count() == 0


def test_a_batch_is_answered_as_a_batch() -> None:
    batch = b"FHS|^~\\&|RIS\rBHS|^~\\&|RIS\r" + make_oru("1") + make_oru("2") + b"BTS|3\rFTS|1\r"
    with run_listener() as port, Sender(port) as sender:
        answer = sender.send(batch).decode()
    assert [line[:8] for line in answer.split("\r") if line[:3] in ("BHS", "MSA", "BTS")] == [
        "BHS|^~\\&",
        "MSA|AA|1",
        "MSA|AA|2",
        "BTS|2",
    ]
    rows = Hl7Message.objects.order_by("pk")
    assert [bytes(row.raw) for row in rows[:2]] == [make_oru(n).rstrip(b"\r") for n in "12"]
    assert "another number" in rows[2].reason


def test_bytes_that_are_no_message_are_refused_and_the_next_message_goes_in() -> None:
    with run_listener(Limits(message_bytes=500)) as port, Sender(port) as sender:
        assert ack_fields(sender.send(b"hello"))[:2] == ["MSA", "AR"]
        assert ack_fields(sender.send(make_oru("1", text="x" * 100_000))) == ["MSA", "AR", "1", "Message too long"]
        assert ack_fields(sender.send(make_oru("2"))) == ["MSA", "AA", "2"]
    assert Hl7Message.objects.count() == 3


def test_a_message_without_an_end_is_kept_and_not_accepted() -> None:
    with run_listener(Limits(message_seconds=0.2)) as port, Sender(port) as sender:
        sender.socket.sendall(frame(make_oru("1"))[:-30])
        assert ack_fields(sender.receive()) == ["MSA", "AR", "1", "No end block"]
        assert sender.receive() == b""
    row = Hl7Message.objects.get()
    assert (row.state, row.ack) == (Hl7Message.State.PARKED, Hl7Message.Ack.REJECTED)


def test_one_connection_too_many_is_turned_away() -> None:
    with run_listener(Limits(connections=1)) as port, Sender(port) as first:
        assert ack_fields(first.send(make_oru("1")))[1] == "AA"
        with Sender(port) as second:
            assert second.receive() == b""
        assert ack_fields(first.send(make_oru("3")))[1] == "AA"


def test_a_stop_answers_what_was_received() -> None:
    with run_listener() as port:
        sender = Sender(port)
        sender.send(make_oru("1"))
        sender.socket.sendall(frame(make_oru("2"))[:50])
    assert sender.receive() == b""
    sender.socket.close()
    assert Hl7Message.objects.count() == 1


def test_a_message_whose_answer_was_lost_is_one_record_when_it_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang_up(connection: MllpConnection, *_rest: object) -> None:
        connection._writer.transport.abort()
        raise ConnectionResetError

    with run_listener() as port:
        with monkeypatch.context() as patch, Sender(port) as sender:
            patch.setattr(MllpConnection, "_answer", hang_up)
            assert sender.send(make_oru("1")) == b""
        with Sender(port) as sender:
            assert ack_fields(sender.send(make_oru("1"))) == ["MSA", "AA", "1"]
    assert Hl7Message.objects.count() == 1


@pytest.mark.parametrize("error", [OperationalError, ZeroDivisionError])
def test_what_cannot_be_stored_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def fail(_arrivals: object) -> None:
        raise error

    with run_listener() as port, Sender(port) as sender:
        with monkeypatch.context() as patch:
            patch.setattr(group_commit, "store_arrivals", fail)
            answer = sender.send(make_oru("1")).decode()
        assert ack_fields(sender.send(make_oru("1"))) == ["MSA", "AA", "1"]
    assert ack_fields(answer.encode()) == ["MSA", "AR", "1", "Not stored, send it again"]
    assert "207^Application internal error" in answer


def test_two_senders_at_once_lose_nothing_when_they_are_cut_off() -> None:
    """Each hangs up after every 20 messages without reading the answers, and sends the last of them again."""
    numbers = range(100)

    def send_all(facility: str) -> None:
        for start in range(0, len(numbers), 20):
            bodies = [make_oru(str(number), facility=facility) for number in numbers[start : start + 20]]
            with socket.create_connection(("127.0.0.1", port), 10) as rude:
                rude.sendall(b"".join(frame(body) for body in bodies[:15]) + frame(bodies[15])[:60])
            with Sender(port) as sender:
                for body in bodies:
                    assert ack_fields(sender.send(body))[1] == "AA"

    with run_listener() as port:
        threads = [threading.Thread(target=send_all, args=(facility,)) for facility in ("NORTH", "SOUTH")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    whole = Hl7Message.objects.exclude(ack=Hl7Message.Ack.REJECTED)
    assert sorted(whole.values_list("facility", "control_id")) == sorted(
        (facility, str(number)) for facility in ("NORTH", "SOUTH") for number in numbers
    )
    assert not whole.filter(state=Hl7Message.State.RECEIVED).exists()

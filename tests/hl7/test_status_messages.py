"""Another system is told of each step of a recall once, in order, and a person is told where it cannot be."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from clinic.models import Site, User
from exchange.hl7.outbound.deliver import LEASE_TIME, send_status_messages
from exchange.hl7.outbound.plan import plan_status_messages
from exchange.hl7.reading.reader import read_message
from exchange.models import Hl7Peer, Hl7StatusMessage
from recalls import actions
from recalls.enums import WorkItemKind
from recalls.models import Recall, WorkItem
from recalls.testing.factories import RecallFactory
from tests.hl7.sample_messages import frame

pytestmark = pytest.mark.django_db
State = Hl7StatusMessage.State
NOW = "2026-11-20 15:00:00+00:00"


class Receiver:
    """A system that keeps what it is told and answers with the next of its codes: "" hangs up without an answer."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.received: list[str] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def said(self) -> list[str]:
        """Type and what it says of the recall, of each message in order."""
        return [line.split("|")[8] for message in self.received for line in message.split("\r") if line[:3] == "MSH"]

    def stop(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._server.accept()
            except OSError:
                return
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        buffer = b""
        while received := connection.recv(65536):
            buffer += received
            while b"\x1c\r" in buffer:
                body, _end, buffer = buffer.partition(b"\x1c\r")
                self.received.append(body.removeprefix(b"\x0b").decode())
                code = self.codes.pop(0) if self.codes else "AA"
                if not code:
                    return
                control_id = self.received[-1].split("|")[9]
                connection.sendall(frame(f"MSH|^~\\&|X|Y|||1||ACK|1|P|2.5\rMSA|{code}|{control_id}\r".encode()))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    served = Receiver()
    yield served
    served.stop()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def peer(receiver: Receiver, clock: time_machine.Traveller, shadyside: Site) -> Hl7Peer:
    return Hl7Peer.objects.create(
        name="RIS", site=shadyside, is_active=True, host="127.0.0.1", port=receiver.port, uses_tls=False,
        planned_until=timezone.now() - timedelta(days=60),
    )  # fmt: skip


@pytest.fixture
def recall(peer: Hl7Peer, clock: time_machine.Traveller) -> Recall:
    """Opened and booked, a minute ago."""
    made = RecallFactory.create(booked=True, site=peer.site)
    clock.shift(timedelta(minutes=1))
    return made


def test_each_step_is_told_once_and_in_order(receiver: Receiver, recall: Recall) -> None:
    assert plan_status_messages() == 2
    assert plan_status_messages() == 0
    assert send_status_messages(5)["sent"] == 2
    assert send_status_messages(5)["sent"] == 0
    assert receiver.said == ["ORU^R01^ORU_R01", "SIU^S12^SIU_S12"]
    assert "STATUS^Status of the recall^99RECALLDESK||opened^" in receiver.received[0]
    read = [read_message(message.encode()) for message in receiver.received]
    assert [fact.faults for fact in read] == [(), ()]
    assert read[0].patients[0].identifiers[0].value == recall.patient.mrn
    assert read[1].visit is not None


def test_a_recall_closed_before_its_visit_tells_of_both(
    receiver: Receiver, recall: Recall, radiologist_rao: User, clock: time_machine.Traveller
) -> None:
    actions.get_action("void")(recall, by=radiologist_rao, note="Opened for the wrong exam")
    clock.shift(timedelta(minutes=1))
    plan_status_messages()
    send_status_messages(5)
    assert [message.split("\r")[0].split("|")[8] for message in receiver.received][2:] == [
        "SIU^S15^SIU_S12",
        "ORU^R01^ORU_R01",
    ]
    assert "CLOSURE^Reason of closing^99RECALLDESK||void^" in receiver.received[-1]


def test_what_happened_before_a_receiver_was_switched_on_is_not_told(peer: Hl7Peer, recall: Recall) -> None:
    Hl7Peer.objects.update(planned_until=timezone.now() + timedelta(hours=1))
    assert plan_status_messages() == 0


def test_a_step_just_taken_is_not_told_while_it_may_be_undone(peer: Hl7Peer) -> None:
    RecallFactory.create(site=peer.site)
    assert plan_status_messages() == 0


def test_a_refused_message_is_tried_again_before_any_later_one(
    receiver: Receiver, recall: Recall, clock: time_machine.Traveller
) -> None:
    receiver.codes = ["AE"]
    plan_status_messages()
    assert send_status_messages(5)["refused"] == 1
    assert len(receiver.received) == 1
    clock.shift(timedelta(minutes=10))
    assert send_status_messages(5)["sent"] == 2
    assert receiver.received[0] == receiver.received[1]


def test_a_message_without_an_answer_is_sent_again_under_its_control_id(
    receiver: Receiver, recall: Recall, clock: time_machine.Traveller
) -> None:
    receiver.codes = [""]
    plan_status_messages()
    assert send_status_messages(5)["uncertain"] == 1
    clock.shift(timedelta(minutes=10))
    assert send_status_messages(5)["sent"] == 2
    first = Hl7StatusMessage.objects.earliest("pk")
    assert (first.state, first.may_have_arrived_twice) == (State.SENT, True)
    assert receiver.received[0] == receiver.received[1]


def test_a_message_whose_sender_was_killed_is_sent_again(
    receiver: Receiver, recall: Recall, clock: time_machine.Traveller
) -> None:
    plan_status_messages()
    lease = {"state": State.SENDING, "lease_token": 1, "lease_until": timezone.now() + LEASE_TIME}
    Hl7StatusMessage.objects.filter(kind="opened").update(**lease)
    assert send_status_messages(5)["sent"] == 0
    clock.shift(LEASE_TIME)
    assert send_status_messages(5)["sent"] == 2


def test_a_receiver_that_is_away_costs_no_tries(
    receiver: Receiver, recall: Recall, clock: time_machine.Traveller
) -> None:
    Hl7Peer.objects.update(port=1)
    plan_status_messages()
    assert send_status_messages(5)["unavailable"] == 1
    assert send_status_messages(5)["unavailable"] == 0
    assert set(Hl7StatusMessage.objects.values_list("state", "attempts")) == {(State.PLANNED, 0)}
    Hl7Peer.objects.update(port=receiver.port)
    clock.shift(timedelta(minutes=2))
    assert send_status_messages(5)["sent"] == 2


def test_a_message_refused_for_three_days_is_a_task(
    receiver: Receiver, recall: Recall, clock: time_machine.Traveller
) -> None:
    plan_status_messages()
    Hl7StatusMessage.objects.filter(kind="opened").update(first_failed_at=timezone.now() - timedelta(hours=73))
    receiver.codes = ["AR"]
    assert send_status_messages(5)["failed"] == 1
    item = WorkItem.objects.get(kind=WorkItemKind.STATUS_NOT_TOLD)
    assert (item.recall, "RIS could not be told: recall opened" in item.reason) == (recall, True)
    # What comes after it is still told.
    assert Hl7StatusMessage.objects.get(kind="booked").state == State.SENT


def test_nothing_is_told_after_a_restore_until_a_person_has_looked(
    receiver: Receiver, recall: Recall, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_status_messages()
    monkeypatch.setattr("exchange.hl7.outbound.deliver.SendingGate.is_open", lambda _gate: False)
    assert send_status_messages(5)["sent"] == 0
    assert receiver.received == []

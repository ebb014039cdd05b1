"""A message is stored once however often it comes, and nothing that comes is lost."""

import pytest

from exchange.hl7.store import CUT_OFF, store_arrivals
from exchange.models import Hl7Message, Hl7Sender
from tests.hl7.sample_messages import arrive, make_oru

pytestmark = pytest.mark.django_db
State, Ack = Hl7Message.State, Hl7Message.Ack


def test_a_message_sent_again_is_one_record_with_the_same_answer() -> None:
    [first] = store_arrivals([arrive(make_oru("1"))])
    [again] = store_arrivals([arrive(make_oru("1"))])
    assert (first.message_id, first.ack, first.is_new) == (again.message_id, Ack.ACCEPTED, True)
    assert (again.ack, again.is_new) == (Ack.ACCEPTED, False)
    row = Hl7Message.objects.get()
    assert (bytes(row.raw), row.application, row.facility) == (make_oru("1"), "RIS", "NORTH")
    assert (row.control_id, row.message_type, row.state) == ("1", "ORU^R01", State.RECEIVED)


def test_a_message_twice_in_one_group_is_one_record() -> None:
    receipts = store_arrivals([arrive(make_oru("1")), arrive(make_oru("2")), arrive(make_oru("1"))])
    assert [one.message_id for one in receipts] == [
        receipts[0].message_id,
        receipts[1].message_id,
        receipts[0].message_id,
    ]
    assert Hl7Message.objects.count() == 2


def test_the_same_control_id_with_another_body_is_kept_as_a_conflict() -> None:
    [first] = store_arrivals([arrive(make_oru("1"))])
    for _time in range(2):
        [other] = store_arrivals([arrive(make_oru("1", text="BI-RADS category 5."))])
        assert other.ack == Ack.ERROR
    row = Hl7Message.objects.exclude(pk=first.message_id).get()
    assert (row.state, row.field, row.conflicts_with_id) == (State.PARKED, "MSH-10", first.message_id)


def test_what_a_known_sender_sends_twice_in_two_ways_is_shown_at_its_site(ris: Hl7Sender) -> None:
    store_arrivals([arrive(make_oru("1")), arrive(make_oru("1", text="other"))])
    assert Hl7Message.objects.get(state=State.PARKED).site == ris.site


def test_two_senders_may_use_the_same_control_id() -> None:
    receipts = store_arrivals([arrive(make_oru("1")), arrive(make_oru("1", facility="SOUTH"))])
    assert {one.ack for one in receipts} == {Ack.ACCEPTED}
    assert Hl7Message.objects.count() == 2


def test_what_is_no_message_is_kept_and_refused() -> None:
    [receipt] = store_arrivals([arrive(b"hello\x00\xff")])
    row = Hl7Message.objects.get()
    assert (receipt.ack, row.state, bytes(row.raw)) == (Ack.REJECTED, State.PARKED, b"hello\x00\xff")


def test_a_cut_message_is_settled_when_it_comes_whole() -> None:
    store_arrivals([arrive(make_oru("1")[:120], CUT_OFF)])
    [whole] = store_arrivals([arrive(make_oru("1"))])
    assert whole.ack == Ack.ACCEPTED
    assert list(Hl7Message.objects.values_list("state", flat=True)) == [State.DISMISSED, State.RECEIVED]


def test_an_answer_is_never_answered() -> None:
    [receipt] = store_arrivals([arrive(b"MSH|^~\\&|RIS|N|||20261120||ACK^R01|9|P|2.5\rMSA|AA|1\r")])
    assert not receipt.wants_answer
    assert Hl7Message.objects.get().state == State.IGNORED


def test_a_name_with_control_characters_is_stored() -> None:
    body = make_oru("1\x00").replace(b"RIS", b"R\x00I\x01S" + b"x" * 400)
    [receipt] = store_arrivals([arrive(body)])
    assert receipt.ack == Ack.ACCEPTED
    assert bytes(Hl7Message.objects.get().raw) == body

"""Frames are found whatever the packets and the bytes are, and a frame without an end costs no memory."""

import random
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.hl7.acknowledgment import build_ack
from exchange.hl7.mllp.framing import KEPT_BYTES, Frame, FrameDecoder, FrameFault
from exchange.hl7.raw_header import read_raw_header
from exchange.hl7.splitting import split_messages
from exchange.models import Hl7Message
from tests.hl7.sample_messages import frame, make_oru

MAX = 1_000_000
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def decode(*packets: bytes, max_size: int = MAX) -> list[Frame]:
    decoder = FrameDecoder(max_size)
    frames = [found for packet in packets for found in decoder.feed(packet)]
    last = decoder.close()
    return [*frames, last] if last else frames


def test_several_messages_in_one_packet_are_several_frames() -> None:
    assert [one.body for one in decode(frame(b"MSH|1") + b"\r\n" + frame(b"MSH|2"))] == [b"MSH|1", b"MSH|2"]


@given(st.lists(st.integers(1, 400), max_size=30))
@settings(max_examples=50, deadline=None)
def test_a_message_is_the_same_however_the_network_cuts_it(cuts: list[int]) -> None:
    stream, packets = frame(make_oru("1")) + frame(make_oru("2", text="a\x1cb\x0bc")), []
    for cut in cuts:
        packets.append(stream[:cut])
        stream = stream[cut:]
    assert [one.body for one in decode(*packets, stream)] == [make_oru("1"), make_oru("2", text="a\x1cb\x0bc")]


def test_bytes_before_the_start_block_cost_no_message() -> None:
    frames = decode(b"GET / HTTP/1.1\r\n", frame(b"MSH|1"))
    assert [(one.body, one.fault) for one in frames] == [
        (b"GET / HTTP/1.1\r\n", FrameFault.NO_START),
        (b"MSH|1", None),
    ]


def test_a_message_that_begins_inside_an_unfinished_one_is_whole() -> None:
    for packets in ([b"\x0bMSH|half\x0bMSH|1\x1c\r"], [b"\x0bMSH|half\x0b", b"MSH|1", b"\x1c\r"]):
        frames = decode(*packets)
        assert [(one.body, one.fault) for one in frames] == [(b"MSH|half", FrameFault.NO_END), (b"MSH|1", None)]


def test_a_frame_without_its_last_byte_is_whole_when_nothing_more_comes() -> None:
    decoder = FrameDecoder(MAX)
    assert list(decoder.feed(b"\x0bMSH|1\x1c")) == []
    assert decoder.lacks_only_cr
    assert decoder.end_without_cr() == Frame(b"MSH|1", 5)
    assert [one.body for one in decoder.feed(b"\r" + frame(b"MSH|2"))] == [b"MSH|2"]


def test_a_frame_of_a_hundred_megabytes_is_refused_without_being_held() -> None:
    decoder, packet = FrameDecoder(MAX), b"A" * 1_000_000
    list(decoder.feed(b"\x0bMSH|"))
    for _number in range(100):
        assert list(decoder.feed(packet)) == []
        assert len(decoder._buffer) < 2 * MAX
    [refused] = decoder.feed(b"\x1c\r")
    assert (refused.fault, refused.size, len(refused.body)) == (FrameFault.TOO_LONG, 100_000_004, KEPT_BYTES)
    assert [one.body for one in decoder.feed(frame(b"MSH|2"))] == [b"MSH|2"]


def test_what_never_ends_is_kept_as_cut_off() -> None:
    [cut] = decode(b"\x0bMSH|1")
    assert (cut.body, cut.fault) == (b"MSH|1", FrameFault.NO_END)


@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([b"\x0b", b"\x1c\r", b"\x1c", b"MSH|^~\\&|", b"\r"]), max_size=30)
)
@settings(max_examples=200, deadline=None)
def test_no_bytes_upset_the_reader_of_frames_and_headers(packets: list[bytes]) -> None:
    for one in decode(*packets, max_size=100):
        for piece in split_messages(one.body, MAX):
            assert build_ack(read_raw_header(piece.body), Hl7Message.Ack.ACCEPTED, NOW)


@pytest.mark.parametrize("seed", range(3))
def test_a_mutated_message_gets_an_answer_that_names_the_same_control_id(seed: int) -> None:
    """Bytes flipped, lost, doubled and put in anywhere; in a second, some thousand messages."""
    rng, until, count = random.Random(seed), time.monotonic() + 0.5, 0
    while time.monotonic() < until:
        body = bytearray(make_oru("CONTROL"))
        for _change in range(rng.randint(1, 8)):
            place = rng.randrange(len(body))
            match rng.randrange(4):
                case 0:
                    body[place] = rng.randrange(256)
                case 1:
                    del body[place : place + rng.randrange(20)]
                case 2:
                    body[place:place] = rng.choice(
                        [b"\x0b", b"\x1c", b"\x1c\r", b"|", b"\r", b"MSH|", b"\xff\xfe", b"\x00"]
                    )
                case 3:
                    body[place:place] = body[place : place + 30]
        for one in decode(frame(bytes(body))):
            for piece in split_messages(one.body, MAX):
                header = read_raw_header(piece.body)
                answer = build_ack(header, Hl7Message.Ack.ACCEPTED, NOW)
                assert answer.count(b"\rMSA") == 1
                assert header is None or header.field(10) in answer
        count += 1
    assert count > 100

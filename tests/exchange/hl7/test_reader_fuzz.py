"""Holds that no bytes, and no change of a message's bytes, make the reader raise."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.hl7.reading.reader import read_message
from exchange.models import Hl7Message
from patients.models import Patient
from tests.exchange.hl7.conftest import ApplyMessages
from tests.exchange.hl7.samples import PID, build_message, build_report

_SAMPLES = [
    build_report("IMPRESSION: BI-RADS 4.", r"Line\.br\two~three"),
    build_message("SIU^S12", "SCH|1|2||||||||^^^20261124|||", "TQ1|1||||||20261124", "PID|1||M1", "AIS|1||X|20261124"),
    build_message("ADT^A40", "PID|1||M1^^^A&B~M2||Oak&x^Testa~Elm|", "MRG|M3"),
]
_MARKS = [b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b"MSH|", b"\\X", b"\x1b$B"]
_BYTES = st.binary(max_size=6) | st.sampled_from(_MARKS)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_raising(body: bytes) -> None:
    read_message(body)
    read_message(b"MSH|^~\\&|" + body)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(_SAMPLES), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 5), _BYTES), max_size=6))
def test_a_damaged_message_is_read_without_raising(body: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    for at, cut, new in edits:
        body = body[:at] + new + body[at + cut :]
    read_message(body)


def test_damaged_messages_are_applied_whole_or_kept_with_a_reason(apply_all: ApplyMessages) -> None:
    chance = random.Random(11)  # the same damage in every run
    visit = build_message("SIU^S12", "SCH|P|F|||||||||^^^20261124140000", PID, "AIS|1||77066^Diagnostic mammogram")
    samples = [build_report("IMPRESSION: BI-RADS 4."), visit, build_message("ADT^A40", PID, "MRG|OLD1^^^SHADY^MR")]
    bodies = []
    for number in range(45):
        body = samples[number % len(samples)]
        for _edit in range(chance.randint(1, 4)):
            at = chance.randrange(len(body))
            body = body[:at] + chance.choice([*_MARKS, b"\0", b"\xff", b"9" * 30, b"A" * 300]) + body[at + 2 :]
        bodies.append(body)
    results = apply_all(*bodies)
    assert all(result.state == Hl7Message.State.APPLIED or result.reason for result in results)
    assert not Patient.objects.filter(family_name="").exists()

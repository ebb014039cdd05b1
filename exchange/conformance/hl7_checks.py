"""Checks of an HL7 v2 listener: what it acknowledges, what it refuses, and that it goes on after either."""

from collections.abc import Callable, Iterator

from exchange.conformance.hl7_connection import SILENCE_SECONDS, Acknowledgment, Hl7Connection
from exchange.conformance.hl7_samples import Hl7Samples
from exchange.conformance.kit import Check, expect
from exchange.hl7.mllp.framing import wrap

HL7_INTAKE, RAD_128 = "HL7 v2 intake", "IHE RD RAD-128"
_ACCEPTED = frozenset({"AA", "CA"})
_REFUSED = frozenset({"AE", "AR", "CE", "CR"})
Open = Callable[[], Hl7Connection]


def build_hl7_checks(host: str, port: int, samples: Hl7Samples) -> Iterator[Check]:
    """What is taken in stays there: run it against an instance for trials."""

    def connect() -> Hl7Connection:
        return Hl7Connection(host, port)

    sent: dict[str, tuple[str, bytes]] = {
        "a final report (ORU^R01)": ("1", samples.report("1")),
        "a preliminary report": ("2", samples.report("2", status="P", accession="2")),
        "a corrected report": ("3", samples.report("3", status="C", category="2")),
        "a registration (ADT^A04)": ("4", samples.patient("A04", "4")),
        "an update (ADT^A08)": ("5", samples.patient("A08", "5")),
        "a merge (ADT^A40)": ("6", samples.patient("A40", "6")),
        "a booking (SIU^S12)": ("7", samples.visit("S12", "7")),
        "a move (SIU^S13)": ("8", samples.visit("S13", "8")),
        "a cancellation (SIU^S15)": ("9", samples.visit("S15", "9")),
        "a visit that was missed (SIU^S26)": ("10", samples.visit("S26", "10")),
    }
    for what, (number, message) in sent.items():
        yield Check(HL7_INTAKE, f"{what} is accepted", _accepted(connect, message, samples.control_id(number)))
    yield from _repetition_checks(connect, samples)
    yield from _damage_checks(connect, samples)
    actionable = samples.actionable_report("30")
    yield Check(RAD_128, "a report with an actionable finding is accepted", _accepted(
        connect, actionable, samples.control_id("30")))  # fmt: skip
    yield Check(RAD_128, "the same report again is accepted and no other", _accepted(
        connect, actionable, samples.control_id("30")))  # fmt: skip


def _repetition_checks(connect: Open, samples: Hl7Samples) -> Iterator[Check]:
    first = samples.report("20", accession="20")

    def other_content() -> None:
        with connect() as connection:
            answer = connection.ask(samples.report("20", accession="20", category="5"))
        expect(answer.code in _REFUSED, answer.code or "no code")
        expect(answer.control_id == samples.control_id("20"), "the answer to another message")
        expect(bool(answer.errors), "no ERR that says why")

    yield Check(HL7_INTAKE, "a message is accepted once", _accepted(connect, first, samples.control_id("20")))
    yield Check(HL7_INTAKE, "the same message again is accepted", _accepted(connect, first, samples.control_id("20")))
    yield Check(HL7_INTAKE, "the same control id with other content is not accepted", other_content)


def _damage_checks(connect: Open, samples: Hl7Samples) -> Iterator[Check]:
    def cut_off() -> None:
        with connect() as connection:
            answer = connection.send_raw(wrap(samples.report("21"))[:-40], is_end=True)
        expect(answer is None or answer.code in _REFUSED, answer.code if answer else "")

    def no_message() -> None:
        with connect() as connection:
            answer = connection.ask(b"hello")
            expect(answer.code in _REFUSED, answer.code or "no code")
            _check_accepted(connection.ask(samples.report("22", accession="22")), samples.control_id("22"))

    def own_answer() -> None:
        with connect() as connection:
            answer = connection.send_raw(wrap(samples.acknowledgment("23")), seconds=SILENCE_SECONDS)
        expect(answer is None, "an answer to an answer")

    yield Check(HL7_INTAKE, "a frame that is cut off is not accepted", cut_off)
    yield Check(HL7_INTAKE, "the next message after it is accepted", _accepted(
        connect, samples.report("24", accession="24"), samples.control_id("24")))  # fmt: skip
    yield Check(HL7_INTAKE, "bytes that are no message are refused, and the connection goes on", no_message)
    yield Check(HL7_INTAKE, "an unknown type of message is answered", _answered(
        connect, samples.unknown_type("25"), samples.control_id("25")))  # fmt: skip
    yield Check(HL7_INTAKE, "a report without PID is answered", _answered(
        connect, samples.without_patient("26"), samples.control_id("26")))  # fmt: skip
    yield Check(HL7_INTAKE, "an answer is not answered", own_answer)


def _accepted(connect: Open, message: bytes, control_id: str) -> Callable[[], None]:
    def check() -> None:
        with connect() as connection:
            _check_accepted(connection.ask(message), control_id)

    return check


def _answered(connect: Open, message: bytes, control_id: str) -> Callable[[], None]:
    """Kept for a person or refused: a system that keeps first says AA, one that looks first AE or AR."""

    def check() -> None:
        with connect() as connection:
            answer = connection.ask(message)
        expect(answer.code in _ACCEPTED | _REFUSED, answer.code or "no code")
        expect(answer.control_id == control_id, "the answer to another message")

    return check


def _check_accepted(answer: Acknowledgment, control_id: str) -> None:
    expect(answer.code in _ACCEPTED, answer.code or "no code")
    expect(answer.control_id == control_id, "the answer to another message")
    expect(answer.message_type == "ACK", f"message type {answer.message_type}")

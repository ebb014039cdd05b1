"""Invented HL7 messages for tests."""

from exchange.hl7.store import Arrival, ArrivalFault
from exchange.models import Hl7Message


def make_oru(control_id: str = "M1", *, text: str = "BI-RADS category 0.", facility: str = "NORTH") -> bytes:
    """A report of an invented patient."""
    return (
        f"MSH|^~\\&|RIS|{facility}|RECALLDESK|CLINIC|20261120101500||ORU^R01^ORU_R01|{control_id}|P|2.5.1\r"
        "PID|1||M100^^^NORTH^MR||Sample-Oak^Testa||19700201|F\r"
        "OBR|1||A100|MAMSCR^Screening mammogram|||20261119||||||||||||||||F\r"
        f"OBX|1|TX|REPORT||{text}||||||F\r"
    ).encode()


def frame(body: bytes) -> bytes:
    return b"\x0b" + body + b"\x1c\r"


def arrive(body: bytes, refusal: ArrivalFault | None = None) -> Arrival:
    return Arrival(body, len(body), Hl7Message.Source.MLLP, refusal)


def ack_fields(answer: bytes) -> list[str]:
    """MSA of an answer: ["MSA", "AA", "M1"]."""
    segments = answer.decode().strip("\x0b\x1c\r").split("\r")
    return next(segment.split("|") for segment in segments if segment.startswith("MSA"))

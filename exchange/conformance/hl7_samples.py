"""Sample messages of a patient who plainly does not exist, under control ids that no run before has used."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone

_ACTIONABLE = (
    "OBX|1|TX|18748-4^Diagnostic imaging study^LN||A 12 mm mass is seen in the right breast.||||||F",
    "OBX|2|CWE|RID49482^Actionable finding^RADLEX||RID49482^Mass of the right breast^RADLEX||||||F|||||||||",
    "OBX|3|TX|18783-1^Study recommendation^LN||Recommend diagnostic mammogram within 2 weeks.||||||F",
)


def _make_run() -> str:
    return secrets.token_hex(4).upper()


@dataclass(frozen=True, slots=True)
class Hl7Samples:
    """The messages of one run; `sender` is what stands in MSH-3 and MSH-4."""

    sender: tuple[str, str] = ("CONFORM", "CONFORM")
    run: str = field(default_factory=_make_run)

    def report(self, number: str, *, status: str = "F", category: str = "0", accession: str = "1") -> bytes:
        """A screening report: final (F), preliminary (P) or corrected (C)."""
        text = f"OBX|1|TX|REPORT^Report^L||IMPRESSION: BI-RADS category {category}.||||||{status}"
        exam = "MAMSCR^Screening mammogram^L"
        return self._write("ORU^R01^ORU_R01", number, self._order(exam, status, accession), text)

    def actionable_report(self, number: str) -> bytes:
        """A CT of the chest that tells of a breast finding, as Send Imaging Result has it."""
        exam = "71260^CT CHEST W CONTRAST^CPT"
        return self._write("ORU^R01^ORU_R01", number, self._order(exam, "F", "CT"), *_ACTIONABLE)

    def patient(self, event: str, number: str) -> bytes:
        last = f"MRG|CONF{self.run}B^^^CONFORM^MR" if event == "A40" else "PV1|1|O"
        structure = {"A04": "ADT_A01", "A08": "ADT_A01", "A40": "ADT_A39"}[event]
        return self._write(f"ADT^{event}^{structure}", number, last, first=f"EVN|{event}|{_now()}")

    def visit(self, event: str, number: str) -> bytes:
        """A visit in two weeks; moved to one day later by S13."""
        start = timezone.now() + timedelta(days=15 if event == "S13" else 14)
        at = f"{start:%Y%m%d}140000+0000"
        status = {"S12": "Booked", "S13": "Booked", "S15": "Cancelled", "S26": "Noshow"}[event]
        timing = f"^^60^{at}"
        schedule = (
            f"SCH|{self.run}|{self.run}||||{event}|DIAG^Diagnostic mammogram^L||60|min|{timing}{'|' * 14}{status}"
        )
        service = f"AIS|1|A|DIAG^Diagnostic mammogram^L|{at}|||60|min"
        return self._write(f"SIU^{event}^SIU_S12", number, "RGS|1|A", service, first=schedule)

    def unknown_type(self, number: str) -> bytes:
        return self._write("ZZZ^Z99", number)

    def without_patient(self, number: str) -> bytes:
        text = "OBX|1|TX|REPORT^Report^L||IMPRESSION: BI-RADS category 0.||||||F"
        return self._join([self._header("ORU^R01^ORU_R01", number), self._order("MAMSCR^Screening^L", "F", "X"), text])

    def acknowledgment(self, number: str) -> bytes:
        return self._join([self._header("ACK", number), f"MSA|AA|{self.control_id(number)}"])

    def control_id(self, number: str) -> str:
        return f"CONF{self.run}{number}"

    def _order(self, exam: str, status: str, accession: str) -> str:
        day = timezone.now() - timedelta(days=1)
        number = f"CONF{self.run}{accession}"
        return f"OBR|1|{number}|{number}|{exam}|||{day:%Y%m%d}090000{'|' * 15}{_now()}|||{status}"

    def _write(self, kind: str, number: str, *segments: str, first: str = "") -> bytes:
        """`first` is the segment before PID."""
        patient = f"PID|1||CONF{self.run}^^^CONFORM^MR||Sample-Conform^Testa||19700201|F"
        return self._join([self._header(kind, number), *([first] if first else []), patient, *segments])

    def _header(self, kind: str, number: str) -> str:
        application, facility = self.sender
        control_id = self.control_id(number)
        return f"MSH|^~\\&|{application}|{facility}|RECALLDESK|CLINIC|{_now()}||{kind}|{control_id}|P|2.5.1"

    def _join(self, segments: Sequence[str]) -> bytes:
        return "".join(f"{segment}\r" for segment in segments).encode()


def _now() -> str:
    now: datetime = timezone.now()
    return f"{now:%Y%m%d%H%M%S}+0000"

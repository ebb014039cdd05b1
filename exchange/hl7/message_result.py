"""What became of one HL7 message."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clinic.models import Site
from exchange.models import Hl7Message
from patients.models import Patient
from recalls.enums import Assessment
from recalls.models import Recall, ScreeningExam


@dataclass(frozen=True, slots=True)
class ReportMark:
    """Which exam a report of the breast is about, and whether it is final or a preliminary 4 or 5.

    `said_at` is when the report says that it was written, None where it does not.
    """

    site: Site
    accession: str
    said_at: datetime | None
    is_final: bool = False
    preliminary: Assessment | None = None


@dataclass(frozen=True, slots=True)
class MessageResult:
    """What to store on the row of a message: `reason` is a plain sentence without what stood in the message.

    `field` is the field at fault ("PID-7", "OBX[2]-5" for the second OBX), "" for the whole message. `proposal` is what
    a person may accept as it stands, by name of a column of `exchange/schema.py`.
    """

    state: Hl7Message.State
    reason: str = ""
    field: str = ""
    site: Site | None = None
    patient: Patient | None = None
    exam: ScreeningExam | None = None
    recall: Recall | None = None
    proposal: dict[str, Any] | None = None
    mark: ReportMark | None = None


def parked(reason: str, field: str = "", **facts: Any) -> MessageResult:
    return MessageResult(Hl7Message.State.PARKED, reason, field, **facts)


def ignored(reason: str, **facts: Any) -> MessageResult:
    return MessageResult(Hl7Message.State.IGNORED, reason, **facts)

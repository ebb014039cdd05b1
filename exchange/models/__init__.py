"""Models of what comes in from other systems."""

from exchange.models.cancers import ParkedCancer
from exchange.models.hl7 import Hl7Message
from exchange.models.hl7_appointment import Hl7Appointment
from exchange.models.hl7_awaited_final import Hl7AwaitedFinal
from exchange.models.hl7_outbound import Hl7Peer, Hl7StatusMessage, StatusKind
from exchange.models.hl7_sender import (
    AppointmentEvent,
    Hl7Sender,
    Hl7SenderVersion,
    ObservationMeaning,
    ReportStatus,
)
from exchange.models.mends import Hl7MessageMend, RowMend
from exchange.models.results import IntakeRules, ParkedRow, ReaderName, ResultFile, ResultUpload

__all__ = [
    "AppointmentEvent",
    "Hl7Appointment",
    "Hl7AwaitedFinal",
    "Hl7Message",
    "Hl7MessageMend",
    "Hl7Peer",
    "Hl7Sender",
    "Hl7SenderVersion",
    "Hl7StatusMessage",
    "IntakeRules",
    "ObservationMeaning",
    "ParkedCancer",
    "ParkedRow",
    "ReaderName",
    "ReportStatus",
    "ResultFile",
    "ResultUpload",
    "RowMend",
    "StatusKind",
]

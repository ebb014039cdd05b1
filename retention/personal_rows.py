"""Names what is removed of an exam and of a person: sealed rows, whose seals are kept, and rows that nothing seals.

What each sealed table loses stands beside its columns (`PERSONAL_COLUMNS`). Dates, codes, results, states and the
numbers of rows stay: the audit and the history need them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from exchange.models import Hl7AwaitedFinal, Hl7Message, Hl7MessageMend, ParkedCancer, RowMend
from notifications.models import BatchLetter, EducationSeries, LaySummaryCopy, LaySummaryEvent, RenderedMessage
from patients.models import (
    AddressFault,
    Consent,
    ContactPlan,
    ContactPoint,
    NumberCode,
    PatientChange,
    PatientLink,
    ResultWish,
    SearchTerm,
    TabletHandover,
)
from recalls.models import (
    Appointment,
    Barrier,
    BarrierHelp,
    CallPreference,
    CancerDiagnosis,
    Concordance,
    ContactAttempt,
    Outcome,
    OutsideReport,
    PathologyResult,
    Recall,
    RecallEvent,
    Refusal,
    ResultDisclosure,
    ScreeningExam,
    SignOffRequest,
    SupersededReading,
    SupplementalScreening,
    VisitWish,
    WorkItem,
)
from reports.models import CaseReview

REMOVED = "-"

# How a sealed row leads to its exam.
SEALED_OF_EXAM: dict[type[Model], str] = {
    ScreeningExam: "pk",
    Recall: "exam",
    SupersededReading: "exam",
    RecallEvent: "recall__exam",
    ContactAttempt: "recall__exam",
    Outcome: "recall__exam",
    ResultDisclosure: "recall__exam",
    Refusal: "recall__exam",
    Barrier: "recall__exam",
    BarrierHelp: "barrier__recall__exam",
    OutsideReport: "recall__exam",
    PathologyResult: "recall__exam",
    Concordance: "recall__exam",
    RenderedMessage: "notification__recall__exam",
    LaySummaryEvent: "summary__exam",
    RowMend: "row__exam",
    CaseReview: "exam",
}
# How a sealed row leads to its person.
SEALED_OF_PERSON: dict[type[Model], str] = {
    PatientChange: "patient",
    Consent: "patient",
    CancerDiagnosis: "patient",
}


@dataclass(frozen=True, slots=True)
class Emptied:
    """Rows that nothing seals, how they lead to the exam or person, and what they say afterwards."""

    model: type[Model]
    path: str
    values: dict[str, Any] = field(default_factory=dict)


_HL7: dict[str, Any] = {"raw": b"", "mended": None, "proposal": None, "accepted": None, "note": ""}
EMPTIED_OF_EXAM = (
    Emptied(Appointment, "recall__exam", {"time_reason": ""}),
    Emptied(WorkItem, "recall__exam", {"reason": REMOVED}),
    Emptied(SignOffRequest, "recall__exam", {"note": "", "details": {}}),
    Emptied(SupplementalScreening, "exam", {"note": ""}),
    Emptied(LaySummaryCopy, "summary__exam", {"address": REMOVED, "letter": {}, "text": ""}),
    Emptied(EducationSeries, "recall__exam", {"address": ""}),
    Emptied(BatchLetter, "notification__recall__exam", {"tracking_number": ""}),
    Emptied(Hl7AwaitedFinal, "message__exam", {"accession": ""}),
    Emptied(Hl7MessageMend, "message__exam", {"body": b""}),
    Emptied(Hl7Message, "exam", _HL7),
)
EMPTIED_OF_PERSON = (
    Emptied(WorkItem, "patient", {"reason": REMOVED}),
    Emptied(Hl7MessageMend, "message__patient", {"body": b""}),
    Emptied(Hl7Message, "patient", _HL7),
    Emptied(ParkedCancer, "diagnosis__patient", {"raw": {}, "problems": [], "note": ""}),
)
# Of no use without the person.
DELETED_OF_PERSON: dict[type[Model], str] = {
    ContactPoint: "patient",
    AddressFault: "patient",
    ResultWish: "patient",
    ContactPlan: "patient",
    NumberCode: "patient",
    TabletHandover: "patient",
    CallPreference: "patient",
    VisitWish: "patient",
    PatientLink: "patient",
    SearchTerm: "record",
}

# By the number of the record: the year of birth stays, for the audit counts by age.
PATIENT_VALUES: dict[str, Callable[[Any], Any]] = {
    "mrn": lambda patient: f"{REMOVED}{patient.pk}",
    "family_name": lambda _patient: REMOVED,
    **dict.fromkeys(
        (
            "given_name",
            "middle_name",
            "preferred_name",
            "address_line",
            "city",
            "postal_code",
            "mobility",
            "race",
            "ethnicity",
            "insurance",
        ),
        lambda _patient: "",
    ),
    "distance_miles": lambda _patient: None,
    "birth_date": lambda patient: patient.birth_date.replace(month=1, day=1),
    "deceased_on": lambda patient: patient.deceased_on and patient.deceased_on.replace(month=1, day=1),
}

"""Models of recalls, one module per subject."""

from recalls.models.appointments import Appointment, ContactAttempt
from recalls.models.call_preference import CallPreference
from recalls.models.exams import Finding, ScreeningExam, SupersededReading
from recalls.models.outcomes import Concordance, Outcome, OutcomeRelease, OutcomeRetraction, PathologyResult
from recalls.models.recall import Recall, RecallEvent
from recalls.models.recall_claim import RecallClaim
from recalls.models.rooms import MAX_VISIT_MINUTES, Room, RoomHours, VisitLength
from recalls.models.saved_view import SavedView
from recalls.models.work_item import WorkItem

__all__ = [
    "MAX_VISIT_MINUTES",
    "Appointment",
    "CallPreference",
    "Concordance",
    "ContactAttempt",
    "Finding",
    "Outcome",
    "OutcomeRelease",
    "OutcomeRetraction",
    "PathologyResult",
    "Recall",
    "RecallClaim",
    "RecallEvent",
    "Room",
    "RoomHours",
    "SavedView",
    "ScreeningExam",
    "SupersededReading",
    "VisitLength",
    "WorkItem",
]

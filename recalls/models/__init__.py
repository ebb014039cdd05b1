"""Everything the database knows about recalls; one file per subject, imported from here."""

from recalls.models.claims import RecallClaim
from recalls.models.exams import Finding, ScreeningExam, SupersededReading
from recalls.models.readings import (
    Concordance,
    Outcome,
    OutcomeRelease,
    OutcomeTakenBack,
    PathologyResult,
)
from recalls.models.recall import Recall, RecallEvent
from recalls.models.rooms import LONGEST_VISIT, Room, RoomHours, VisitLength
from recalls.models.views import SavedView
from recalls.models.visits import Appointment, ContactAttempt
from recalls.models.wishes import CallWish
from recalls.models.work import WorkItem

__all__ = [
    "LONGEST_VISIT",
    "Appointment",
    "CallWish",
    "Concordance",
    "ContactAttempt",
    "Finding",
    "Outcome",
    "OutcomeRelease",
    "OutcomeTakenBack",
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

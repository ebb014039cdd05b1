"""Models of recalls, one module per subject."""

from recalls.models.appointments import Appointment, ContactAttempt, VisitPart
from recalls.models.barriers.barrier import Barrier, BarrierHelp
from recalls.models.barriers.navigator_case import (
    MOST_MINUTES,
    MOST_OPEN_CASES,
    CaseMinutes,
    NavigationPolicy,
    NavigatorCase,
)
from recalls.models.barriers.resource import BarrierResource
from recalls.models.call_preference import CallPreference, VisitWish, describe_visit_wish
from recalls.models.disclosures import (
    DisclosureRetraction,
    Referral,
    ReferralRetraction,
    Refusal,
    ResultDisclosure,
)
from recalls.models.exams import Finding, ScreeningExam, SupersededReading
from recalls.models.forecasts.lane import LaneDay, LanePolicy, LaneTime
from recalls.models.forecasts.no_show import NoShowFit, ReminderCallPolicy
from recalls.models.imaging_order import ImagingOrder
from recalls.models.lesions import Biopsy, BiopsyRetraction, Lesion, LesionAssessment
from recalls.models.outcomes import Outcome, OutcomeRelease, OutcomeRetraction
from recalls.models.outside_reports import OutsideReport, OutsideReportRetraction, ReportRequest
from recalls.models.pathology import CancerDiagnosis, Concordance, PathologyResult
from recalls.models.recall import Recall, RecallEvent
from recalls.models.recall_claim import RecallClaim
from recalls.models.recall_facts import CONTACT_FLAGS, CountLine, RecallFacts
from recalls.models.room_hold import HeldSlot, RoomHold
from recalls.models.rooms import MAX_VISIT_MINUTES, Room, RoomHours, RoomStop, SlotPolicy, VisitLength
from recalls.models.saved_view import SavedView
from recalls.models.sign_off_request import SignOffRequest
from recalls.models.supplemental import SupplementalScreening
from recalls.models.trials import Trial, TrialEnd, TrialPlace, TrialResult, TrialStart
from recalls.models.waiting_list import EarlierOffer, FreedTime, WaitingListEntry
from recalls.models.work_item import WorkItem

__all__ = [
    "CONTACT_FLAGS",
    "MAX_VISIT_MINUTES",
    "MOST_MINUTES",
    "MOST_OPEN_CASES",
    "Appointment",
    "Barrier",
    "BarrierHelp",
    "BarrierResource",
    "Biopsy",
    "BiopsyRetraction",
    "CallPreference",
    "CancerDiagnosis",
    "CaseMinutes",
    "Concordance",
    "ContactAttempt",
    "CountLine",
    "DisclosureRetraction",
    "EarlierOffer",
    "Finding",
    "FreedTime",
    "HeldSlot",
    "ImagingOrder",
    "LaneDay",
    "LanePolicy",
    "LaneTime",
    "Lesion",
    "LesionAssessment",
    "NavigationPolicy",
    "NavigatorCase",
    "NoShowFit",
    "Outcome",
    "OutcomeRelease",
    "OutcomeRetraction",
    "OutsideReport",
    "OutsideReportRetraction",
    "PathologyResult",
    "Recall",
    "RecallClaim",
    "RecallEvent",
    "RecallFacts",
    "Referral",
    "ReferralRetraction",
    "Refusal",
    "ReminderCallPolicy",
    "ReportRequest",
    "ResultDisclosure",
    "Room",
    "RoomHold",
    "RoomHours",
    "RoomStop",
    "SavedView",
    "ScreeningExam",
    "SignOffRequest",
    "SlotPolicy",
    "SupersededReading",
    "SupplementalScreening",
    "Trial",
    "TrialEnd",
    "TrialPlace",
    "TrialResult",
    "TrialStart",
    "VisitLength",
    "VisitPart",
    "VisitWish",
    "WaitingListEntry",
    "WorkItem",
    "describe_visit_wish",
]

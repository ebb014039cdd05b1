"""Enumerations of the clinic's terms: states, reasons, assessments and results, each with its label."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.contact_ladder import ContactChannel as ContactChannel


class State(models.TextChoices):
    """Where a recall stands; the order is the order of the way through."""

    AWAITING_PRIORS = "awaiting_priors", _("Awaiting prior images")
    TO_CONTACT = "to_contact", _("To contact")
    SCHEDULED = "scheduled", _("Visit booked")
    AWAITING_OUTCOME = "awaiting_outcome", _("Awaiting outcome")
    FOLLOW_UP = "follow_up", _("Short-interval follow-up")
    BIOPSY_TO_BOOK = "biopsy_to_book", _("Biopsy to book")
    BIOPSY_BOOKED = "biopsy_booked", _("Biopsy booked")
    AWAITING_PATHOLOGY = "awaiting_pathology", _("Awaiting pathology")
    AWAITING_CONCORDANCE = "awaiting_concordance", _("Awaiting concordance")
    ON_HOLD = "on_hold", _("On hold")
    CLOSED = "closed", _("Closed")


OPEN_STATES = tuple(state for state in State if state != State.CLOSED)
# In these states an appointment is booked.
BOOKED_STATES = (State.SCHEDULED, State.BIOPSY_BOOKED)


class ClosureReason(models.TextChoices):
    NORMAL = "normal", _("Normal")
    BENIGN = "benign", _("Benign")
    RESOLVED_BY_PRIORS = "resolved_by_priors", _("Resolved by prior images")
    BENIGN_CONCORDANT = "benign_concordant", _("Biopsy benign and concordant")
    HIGH_RISK_REFERRED = "high_risk_referred", _("High-risk result, referred")
    CANCER_HANDED_OVER = "cancer_handed_over", _("Cancer, handed over to treatment")
    DECLINED = "declined", _("Declined by the patient")
    LOST_TO_FOLLOW_UP = "lost_to_follow_up", _("Lost to follow-up")
    TRANSFERRED = "transferred", _("Transferred to another clinic")
    DECEASED = "deceased", _("Deceased")
    VOID = "void", _("Void: no recall after all")


class Assessment(models.TextChoices):
    """The nine final wordings of 21 CFR 900.12(c)(1)(iv), with BI-RADS numbers and the three kinds of 4."""

    NEED_IMAGING = "0-AI", _("0: Incomplete, need additional imaging evaluation")
    NEED_PRIORS = "0-PRIOR", _("0: Incomplete, need prior mammograms for comparison")
    NEGATIVE = "1", _("1: Negative")
    BENIGN = "2", _("2: Benign")
    PROBABLY_BENIGN = "3", _("3: Probably benign")
    SUSPICIOUS = "4", _("4: Suspicious")
    SUSPICIOUS_A = "4A", _("4A: Suspicious, low suspicion")
    SUSPICIOUS_B = "4B", _("4B: Suspicious, moderate suspicion")
    SUSPICIOUS_C = "4C", _("4C: Suspicious, high suspicion")
    HIGHLY_SUGGESTIVE = "5", _("5: Highly suggestive of malignancy")
    KNOWN_MALIGNANCY = "6", _("6: Known biopsy-proven malignancy")
    POST_PROCEDURE = "MP", _("Post-procedure mammogram for marker placement")


SUSPICIOUS_ASSESSMENTS = frozenset(
    {
        Assessment.SUSPICIOUS,
        Assessment.SUSPICIOUS_A,
        Assessment.SUSPICIOUS_B,
        Assessment.SUSPICIOUS_C,
        Assessment.HIGHLY_SUGGESTIVE,
    }
)
# After these results the patient is written to when the outcome is released; a suspicious one is told by voice.
WRITTEN_RESULT_ASSESSMENTS = frozenset({Assessment.NEGATIVE, Assessment.BENIGN, Assessment.PROBABLY_BENIGN})
RECALL_ASSESSMENTS = (
    frozenset({Assessment.NEED_IMAGING, Assessment.NEED_PRIORS, Assessment.PROBABLY_BENIGN}) | SUSPICIOUS_ASSESSMENTS
)


class Density(models.TextChoices):
    A = "a", _("a: almost entirely fatty")
    B = "b", _("b: scattered fibroglandular")
    C = "c", _("c: heterogeneously dense")
    D = "d", _("d: extremely dense")


class RecallKind(models.TextChoices):
    FINDING = "finding", _("Finding on the images")
    TECHNICAL = "technical", _("Technical repeat")
    CLINICAL = "clinical", _("Symptom reported at screening")


class FindingKind(models.TextChoices):
    MASS = "mass", _("Mass")
    CALCIFICATIONS = "calcifications", _("Calcifications")
    ASYMMETRY = "asymmetry", _("Asymmetry")
    FOCAL_ASYMMETRY = "focal_asymmetry", _("Focal asymmetry")
    GLOBAL_ASYMMETRY = "global_asymmetry", _("Global asymmetry")
    DEVELOPING_ASYMMETRY = "developing_asymmetry", _("Developing asymmetry")
    ARCHITECTURAL_DISTORTION = "architectural_distortion", _("Architectural distortion")
    LYMPH_NODE = "lymph_node", _("Lymph node")
    SKIN = "skin", _("Skin")
    NIPPLE = "nipple", _("Nipple")
    DUCT = "duct", _("Duct")
    DENSITY = "density", _("Dense tissue")
    TECHNICAL = "technical", _("Technical")
    SYMPTOM = "symptom", _("Symptom")
    OTHER = "other", _("Other")


class Side(models.TextChoices):
    RIGHT = "right", _("Right")
    LEFT = "left", _("Left")
    BOTH = "both", _("Both")


class VisitKind(models.TextChoices):
    DIAGNOSTIC = "diagnostic", _("Diagnostic mammogram")
    DIAGNOSTIC_ULTRASOUND = "diagnostic_us", _("Diagnostic mammogram and ultrasound")
    ULTRASOUND = "ultrasound", _("Ultrasound")
    MRI = "mri", _("MRI")
    REPEAT_VIEW = "repeat_view", _("Repeat of one view")
    FOLLOW_UP = "follow_up", _("Short-interval follow-up")
    BIOPSY = "biopsy", _("Biopsy")


class Modality(models.TextChoices):
    """What a room is for."""

    MAMMOGRAPHY = "mammography", _("Mammography")
    ULTRASOUND = "ultrasound", _("Ultrasound")
    MRI = "mri", _("MRI")
    BIOPSY = "biopsy", _("Biopsy")


# In which kind of room a visit takes place; an ultrasound that follows the pictures is done from the same booking.
MODALITY_BY_VISIT_KIND: dict[VisitKind, Modality] = dict.fromkeys(VisitKind, Modality.MAMMOGRAPHY) | {
    VisitKind.ULTRASOUND: Modality.ULTRASOUND,
    VisitKind.MRI: Modality.MRI,
    VisitKind.BIOPSY: Modality.BIOPSY,
}


class DurationComponent(models.TextChoices):
    """What a visit's length is made of: its kind, and what makes it longer."""

    DIAGNOSTIC = VisitKind.DIAGNOSTIC.value, VisitKind.DIAGNOSTIC.label
    DIAGNOSTIC_ULTRASOUND = VisitKind.DIAGNOSTIC_ULTRASOUND.value, VisitKind.DIAGNOSTIC_ULTRASOUND.label
    ULTRASOUND = VisitKind.ULTRASOUND.value, VisitKind.ULTRASOUND.label
    MRI = VisitKind.MRI.value, VisitKind.MRI.label
    REPEAT_VIEW = VisitKind.REPEAT_VIEW.value, VisitKind.REPEAT_VIEW.label
    FOLLOW_UP = VisitKind.FOLLOW_UP.value, VisitKind.FOLLOW_UP.label
    BIOPSY = VisitKind.BIOPSY.value, VisitKind.BIOPSY.label
    INTERPRETER = "interpreter", _("added for an interpreter")
    IMPLANTS = "implants", _("added for implants")


class AppointmentStatus(models.TextChoices):
    BOOKED = "booked", _("Booked")
    CONFIRMED = "confirmed", _("Confirmed")
    ATTENDED = "attended", _("Attended")
    MISSED = "missed", _("Missed")
    CANCELLED = "cancelled", _("Cancelled")
    # Booked by mistake and undone within seconds: it never was.
    ENTERED_IN_ERROR = "taken_back", _("Taken back")


ACTIVE_APPOINTMENT_STATUSES = (AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED)
# A visit that began early still has its room until it ends.
ROOM_OCCUPYING_STATUSES = (*ACTIVE_APPOINTMENT_STATUSES, AppointmentStatus.ATTENDED)


class ContactResult(models.TextChoices):
    REACHED_WILL_BOOK = "reached_will_book", _("Reached, ready to book")
    REACHED_CALLS_BACK = "reached_calls_back", _("Reached, calls back")
    LEFT_MESSAGE = "left_message", _("Left message")
    NO_ANSWER = "no_answer", _("No answer")
    WRONG_NUMBER = "wrong_number", _("Wrong number")
    REFUSED = "refused", _("Said no")
    THIRD_PERSON = "third_person", _("Spoke to another person")
    NEEDS_INTERPRETER = "language", _("Needs an interpreter")
    SENT = "sent", _("Sent")
    DONE = "done", _("Done")


class PartOfDay(models.TextChoices):
    """When to ring."""

    MORNING = "morning", _("in the morning")
    AFTERNOON = "afternoon", _("in the afternoon")
    EVENING = "evening", _("after 5 pm")


class PathologyClass(models.TextChoices):
    BENIGN = "benign", _("Benign")
    HIGH_RISK = "high_risk", _("High-risk lesion")
    IN_SITU = "in_situ", _("Malignant, in situ")
    INVASIVE = "invasive", _("Malignant, invasive")
    INSUFFICIENT = "insufficient", _("Insufficient sample")


class ConcordanceVerdict(models.TextChoices):
    CONCORDANT_BENIGN = "concordant_benign", _("Concordant benign")
    DISCORDANT = "discordant", _("Discordant: does not explain the imaging finding")
    INSUFFICIENT = "insufficient", _("Insufficient sample")
    HIGH_RISK = "high_risk", _("High-risk, surgical consult")
    MALIGNANT = "malignant", _("Malignant")


class WorkItemKind(models.TextChoices):
    VERIFY_CONTACT = "verify_contact", _("Check phone or email")
    UNDELIVERABLE_MESSAGE = "tell_otherwise", _("Call or write: no message could be sent")
    PRINT_LETTER = "print_letter", _("Print and post a letter")
    CALL_DELIVERY_FAILED = (
        "call_delivery_failed",
        _("Call the patient: a message did not arrive"),
    )
    INTERPRETER = "interpreter", _("Book an interpreter")
    MERGE_CONFLICT = "merge_conflict", _("Two records meet: decide which stands")
    CORRECTED_RESULT = "corrected_result", _("The result was corrected: look again")
    PATIENT_REQUEST = "patient_asked", _("Request on the patient's page: call the patient")
    LINK_LOCKED = "link_locked", _("The link is locked: call the patient and send a new one")

"""Enumerations of the clinic's terms: states, reasons, assessments and results, each with its label."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.birads import BiradsEdition as BiradsEdition
from clinic.contact_ladder import ContactChannel as ContactChannel
from recalls.lesion_enums import MALIGNANT_CLASSES as MALIGNANT_CLASSES
from recalls.lesion_enums import ConcordanceVerdict as ConcordanceVerdict
from recalls.lesion_enums import PathologyClass as PathologyClass


class State(models.TextChoices):
    """Where a recall stands; the order is the order of the way through."""

    AWAITING_PRIORS = "awaiting_priors", _("Awaiting prior images")
    TO_CONTACT = "to_contact", _("To contact")
    SCHEDULED = "scheduled", _("Visit booked")
    AWAITING_OUTCOME = "awaiting_outcome", _("Awaiting outcome")
    RESULT_TO_TELL = "result_to_tell", _("Result to tell")
    FOLLOW_UP = "follow_up", _("Short-interval follow-up")
    BIOPSY_TO_BOOK = "biopsy_to_book", _("Biopsy to book")
    BIOPSY_BOOKED = "biopsy_booked", _("Biopsy booked")
    AWAITING_PATHOLOGY = "awaiting_pathology", _("Awaiting pathology")
    AWAITING_CONCORDANCE = "awaiting_concordance", _("Awaiting concordance")
    TO_HAND_OVER = "to_hand_over", _("Referral to arrange")
    ON_HOLD = "on_hold", _("On hold")
    CLOSED = "closed", _("Closed")


OPEN_STATES = tuple(state for state in State if state != State.CLOSED)
# In these states an appointment is booked.
BOOKED_STATES = (State.SCHEDULED, State.BIOPSY_BOOKED)
# A result is signed, told or handed over while an appointment for something else may stay booked.
STATES_KEEPING_APPOINTMENT = (State.AWAITING_CONCORDANCE, State.RESULT_TO_TELL, State.TO_HAND_OVER)
# Images or tissue have been taken and nobody has read, signed or told the result yet.
UNREAD_RESULT_STATES = (
    State.AWAITING_OUTCOME,
    State.AWAITING_PATHOLOGY,
    State.AWAITING_CONCORDANCE,
    State.RESULT_TO_TELL,
    State.TO_HAND_OVER,
)
# A person tries to reach the patient, by the contact ladder.
LADDER_STATES = (State.TO_CONTACT, State.RESULT_TO_TELL, State.BIOPSY_TO_BOOK)


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


# After these endings the patient has no answer from this clinic, and may come back at any time.
CLOSED_WITHOUT_ANSWER = frozenset({ClosureReason.DECLINED, ClosureReason.LOST_TO_FOLLOW_UP, ClosureReason.TRANSFERRED})


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
# Told on the day of the result: cancer is more likely than not (BI-RADS 4C: more than 50 of 100).
SAME_DAY_ASSESSMENTS = frozenset({Assessment.SUSPICIOUS_C, Assessment.HIGHLY_SUGGESTIVE})
# These may be told in writing when the outcome is released; any other is told by voice.
WRITTEN_RESULT_ASSESSMENTS = frozenset({Assessment.NEGATIVE, Assessment.BENIGN, Assessment.PROBABLY_BENIGN})
RECALL_ASSESSMENTS = (
    frozenset({Assessment.NEED_IMAGING, Assessment.NEED_PRIORS, Assessment.PROBABLY_BENIGN}) | SUSPICIOUS_ASSESSMENTS
)


class Density(models.TextChoices):
    A = "a", _("a: almost entirely fatty")
    B = "b", _("b: scattered fibroglandular")
    C = "c", _("c: heterogeneously dense")
    D = "d", _("d: extremely dense")


class ScreeningModality(models.TextChoices):
    """What the screening was made with."""

    MAMMOGRAM_2D = "2d", _("Digital mammogram (2D)")
    TOMOSYNTHESIS = "3d", _("Tomosynthesis (3D)")
    MRI = "mri", _("MRI")
    ULTRASOUND = "ultrasound", _("Ultrasound")


class RecallKind(models.TextChoices):
    FINDING = "finding", _("Finding on the images")
    TECHNICAL = "technical", _("Technical repeat")
    CLINICAL = "clinical", _("Symptom reported at screening")
    # The screening itself was negative: such a recall counts in no figure about the screening reader's recalls.
    SUPPLEMENTAL = "supplement", _("Result of a supplemental test")
    # Seen on an exam of another part of the body: no screening exam, and in no figure about screening.
    INCIDENTAL = "incidental", _("Finding on another exam")


class OrderedImaging(models.TextChoices):
    """What a report recommends to be done."""

    MAMMOGRAM = "mammogram", _("Diagnostic mammogram")
    ULTRASOUND = "ultrasound", _("Breast ultrasound")
    MAMMOGRAM_ULTRASOUND = "mammo_us", _("Diagnostic mammogram and ultrasound")
    MRI = "mri", _("Breast MRI")
    BIOPSY = "biopsy", _("Biopsy")


class ActionableCategory(models.TextChoices):
    """How soon a finding asks for action, by the RadLex codes of IHE Results Distribution."""

    MINUTES = "RID49480", _("within minutes")
    HOURS = "RID49481", _("within hours")
    DAYS = "RID49482", _("within days to months")


class SupplementalTest(models.TextChoices):
    """What is advised beside mammography for dense tissue."""

    ULTRASOUND = "ultrasound", _("Supplemental ultrasound")
    MRI = "mri", _("Supplemental MRI")
    CEM = "cem", _("Supplemental contrast mammography")


class SupplementalStatus(models.TextChoices):
    ADVISED = "advised", _("Advised")
    DONE = "done", _("Done")
    DECLINED = "declined", _("Declined by the patient")
    WITHDRAWN = "withdrawn", _("No longer advised")


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
    CEM = "cem", _("Contrast mammography")
    REPEAT_VIEW = "repeat_view", _("Repeat of one view")
    FOLLOW_UP = "follow_up", _("Short-interval follow-up")
    # Fluid is drawn off and nothing goes to pathology as a rule: it is booked like an imaging visit, not as a biopsy.
    ASPIRATION = "aspiration", _("Cyst aspiration")
    CLINICAL_EXAM = "clinical_exam", _("Clinical exam")
    SURGICAL_CONSULT = "surgical_consult", _("Surgical consult")
    BIOPSY = "biopsy", _("Biopsy")


# No images are made at these visits: what is said of a visit with images would be false.
VISITS_WITHOUT_IMAGES = frozenset({VisitKind.CLINICAL_EXAM, VisitKind.SURGICAL_CONSULT})


class Modality(models.TextChoices):
    """What a room is for."""

    MAMMOGRAPHY = "mammography", _("Mammography")
    ULTRASOUND = "ultrasound", _("Ultrasound")
    MRI = "mri", _("MRI")
    CEM = "cem", _("Contrast mammography")
    CONSULTING = "consulting", _("Consultation and clinical exam")
    BIOPSY = "biopsy", _("Biopsy")


# In which kind of room a visit takes place; an ultrasound that follows the pictures is done from the same booking.
MODALITY_BY_VISIT_KIND: dict[VisitKind, Modality] = dict.fromkeys(VisitKind, Modality.MAMMOGRAPHY) | {
    VisitKind.ULTRASOUND: Modality.ULTRASOUND,
    VisitKind.MRI: Modality.MRI,
    VisitKind.CEM: Modality.CEM,
    VisitKind.ASPIRATION: Modality.ULTRASOUND,
    **dict.fromkeys(VISITS_WITHOUT_IMAGES, Modality.CONSULTING),
    VisitKind.BIOPSY: Modality.BIOPSY,
}


class DurationComponent(models.TextChoices):
    """What a visit's length is made of: its kind, and what makes it longer."""

    DIAGNOSTIC = VisitKind.DIAGNOSTIC.value, VisitKind.DIAGNOSTIC.label
    DIAGNOSTIC_ULTRASOUND = VisitKind.DIAGNOSTIC_ULTRASOUND.value, VisitKind.DIAGNOSTIC_ULTRASOUND.label
    ULTRASOUND = VisitKind.ULTRASOUND.value, VisitKind.ULTRASOUND.label
    MRI = VisitKind.MRI.value, VisitKind.MRI.label
    CEM = VisitKind.CEM.value, VisitKind.CEM.label
    REPEAT_VIEW = VisitKind.REPEAT_VIEW.value, VisitKind.REPEAT_VIEW.label
    FOLLOW_UP = VisitKind.FOLLOW_UP.value, VisitKind.FOLLOW_UP.label
    ASPIRATION = VisitKind.ASPIRATION.value, VisitKind.ASPIRATION.label
    CLINICAL_EXAM = VisitKind.CLINICAL_EXAM.value, VisitKind.CLINICAL_EXAM.label
    SURGICAL_CONSULT = VisitKind.SURGICAL_CONSULT.value, VisitKind.SURGICAL_CONSULT.label
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


class HeldSlotEnd(models.TextChoices):
    """Why a time is no longer held for a patient."""

    MOVED_ON = "moved_on", _("the visit was booked, or the recall moved on")
    LAPSED = "lapsed", _("nobody took it in time")
    YIELDED = "yielded", _("a patient with a more urgent result was given it")
    CLOSED = "closed", _("the clinic or the room is closed then")
    CHANGED = "changed", _("the result or the record changed")


class LaneEnd(models.TextChoices):
    """Why a time is no longer kept for the same-day lane before it has come."""

    TAKEN = "taken", _("taken on the day of the screening")
    GIVEN = "given", _("given to a result of 4 or 5, or booked over")
    WITHDRAWN = "withdrawn", _("fewer are expected, or the clinic is closed then")


class LaneAnswer(models.TextChoices):
    """Why a patient who was recalled on the day of the screening has no visit on that day."""

    DECLINED = "declined", _("the patient prefers another day")
    LEFT = "left", _("the patient has left")


class OfferAnswer(models.TextChoices):
    """What came of the offer of an earlier time."""

    TAKEN = "taken", _("Taken")
    PHONE = "phone", _("Taken by phone")
    NO = "no", _("Not wanted")
    LOST = "lost", _("Somebody else was faster")
    LAPSED = "lapsed", _("No answer in time")


TAKEN_ANSWERS = frozenset({OfferAnswer.TAKEN, OfferAnswer.PHONE})

# No choice of the patient: another time is held instead.
HELD_AGAIN_AFTER = frozenset({HeldSlotEnd.YIELDED, HeldSlotEnd.CLOSED, HeldSlotEnd.CHANGED})


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


class OutcomeBasis(models.TextChoices):
    """What an outcome rests on."""

    VISIT = "visit", _("Diagnostic visit")
    PRIORS = "priors", _("Prior images")
    OUTSIDE = "outside", _("Work-up elsewhere")


class DisclosureMethod(models.TextChoices):
    """How a patient was told a result."""

    AT_VISIT = "at_visit", _("In person, at the visit")
    IN_PERSON = "in_person", _("In person, another day")
    PHONE = "phone", _("By phone")
    VIDEO = "video", _("By video")
    IN_WRITING = "in_writing", _("In writing")
    REFERRER = "referrer", _("By the referring doctor")
    OUTSIDE = "outside", _("By the clinic that did the test")


class Listener(models.TextChoices):
    """Who was told."""

    PATIENT = "patient", _("The patient")
    PROXY = "proxy", _("The person the patient named")


class OutsideReportKind(models.TextChoices):
    """What was done elsewhere."""

    IMAGING = "imaging", _("Imaging work-up")
    BIOPSY = "biopsy", _("Biopsy")
    SURGERY = "surgery", _("Surgery")
    FIRST_VISIT = "visit", _("First visit at the treatment")


class ReportSource(models.TextChoices):
    """How an outside report reached the clinic."""

    FAX = "fax", _("Fax")
    MAIL = "mail", _("Mail")
    PORTAL = "portal", _("Portal or exchange")
    PHONE = "phone", _("Phone")
    PATIENT = "patient", _("Brought by the patient")


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
    SUPPLEMENTAL_RESULT = "supplemental_result", _("A supplemental test needs more work too: look at both")
    PATIENT_REQUEST = "patient_asked", _("Request on the patient's page: call the patient")
    LINK_LOCKED = "link_locked", _("The link is locked: call the patient and send a new one")
    SEND_REPORT = "send_report", _("No doctor is named: send the report to the patient")
    SUMMARY_DUE = "summary_due", _("Send the lay summary: its time limit is near")
    CLOSED_DAY = "closed_day", _("The clinic is closed then: move the visit")
    DOCTOR_QUESTION = "doctor_question", _("Doctor: call the patient, a question waits")
    STATUS_NOT_TOLD = "status_not_told", _("Tell the other system: a status message failed")
    BARRIER = "barrier", _("Something is in the way: help the patient to come")
    REMINDER_CALL = "reminder_call", _("Call the patient: a visit is near")
    PRIORS_TO_COMPARE = "priors_to_compare", _("Prior images have come: compare them")


class CancelReason(models.TextChoices):
    """Why patients cancel a visit, in their own words; each opens the task that helps."""

    FEAR = "fear", _("I am afraid of it")
    COST = "cost", _("The cost")
    RIDE = "ride", _("I have no ride")
    WORK = "work", _("I cannot leave work")
    CARE = "care", _("I look after somebody")
    ELSEWHERE = "elsewhere", _("I go to another clinic")
    UNWELL = "unwell", _("I do not feel well")
    OTHER = "other", _("Another reason")


class DeclineReason(models.TextChoices):
    """Why patients say no; the list names what a clinic can do something about."""

    COST = "cost", _("The cost")
    TIME_OFF = "time_off", _("Cannot take time off")
    TRANSPORT = "transport", _("No way to get here")
    LANGUAGE = "language", _("Nobody to interpret")
    TOO_LATE = "too_late", _("The appointment was too far off")
    FEAR = "fear", _("Afraid of the test or the result")
    ELSEWHERE = "elsewhere", _("Goes to another clinic")
    NO_NEED = "no_need", _("Sees no need")
    NOT_SAID = "not_said", _("Did not say why")

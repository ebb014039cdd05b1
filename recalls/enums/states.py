"""Says where a recall stands, how it ends and why a patient says no."""

from django.db import models
from django.utils.translation import gettext_lazy as _


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

"""Says what came of an attempt to reach a patient, when to try and what is to be done."""

from django.db import models
from django.utils.translation import gettext_lazy as _


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


class TravelTime(models.IntegerChoices):
    """How long the patient needs to get to the clinic, in minutes, as they told."""

    HALF_AN_HOUR = 30, _("Up to half an hour")
    THREE_QUARTERS = 45, _("About 45 minutes")
    HOUR = 60, _("About an hour")
    HOUR_AND_A_HALF = 90, _("About an hour and a half")
    TWO_HOURS = 120, _("Two hours or more")


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

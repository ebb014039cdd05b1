"""Kinds, channels, states and reasons of notifications, each stored value with its label."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class NotificationKind(models.TextChoices):
    """What a message is about; the value is the name of its file under `notifications/messages/<language>/`."""

    RECALL_NOTICE = "recall_notice", _("Please come back")
    HELD_TIME = "held_time", _("A time is held")
    OTHER_TIMES = "other_times", _("Other times to choose from")
    CANCEL_REASONS = "cancel_reasons", _("Reasons to choose from, to cancel a visit")
    PLEASE_CALL = "please_call", _("Please call us")
    PRIORS_WAIT = "priors_wait", _("Waiting for prior images")
    APPOINTMENT_CONFIRMATION = "appointment_confirmation", _("Visit booked")
    APPOINTMENT_CHANGED = "appointment_changed", _("Visit moved")
    APPOINTMENT_CANCELLED = "appointment_cancelled", _("Visit cancelled")
    APPOINTMENT_REMINDER = "appointment_reminder", _("Visit reminder")
    EARLIER_OFFER = "earlier_offer", _("An earlier time is free")
    EARLIER_TAKEN = "earlier_taken", _("The earlier time is taken")
    MISSED_APPOINTMENT = "missed_appointment", _("Missed visit")
    OUTCOME_NORMAL = "outcome_normal", _("Result: normal")
    OUTCOME_BENIGN = "outcome_benign", _("Result: benign")
    OUTCOME_PROBABLY_BENIGN = "outcome_probably_benign", _("Result: probably benign")
    PLEASE_CALL_RESULTS = "please_call_results", _("Please call us about your visit")
    BIOPSY_CONFIRMATION = "biopsy_confirmation", _("Biopsy booked")
    BIOPSY_REMINDER = "biopsy_reminder", _("Biopsy reminder")
    FOLLOW_UP_DUE = "follow_up_due", _("Short-interval follow-up due")
    NO_VISIT_NEEDED = "no_visit_needed", _("No visit needed")
    RESULT_WITHDRAWN = "result_withdrawn", _("Result corrected: no visit needed")
    SENT_IN_ERROR = "sent_in_error", _("Sent in error: about another patient")
    EDUCATION_CONFIRM = "education_confirm", _("Series about breast health: please confirm")
    EDUCATION = "education", _("Email about breast health")
    LAST_LETTER = "last_letter", _("Last letter, by certified mail")
    REFERRER_NOTICE = "referrer_notice", _("Notice to the referring doctor")


LETTER_KINDS = frozenset({NotificationKind.LAST_LETTER})  # sent as letters only: this one goes by certified mail


# What answers a text message, and is answered by one: never another way.
TEXT_ONLY_KINDS = frozenset({NotificationKind.OTHER_TIMES, NotificationKind.CANCEL_REASONS})


# The series that a patient asked for: by email alone, from a sender of its own, and never about the recall.
EDUCATION_KINDS = frozenset({NotificationKind.EDUCATION_CONFIRM, NotificationKind.EDUCATION})
# Neither news for the patient about their recall nor counted as such.
NOT_ABOUT_CARE_KINDS = EDUCATION_KINDS | {NotificationKind.REFERRER_NOTICE}


# What tells a result in writing: where it does not arrive, a person tells it (`planning.undelivered_results`).
WRITTEN_RESULT_KINDS = frozenset(
    {
        NotificationKind.OUTCOME_NORMAL,
        NotificationKind.OUTCOME_BENIGN,
        NotificationKind.OUTCOME_PROBABLY_BENIGN,
        NotificationKind.NO_VISIT_NEEDED,
    }
)


class Channel(models.TextChoices):
    """How a message is delivered."""

    EMAIL = "email", _("Email")
    SMS = "sms", _("Text message")
    LETTER = "letter", _("Letter")


# The label of an accepted message on each channel.
ACCEPTED_LABEL = {
    Channel.EMAIL: _("Accepted by the mail server"),
    Channel.SMS: _("Accepted by the text message service"),
    Channel.LETTER: _("Printed"),
}


class NotificationState(models.TextChoices):
    """The states of a message; "accepted" by a mail server is not "delivered"."""

    PLANNED = "planned", _("Planned")
    SENDING = "sending", _("Being sent")
    TO_PRINT = "to_print", _("To be printed")
    ACCEPTED = "accepted", _("Accepted by the mail server")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed: not sent")
    BOUNCED = "bounced", _("Came back")
    SUPPRESSED = "suppressed", _("Held back: may not be sent")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired: too late to be of use")


# It did not arrive, and nothing more is done about it by itself.
UNDELIVERED_STATES = (
    NotificationState.FAILED,
    NotificationState.BOUNCED,
    NotificationState.EXPIRED,
    NotificationState.SUPPRESSED,
)


class StatusReason(models.TextChoices):
    """Why a message is in its state, as shown to staff."""

    NO_LONGER_NEEDED = "not_wanted", _("The recall moved on before it left.")
    IN_FLIGHT = "in_flight", _("The recall moved on while it was being sent; it may have arrived.")
    PERSON_CHANGED = (
        "person_changed",
        _("The patient's wish or address changed while it was being sent; it may have arrived at the old one."),
    )
    NO_ADDRESS = "no_address", _("The patient has no email address.")
    ADDRESS_INVALID = "address_invalid", _("The email address is not valid.")
    ADDRESS_WRONG = "address_wrong", _("The email address belongs to somebody else.")
    ADDRESS_BOUNCED = "address_bounced", _("Mail to this address came back.")
    ADDRESS_COMPLAINED = "address_complained", _("The address reported our mail as unwanted.")
    OPTED_OUT = "opted_out", _("The patient does not want email.")
    DECEASED = "deceased", _("The patient has died.")
    DAILY_CAP_REACHED = "enough_today", _("Two messages have reached the patient that day; it leaves the next day.")
    VISIT_DAY_CLOSED = "closed_day", _("The clinic is closed on the day of the visit: it is to be moved.")
    BESIDE_4_OR_5 = "beside_4_or_5", _("Another recall of the patient stands after a 4 or 5: a person tells them.")
    TOO_LATE = "too_late", _("It could not leave in time.")
    TEMPORARY = "temporary", _("The mail server asked us to try again later.")
    UNCERTAIN = "uncertain", _("The connection was lost; it may have arrived and is sent once more.")
    UNCERTAIN_TOO_OFTEN = (
        "unclear",
        _("Three tries ended without an answer; it may have arrived more than once. It is not tried again by itself."),
    )
    RATE_LIMITED = "paced", _("It waits its turn: the patient's mail provider is sent only so many a minute.")
    REFUSED = "refused", _("The mail server refused it.")
    BOUNCED = "came_back", _("The receiving mail system gave it back.")
    RETRIES_EXHAUSTED = "gave_up", _("It could not be handed over for three days.")
    STOPPED = "stopped", _("Somebody at the clinic stopped it.")
    NOT_REVIEWED = "not_reviewed", _("Its text has no reviewer yet, and the site sends only reviewed texts.")
    REQUIRED_FACT_MISSING = "fact_missing", _("A fact that the rule asks for is missing: see the task.")
    NO_POSTAL_ADDRESS = "no_postal", _("It must go by post, and the patient's postal address is not known.")
    NOT_RENDERED = "not_rendered", _("The message could not be written; its text or facts need mending.")
    NOT_SETTABLE = (
        "not_settable",
        _("The name or address has a character that letters cannot print: write it in the letters of English."),
    )
    RECALL_VOIDED = "recall_void", _("The recall was voided: is this the patient's exam, and is its result right?")
    LETTER_RETURNED = "returned", _("The letter came back, and no other postal address is known since.")
    READING_REPLACED = "replaced", _("A newer reading took its place before it left.")
    READING_WITHDRAWN = "withdrawn", _("The reading was taken back.")
    NOT_OWED = "not_owed", _("Somebody at the clinic decided that it is not owed.")


class SummaryState(models.TextChoices):
    """The states of a lay summary; "sent" is proven: somebody posted it, or a mail server took it."""

    OWED = "owed", _("Owed: waits for its day, the printer or the mail server")
    HELD = "held", _("Held back: may not be sent as it is")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    REPLACED = "replaced", _("Replaced before it left")
    CLOSED = "closed", _("Not owed any more")


UNSENT_SUMMARY_STATES = (SummaryState.OWED, SummaryState.HELD, SummaryState.SENDING)


class SummaryEventKind(models.TextChoices):
    """What became of a lay summary, as its history says it."""

    POSTED = "posted", _("Printed and posted")
    EMAILED = "emailed", _("Accepted by the mail server")
    EMAIL_UNCERTAIN = "uncertain", _("No answer of the mail server: it may have arrived")
    EMAIL_FAILED = "email_failed", _("Refused by the mail server")
    EMAIL_BOUNCED = "bounced", _("The email came back")
    EMAIL_COMPLAINED = "complained", _("Reported as unwanted")
    EMAIL_DELIVERED = "delivered", _("The email was delivered")
    RETURNED = "returned", _("The letter came back")
    GIVEN = "given", _("Given to the patient by hand")
    NOT_OWED = "not_owed", _("Closed: not owed")


class ManualAction(models.TextChoices):
    """What a person did about a message."""

    STOPPED = "stopped", _("Stopped")
    SENT_AGAIN = "again", _("Sent again")
    SENT_NOW = "now", _("Sent by hand")


class AttemptResult(models.TextChoices):
    """The result of one delivery attempt."""

    ACCEPTED = "accepted", _("Accepted by the mail server")
    TRANSIENT = "transient", _("Not now, tried again later")
    PERMANENT = "permanent", _("Refused")
    CONNECTION_FAILED = "connection", _("The mail server hung up before taking it")
    UNCERTAIN = "uncertain", _("No answer: it may have arrived")

"""Names what may keep a patient from coming, who said so, what came of it, and why a navigator has a case."""

from django.db import models
from django.utils.translation import gettext_lazy as _

MANY_CALLS = 3  # calls of one contact ladder after which a patient counts as hard to reach


class BarrierKind(models.TextChoices):
    """What keeps a patient from coming."""

    COST = "cost", _("Cost")
    RIDE = "ride", _("No ride")
    WORK = "work", _("Cannot leave work")
    FEAR = "fear", _("Fear of the test or the result")
    LANGUAGE = "language", _("Nobody to interpret")
    CARE = "care", _("Looks after somebody")
    EXPERIENCE = "experience", _("A bad experience before")


class BarrierSource(models.TextChoices):
    """Who said it, and where."""

    CALL = "call", _("the patient, on the phone")
    MISSED_VISIT = "missed", _("the patient, asked about a missed visit")
    PAGE = "page", _("the patient, on their page")
    TEXT = "text", _("the patient, by text message")
    IN_PERSON = "in_person", _("the patient, in person")
    OTHER_PERSON = "other", _("another person for the patient")


class BarrierEnd(models.TextChoices):
    """What came of the help."""

    SOLVED = "solved", _("Solved")
    NOT_SOLVED = "not_solved", _("Not solved")
    NO_LONGER = "no_longer", _("No longer in the way")
    # Noted with a call that was undone within seconds: nobody said it.
    TAKEN_BACK = "taken_back", _("Taken back")


# What a person may choose; the other is for an undone step.
BARRIER_ENDS_TO_CHOOSE = (BarrierEnd.SOLVED, BarrierEnd.NOT_SOLVED, BarrierEnd.NO_LONGER)


class CaseReason(models.TextChoices):
    """For whom a navigator was shown to make a difference; the first that holds is kept with the case."""

    BARRIER = "barrier", _("Something is in the way")
    LATE = "late", _("Past target")
    FOLLOW_UP = "follow_up", _("Due after a 3")
    CALLS = "calls", _("Three calls or more")


class CaseEnd(models.TextChoices):
    """How a case ended; one whose recall is closed is over without it."""

    DONE = "done", _("Done")
    GIVEN_BACK = "given_back", _("Given back")

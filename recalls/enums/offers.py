"""Says what became of times that were held, kept for the same day or offered earlier."""

from django.db import models
from django.utils.translation import gettext_lazy as _


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

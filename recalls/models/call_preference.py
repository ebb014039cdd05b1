"""Models of when a patient prefers to be called, and when to come."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import OpeningHours
from patients.models import Patient
from recalls.enums import PartOfDay, TravelTime


class CallPreference(models.Model):
    """The part of the day in which the patient is best reached; a patient without a row has not said."""

    patient = models.OneToOneField(Patient, models.CASCADE, related_name="call_preference", verbose_name=_("patient"))
    part = models.CharField(_("best reached"), max_length=9, choices=PartOfDay)
    changed_at = models.DateTimeField(_("said"), default=timezone.now)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("noted by"),
    )

    class Meta:
        verbose_name = _("call preference")
        verbose_name_plural = _("call preferences")

    def __str__(self) -> str:
        return str(self.get_part_display())


class VisitWish(models.Model):
    """The weekdays and the half of the day on which a patient can come, and how long the way is.

    A patient without a row has not said.
    """

    patient = models.OneToOneField(Patient, models.CASCADE, related_name="visit_wish", verbose_name=_("patient"))
    # The weekdays as digits, Monday 0: "024" is Monday, Wednesday and Friday. Empty: any day.
    weekdays = models.CharField(_("days"), max_length=7, blank=True)
    # Morning or afternoon; empty: either.
    part = models.CharField(_("time of day"), max_length=9, choices=PartOfDay, blank=True)
    # Minutes that the patient needs to get to the clinic; 0: they have not said.
    travel_minutes = models.PositiveSmallIntegerField(
        _("time to get here"), choices=[(0, _("not known")), *TravelTime.choices], default=0, db_default=0
    )

    class Meta:
        verbose_name = _("wish for visits")
        verbose_name_plural = _("wishes for visits")

    def __str__(self) -> str:
        when = describe_visit_wish(self.weekdays, self.part)
        if not self.travel_minutes:
            return when
        way = _("on the way: %(time)s") % {"time": str(self.get_travel_minutes_display()).lower()}
        return f"{when}; {way}" if when else str(way)

    @property
    def is_empty(self) -> bool:
        return not (self.weekdays or self.part or self.travel_minutes)


def describe_visit_wish(weekdays: str, part: str) -> str:
    """ "Monday, Wednesday, in the morning"; empty where nothing is wished."""
    labels = {str(day.value): str(day.label) for day in OpeningHours.Weekday}
    words = [labels[digit] for digit in weekdays if digit in labels]
    return ", ".join([*words, str(PartOfDay(part).label)] if part in PartOfDay.values else words)

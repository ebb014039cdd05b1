"""Models of the same-day lane: a site's rule, what is expected of a day, and the times kept for it."""

from datetime import datetime, time, timedelta
from typing import Any, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from recalls.enums import LaneEnd
from recalls.models.recall import Recall
from recalls.models.rooms import Room


class LanePolicy(models.Model):
    """How a site keeps times for patients who are recalled while they are still there; without a row it keeps none."""

    site = models.OneToOneField(Site, models.CASCADE, related_name="lane_policy", verbose_name=_("site"))
    is_on = models.BooleanField(
        _("keep a same-day lane"),
        default=False,
        help_text=_("Times of the mammography rooms, as many as are expected to be needed. Nobody has to take one."),
    )
    least_places = models.PositiveSmallIntegerField(
        _("times a day, at least"), default=1, validators=[MaxValueValidator(20)]
    )
    most_places = models.PositiveSmallIntegerField(
        _("times a day, at most"), default=4, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    minutes = models.PositiveSmallIntegerField(
        _("length of a time, in minutes"), default=60, validators=[MinValueValidator(15), MaxValueValidator(240)]
    )
    release_at = models.TimeField(
        _("given to others from"),
        default=time(14),
        help_text=_("On the day itself: what is still free then may be booked by everybody."),
    )
    waits_minutes = models.PositiveSmallIntegerField(
        _("a patient may still be there for, in minutes"),
        default=60,
        validators=[MinValueValidator(10), MaxValueValidator(480)],
        help_text=_("Counted from the moment the result is here. So long the pages ask to offer the lane."),
    )
    long_gap_months = models.PositiveSmallIntegerField(
        _("a long gap since the last screening, in months"),
        default=30,
        validators=[MinValueValidator(13), MaxValueValidator(240)],
    )
    # A score says nothing without the model it is of: only those of this one are compared with the limit.
    risk_source = models.CharField(
        _("risk score of"), max_length=60, blank=True, help_text=_("As the results name it, such as Tyrer-Cuzick 8.")
    )
    high_risk_from = models.DecimalField(
        _("high risk from a score of"), max_digits=8, decimal_places=3, null=True, blank=True
    )

    class Meta:
        verbose_name = _("same-day lane")
        verbose_name_plural = _("same-day lanes")
        constraints = [
            models.CheckConstraint(
                condition=Q(least_places__lte=F("most_places")),
                name="a_lane_keeps_no_more_than_its_most",
                violation_error_message=_("“At least” must not be more than “at most”."),
            ),
            models.CheckConstraint(
                condition=Q(high_risk_from=None) | ~Q(risk_source=""),
                name="a_risk_limit_names_its_score",
                violation_error_message=_("Say of which score the limit is."),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Same-day lane"))


class LaneDay(models.Model):
    """What is expected of one day at a site, and what the desk has noted of that day's screening list.

    A patient counts once: as a first screening, else as a long gap, else as high risk.
    """

    site = models.ForeignKey(Site, models.CASCADE, related_name="lane_days", verbose_name=_("site"))
    day = models.DateField(_("day"))
    # None: nobody has noted the list; the site's usual weekday counts.
    screens = models.PositiveSmallIntegerField(_("screenings"), null=True, blank=True)
    first_screens = models.PositiveSmallIntegerField(_("of these first screenings"), default=0)
    long_gaps = models.PositiveSmallIntegerField(_("of these after a long gap"), default=0)
    high_risks = models.PositiveSmallIntegerField(_("of these at high risk"), default=0)
    noted_by = models.CharField(_("noted by"), max_length=150, blank=True)
    # What the forecast says: recalls that will be read while the patient is there.
    expected = models.FloatField(_("recalls expected"), default=0)
    forecast_at = models.DateTimeField(_("forecast made"), null=True, blank=True)

    class Meta:
        ordering = ["day"]
        verbose_name = _("day of the same-day lane")
        verbose_name_plural = _("days of the same-day lane")
        constraints = [
            models.UniqueConstraint(fields=["site", "day"], name="lane_day_once"),
            models.CheckConstraint(
                condition=Q(screens=None) | Q(screens__gte=F("first_screens") + F("long_gaps") + F("high_risks")),
                name="a_lane_day_counts_each_patient_once",
                violation_error_message=_("First screenings, long gaps and high risks are more than all screenings."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


class LaneTimeQuerySet(models.QuerySet[Any]):
    """What a kept time means for others, decided when it is read: no task has to run for it to be given back."""

    def standing(self, now: datetime) -> Self:
        """Those that are still kept: not taken, and not given back yet."""
        return self.filter(ended_at=None, kept_until__gt=now)

    def blocking(self, recall: Recall | None, now: datetime) -> Self:
        """Those that count as taken for an ordinary booking of this recall; after a 4 or 5 none does."""
        rows = self.standing(now)
        return rows.none() if recall is not None and recall.suspicious else rows


class LaneTime(models.Model):
    """One time of a room that is kept for patients who are recalled on the day of their screening."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="+", db_index=False, verbose_name=_("site"))
    room = models.ForeignKey(Room, models.CASCADE, related_name="+", db_index=False, verbose_name=_("room"))
    starts_at = models.DateTimeField(_("starts"))
    length_minutes = models.PositiveSmallIntegerField(_("length in minutes"))
    kept_at = models.DateTimeField(_("kept since"), default=timezone.now)
    # Until it begins, or until the site gives back what is left of the day.
    kept_until = models.DateTimeField(_("kept until"))
    # Who took it.
    recall = models.ForeignKey(
        Recall, models.PROTECT, null=True, blank=True, related_name="lane_times", verbose_name=_("recall")
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_because = models.CharField(_("ended because"), max_length=10, choices=LaneEnd, blank=True)
    # Minutes in which nobody was in the room; counted once the time is over.
    unused_minutes = models.PositiveSmallIntegerField(_("unused minutes"), null=True, blank=True)

    objects = LaneTimeQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "pk"]
        verbose_name = _("time of the same-day lane")
        verbose_name_plural = _("times of the same-day lane")
        constraints = [
            models.UniqueConstraint(
                fields=["room", "starts_at"], condition=Q(ended_at=None), name="lane_time_once_per_room_and_time"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_because="") | (Q(ended_at__isnull=False) & ~Q(ended_because="")),
                name="a_lane_time_ends_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(ended_because=LaneEnd.TAKEN, recall__isnull=False)
                | (~Q(ended_because=LaneEnd.TAKEN) & Q(recall=None)),
                name="a_taken_lane_time_names_its_recall",
            ),
        ]
        indexes = [
            # Serve what is taken in a room; and the days and figures of a site.
            models.Index(fields=["room", "starts_at"], name="lane_time_by_room", condition=Q(ended_at=None)),
            models.Index(fields=["site", "starts_at"], name="lane_time_by_site"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.length_minutes)

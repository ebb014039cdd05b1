"""Models of rooms, their weekly hours, the stops of mobile units, and the visit lengths of a site."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.models import OpeningHours, Site
from recalls.enums import DurationComponent, Modality

MAX_VISIT_MINUTES = 480  # minutes


class Room(models.Model):
    """One room or machine that takes one patient at a time; its row is the lock under which its times are given out."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="rooms", verbose_name=_("site"))
    name = models.CharField(_("name"), max_length=60)
    modality = models.CharField(_("used for"), max_length=12, choices=Modality, default=Modality.MAMMOGRAPHY)
    grid_minutes = models.PositiveSmallIntegerField(
        _("visits start every … minutes"),
        default=30,
        validators=[MinValueValidator(5), MaxValueValidator(240)],
    )
    is_mobile = models.BooleanField(
        _("mobile unit"),
        default=False,
        help_text=_("It takes visits at its stops, each with a day and an address; weekly hours do not count."),
    )
    in_use = models.BooleanField(
        _("in use"), default=True, help_text=_("A room out of use is offered to nobody; its visits stay booked.")
    )

    class Meta:
        ordering = ["site", "name"]
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        constraints = [models.UniqueConstraint(fields=["site", "name"], name="room_name_once_per_site")]

    def __str__(self) -> str:
        return self.name


class RoomHours(models.Model):
    """One stretch of a weekday in which the room is staffed, on the site's clock; a closed day of the site wins."""

    room = models.ForeignKey(Room, models.CASCADE, related_name="hours", verbose_name=_("room"))
    weekday = models.PositiveSmallIntegerField(_("day"), choices=OpeningHours.Weekday)
    opens = models.TimeField(_("first visit from"))
    closes = models.TimeField(_("last visit ends by"))

    class Meta:
        ordering = ["weekday", "opens"]
        verbose_name = _("room hours")
        verbose_name_plural = _("room hours")
        constraints = [
            models.UniqueConstraint(fields=["room", "weekday", "opens"], name="room_hours_once"),
            models.CheckConstraint(
                condition=Q(opens__lt=F("closes")),
                name="room_hours_are_forward",
                violation_error_message=_("The last visit must end after the first one begins."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}-{self.closes:%H:%M}"


class RoomStop(models.Model):
    """A day on which a mobile unit stands at an address, on the site's clock; a closed day of the site wins."""

    room = models.ForeignKey(Room, models.CASCADE, related_name="stops", verbose_name=_("mobile unit"))
    day = models.DateField(_("day"))
    opens = models.TimeField(_("first visit from"))
    closes = models.TimeField(_("last visit ends by"))
    place = models.CharField(
        _("place"), max_length=100, help_text=_("What the patient looks for: Hillside Mall, lot B.")
    )
    address_line = models.CharField(_("street"), max_length=200)
    city = models.CharField(_("city"), max_length=100)

    class Meta:
        ordering = ["day", "opens"]
        verbose_name = _("stop of a mobile unit")
        verbose_name_plural = _("stops of a mobile unit")
        constraints = [
            models.UniqueConstraint(fields=["room", "day", "opens"], name="room_stop_once"),
            models.CheckConstraint(
                condition=Q(opens__lt=F("closes")),
                name="room_stop_is_forward",
                violation_error_message=_("The last visit must end after the first one begins."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.place}, {self.address_line}, {self.city}"


class VisitLength(models.Model):
    """How many minutes a site plans for a kind of visit, or adds for an interpreter or implants."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="visit_lengths", verbose_name=_("site"))
    what = models.CharField(_("for"), max_length=16, choices=DurationComponent)
    minutes = models.PositiveSmallIntegerField(_("minutes"), validators=[MaxValueValidator(MAX_VISIT_MINUTES)])

    class Meta:
        ordering = ["site", "what"]
        verbose_name = _("length of visits")
        verbose_name_plural = _("lengths of visits")
        constraints = [
            models.UniqueConstraint(fields=["site", "what"], name="visit_length_once_per_site"),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.minutes}"

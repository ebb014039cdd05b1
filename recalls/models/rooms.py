"""Models of rooms, weekly hours, stops of mobile units, and a site's visit lengths and offering of times."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
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
    # Codes with commas, such as "es,zh"; empty: not known.
    languages = models.CharField(
        _("languages spoken by those who work in it"), max_length=100, blank=True, default="", db_default=""
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

    @property
    def spoken(self) -> frozenset[str]:
        """The codes of the languages; none where nobody has entered any."""
        return frozenset(filter(None, self.languages.split(",")))


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


class SlotPolicy(models.Model):
    """How a site offers times by itself; a site without a row offers none."""

    class Silence(models.TextChoices):
        RELEASE = "release", _("The time is given to others")
        KEEP = "keep", _("The time stays held until it has come")

    site = models.OneToOneField(Site, models.CASCADE, related_name="slot_policy", verbose_name=_("site"))
    holds_slots = models.BooleanField(
        _("hold a time for each new recall"),
        default=False,
        help_text=_("For recalls opened from then on. A patient with a result of 4 or 5 may take what others hold."),
    )
    holds_since = models.DateTimeField(_("since"), null=True, blank=True, editable=False)
    hold_days = models.PositiveSmallIntegerField(
        _("held for, in business days"), default=3, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    letter_days = models.PositiveSmallIntegerField(
        _("longer by so many business days for a letter"),
        default=5,
        validators=[MaxValueValidator(20)],
        help_text=_(
            "For patients who can be written to by post alone. A letter leaves on the next business day and takes five "
            "days; it names no time that it would miss. With a target of 7 days that is most times: these patients "
            "hear of the held time by phone."
        ),
    )
    notice_hours = models.PositiveSmallIntegerField(
        _("no sooner than, in hours"), default=48, validators=[MinValueValidator(1), MaxValueValidator(336)]
    )
    silence = models.CharField(
        _("where the patient does not answer"), max_length=8, choices=Silence, default=Silence.RELEASE
    )
    offers_earlier = models.BooleanField(
        _("offer free times to those who wait for an earlier one"),
        default=False,
        help_text=_("A few at a time; the first yes has it. Who cannot be written to is called."),
    )
    offers_never_booked = models.BooleanField(
        _("offer also times that were never booked"),
        default=False,
        help_text=_("Else only times that were cancelled, moved or given back."),
    )
    offer_batch = models.PositiveSmallIntegerField(
        _("patients asked about each freed time"), default=3, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    offer_notice_hours = models.PositiveSmallIntegerField(
        _("offered up to so many hours before"), default=72, validators=[MinValueValidator(4), MaxValueValidator(336)]
    )
    offer_hours = models.PositiveSmallIntegerField(
        _("offered for so many opening hours"), default=8, validators=[MinValueValidator(1), MaxValueValidator(80)]
    )
    self_booking = models.BooleanField(
        _("patients book, move and cancel on their page"),
        default=False,
        help_text=_("Imaging visits at the site itself. What needs a talk first is still agreed by phone."),
    )

    class Meta:
        verbose_name = _("offering of times")
        verbose_name_plural = _("offering of times")

    def __str__(self) -> str:
        return str(_("Offering of times"))

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Nothing is held for recalls from before it was turned on: they are in the middle of their calls."""
        if not self.holds_slots:
            self.holds_since = None
        elif self.holds_since is None:
            self.holds_since = timezone.now()
        super().save(*args, **kwargs)

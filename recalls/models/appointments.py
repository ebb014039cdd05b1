"""Models of appointments with their further parts, and of contact attempts."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from patients.models import ContactPoint
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, AppointmentStatus, ContactChannel, ContactResult, VisitKind
from recalls.models.recall import Recall
from recalls.models.rooms import Room, RoomStop


class VisitPlace(NamedTuple):
    """Name and postal address of where a visit takes place."""

    name: str
    address_line: str
    city: str
    state: str
    postal_code: str


class Appointment(models.Model):
    """A visit or biopsy; moving it raises `sequence`, so messages about the old time can be told apart."""

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="appointments", verbose_name=_("recall"))
    site = models.ForeignKey(Site, models.PROTECT, related_name="appointments", verbose_name=_("site"), db_index=False)
    # None: a time typed by hand, or made by another system; it takes up no room here.
    room = models.ForeignKey(
        Room, models.PROTECT, null=True, blank=True, related_name="appointments", verbose_name=_("room"), db_index=False
    )
    # Where a mobile unit stands for this visit; None for a room at the site.
    stop = models.ForeignKey(
        RoomStop, models.PROTECT, null=True, blank=True, related_name="appointments", verbose_name=_("stop")
    )
    kind = models.CharField(
        _("kind of visit"),
        max_length=16,
        choices=VisitKind,
        default=VisitKind.DIAGNOSTIC,
    )
    starts_at = models.DateTimeField(_("starts"))
    length_minutes = models.PositiveSmallIntegerField(_("length in minutes"), default=60)
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=AppointmentStatus,
        default=AppointmentStatus.BOOKED,
    )
    sequence = models.PositiveSmallIntegerField(_("times moved"), default=0)
    interpreter = models.BooleanField(_("interpreter booked"), default=False)
    implants = models.BooleanField(_("more time for implants"), default=False)
    # Its time was not free in the room: booked over another visit by somebody who may, with the reason.
    overbooked = models.BooleanField(_("overbooked"), default=False)
    time_reason = models.CharField(_("why this time"), max_length=200, blank=True)
    # How many further parts there are, so that the many visits without one cost no query.
    part_count = models.PositiveSmallIntegerField(_("further parts"), default=0)
    arrived_at = models.DateTimeField(_("arrived"), null=True, blank=True)
    in_room_at = models.DateTimeField(_("in the room since"), null=True, blank=True)
    in_room_by = models.CharField(_("taken in by"), max_length=150, blank=True)
    created_at = models.DateTimeField(_("booked on"), default=timezone.now)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        constraints = [
            models.UniqueConstraint(
                fields=["recall"],
                condition=Q(status__in=ACTIVE_APPOINTMENT_STATUSES),
                name="one_active_appointment_per_recall",
                violation_error_message=_("This recall already has a booked appointment."),
            ),
            # The last guard behind the lock on the room: overlaps are refused by `recalls.scheduling.room_lock`.
            models.UniqueConstraint(
                fields=["room", "starts_at"],
                condition=Q(status__in=ACTIVE_APPOINTMENT_STATUSES, overbooked=False),
                name="one_visit_per_room_and_time",
                violation_error_message=_("This time is taken in that room."),
            ),
        ]
        indexes = [
            # Serve the day lists of a site, and what is taken in a room.
            models.Index(fields=["site", "starts_at"], name="appointment_by_day"),
            models.Index(fields=["room", "starts_at"], name="appointment_by_room"),
            # Serves the number of overbooked visits on the board.
            models.Index(fields=["site", "starts_at"], name="appointment_overbooked", condition=Q(overbooked=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE_APPOINTMENT_STATUSES

    @property
    def further_parts(self) -> "list[VisitPart]":
        """The parts after the first, in the order of the day; no query for a visit without any."""
        return list(self.parts.all()) if self.part_count else []

    @property
    def ends_at(self) -> datetime:
        """When the last part ends (UTC)."""
        end = self.starts_at + timedelta(minutes=self.length_minutes)
        return max([end, *(part.ends_at for part in self.further_parts)])

    @property
    def total_minutes(self) -> int:
        """From the start to the end of the last part, waiting between the parts included."""
        return int((self.ends_at - self.starts_at).total_seconds() // 60)

    @property
    def explained_kind(self) -> str:
        """The kind whose texts explain the whole visit to the patient: pictures, then ultrasound, have their own."""
        kinds = {self.kind, *(part.kind for part in self.further_parts)}
        is_both = VisitKind.ULTRASOUND in kinds and kinds & {VisitKind.DIAGNOSTIC, VisitKind.FOLLOW_UP}
        return VisitKind.DIAGNOSTIC_ULTRASOUND.value if is_both else self.kind

    @property
    def place(self) -> VisitPlace:
        """Where the patient goes: to the site, or to where its mobile unit stands that day."""
        site, stop = self.site, self.stop
        if stop is not None:
            return VisitPlace(f"{site.sender_name}, {stop.place}", stop.address_line, stop.city, site.state, "")
        return VisitPlace(site.sender_name, site.address_line, site.city, site.state, site.postal_code)


class VisitPart(models.Model):
    """One further part of a visit, in the order of the day; it stands, moves and ends with its appointment."""

    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="parts", verbose_name=_("appointment"))
    # None where the site keeps no room for that kind.
    room = models.ForeignKey(Room, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("room"))
    kind = models.CharField(_("kind of visit"), max_length=16, choices=VisitKind)
    starts_at = models.DateTimeField(_("starts"))
    length_minutes = models.PositiveSmallIntegerField(_("length in minutes"))

    class Meta:
        ordering = ["starts_at", "pk"]
        verbose_name = _("further part of a visit")
        verbose_name_plural = _("further parts of a visit")
        # Serves what is taken in a room.
        indexes = [models.Index(fields=["room", "starts_at"], name="visit_part_by_room")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.length_minutes)


class ContactAttempt(models.Model):
    """One contact attempt: it always has a result. Never changed; an undone one is taken back by a later row."""

    recall = models.ForeignKey(
        Recall,
        models.PROTECT,
        related_name="contact_attempts",
        verbose_name=_("recall"),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.CharField(_("by"), max_length=150)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    channel = models.CharField(_("how"), max_length=16, choices=ContactChannel)
    point = models.CharField(_("used"), max_length=6, choices=ContactPoint.Kind, blank=True)
    result = models.CharField(_("result"), max_length=20, choices=ContactResult)
    note = models.TextField(_("note"), blank=True)
    next_try_at = models.DateTimeField(_("next try"), null=True, blank=True)
    # Set on a row that says: that try never was. Neither of the two counts.
    retracts = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="retracted_by", verbose_name=_("takes back")
    )

    PERSONAL_COLUMNS = ("note",)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("contact attempt")
        verbose_name_plural = _("contact attempts")
        constraints = [
            models.CheckConstraint(condition=~Q(result=""), name="a_contact_attempt_has_a_result"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_result_display()}"

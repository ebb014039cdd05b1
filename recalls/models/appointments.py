"""Models of appointments and of contact attempts."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from patients.models import ContactPoint
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, AppointmentStatus, ContactChannel, ContactResult, VisitKind
from recalls.models.recall import Recall
from recalls.models.rooms import Room


class Appointment(models.Model):
    """A visit or biopsy; moving it raises `sequence`, so messages about the old time can be told apart."""

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="appointments", verbose_name=_("recall"))
    site = models.ForeignKey(Site, models.PROTECT, related_name="appointments", verbose_name=_("site"))
    # None: a time typed by hand, or made by another system; it takes up no room here.
    room = models.ForeignKey(
        Room, models.PROTECT, null=True, blank=True, related_name="appointments", verbose_name=_("room")
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
            # The last guard behind the lock on the room: overlaps are refused by `recalls.actions.visits`.
            models.UniqueConstraint(
                fields=["room", "starts_at"],
                condition=Q(status__in=ACTIVE_APPOINTMENT_STATUSES),
                name="one_visit_per_room_and_time",
                violation_error_message=_("This time is taken in that room."),
            ),
        ]
        indexes = [
            # Serve the day lists of a site, and what is taken in a room.
            models.Index(fields=["site", "starts_at"], name="appointment_by_day"),
            models.Index(fields=["room", "starts_at"], name="appointment_by_room"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE_APPOINTMENT_STATUSES


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

    class Meta:
        ordering = ["pk"]
        verbose_name = _("contact attempt")
        verbose_name_plural = _("contact attempts")
        constraints = [
            models.CheckConstraint(condition=~Q(result=""), name="a_contact_attempt_has_a_result"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_result_display()}"

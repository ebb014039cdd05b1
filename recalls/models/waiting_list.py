"""Models of the wish to come earlier than booked, and of the times offered for it."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, OfferAnswer, PartOfDay
from recalls.models.appointments import Appointment
from recalls.models.rooms import Room


class WaitingListEntry(models.Model):
    """A patient who asked for an earlier time than this visit's; until that visit is over."""

    appointment = models.ForeignKey(
        Appointment, models.PROTECT, related_name="waiting_list_entries", verbose_name=_("appointment")
    )
    # When the patient can come; empty: at any time of the day.
    part = models.CharField(_("can come"), max_length=9, choices=PartOfDay, blank=True)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    by = models.CharField(_("noted by"), max_length=150)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("noted by")
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("entry of the waiting list")
        verbose_name_plural = _("waiting list")
        constraints = [
            models.UniqueConstraint(
                fields=["appointment"], condition=Q(ended_at=None), name="one_waiting_list_entry_per_visit"
            )
        ]

    def __str__(self) -> str:
        return f"{self.appointment}: {self.get_part_display() or _('any time')}"


class FreedTime(models.Model):
    """A time in a room that a visit had and left, or that was held in vain; kept until it is past."""

    room = models.ForeignKey(Room, models.CASCADE, related_name="+", db_index=False, verbose_name=_("room"))
    starts_at = models.DateTimeField(_("starts"))
    length_minutes = models.PositiveSmallIntegerField(_("length in minutes"))

    class Meta:
        verbose_name = _("freed time")
        verbose_name_plural = _("freed times")
        constraints = [models.UniqueConstraint(fields=["room", "starts_at"], name="freed_time_once")]
        # Serves the removal of what is past.
        indexes = [models.Index(fields=["starts_at"], name="freed_time_by_start")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class EarlierOfferQuerySet(models.QuerySet[Any]):
    """What an offer is worth now, decided when it is read."""

    def open(self, now: datetime) -> Self:
        """Those that may still be taken: not answered, not run out, for a visit that stands later than they are."""
        return self.filter(
            answer="",
            expires_at__gt=now,
            entry__ended_at=None,
            entry__appointment__status__in=ACTIVE_APPOINTMENT_STATUSES,
            entry__appointment__starts_at__gt=F("starts_at"),
        )


class EarlierOffer(models.Model):
    """One free time offered to one who waits; several get the same one, and the first yes has it.

    The rows are the ledger of what was offered to whom, what came of it and how many days were gained.
    """

    entry = models.ForeignKey(
        WaitingListEntry, models.PROTECT, db_index=False, related_name="offers", verbose_name=_("who waits")
    )
    room = models.ForeignKey(Room, models.PROTECT, related_name="+", db_index=False, verbose_name=_("room"))
    starts_at = models.DateTimeField(_("starts"))
    length_minutes = models.PositiveSmallIntegerField(_("length in minutes"))
    gain_days = models.PositiveSmallIntegerField(_("days sooner"))
    made_at = models.DateTimeField(_("offered"))
    expires_at = models.DateTimeField(_("offered until"))
    answer = models.CharField(_("answer"), max_length=8, choices=OfferAnswer, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    objects = EarlierOfferQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("offer of an earlier time")
        verbose_name_plural = _("offers of earlier times")
        constraints = [
            models.UniqueConstraint(fields=["entry", "room", "starts_at"], name="earlier_offer_once"),
            models.UniqueConstraint(fields=["entry"], condition=Q(answer=""), name="one_open_earlier_offer_per_entry"),
        ]
        indexes = [
            # Serves who else was offered a time that is taken.
            models.Index(fields=["room", "starts_at"], name="earlier_offer_by_room"),
            # Serves the ledger, the newest first.
            models.Index(fields=["-made_at"], name="earlier_offer_by_time"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.length_minutes)

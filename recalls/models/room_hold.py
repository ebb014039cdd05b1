"""Models of a time in a room that is held: by a program for minutes, by the clinic for a patient for days."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recalls.enums import SAME_DAY_ASSESSMENTS, HeldSlotEnd, State, VisitKind
from recalls.models.recall import Recall
from recalls.models.rooms import Room


class RoomHold(models.Model):
    """A time that nobody else is given until it expires; each recall has one at most, and booking it ends it."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    recall = models.OneToOneField(Recall, models.CASCADE, related_name="room_hold", verbose_name=_("recall"))
    room = models.ForeignKey(Room, models.CASCADE, related_name="+", db_index=False, verbose_name=_("room"))
    kind = models.CharField(_("kind of visit"), max_length=16)
    starts_at = models.DateTimeField(_("starts"))
    length_minutes = models.PositiveSmallIntegerField(_("length in minutes"))
    expires_at = models.DateTimeField(_("held until"))
    held_at = models.DateTimeField(_("held since"), default=timezone.now)
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", verbose_name=_("held by")
    )

    class Meta:
        verbose_name = _("held time")
        verbose_name_plural = _("held times")
        # Serves what is taken in a room, and the removal of what has expired.
        indexes = [
            models.Index(fields=["room", "starts_at"], name="room_hold_by_room"),
            models.Index(fields=["expires_at"], name="room_hold_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class HeldSlotQuerySet(models.QuerySet[Any]):
    """What a held time means for others, decided when it is read: no task has to run for it to lapse."""

    def standing(self, now: datetime) -> Self:
        """Those whose time has not run out, for a recall that is still to be contacted as it was then."""
        return self.filter(
            ended_at=None,
            expires_at__gt=now,
            recall__state=State.TO_CONTACT,
            recall__state_since__lte=F("held_at"),
        )

    def blocking(self, recall: Recall | None, now: datetime) -> Self:
        """Those that count as taken for a visit of this recall: not its own, and none held for a lower class.

        After a 4 a patient may take what is held for others, after a 4C or 5 also what is held after a lesser 4.
        """
        rows = self.standing(now)
        if recall is None:
            return rows
        rows = rows.exclude(recall=recall.pk)
        if not recall.suspicious:
            return rows
        rows = rows.filter(recall__suspicious=True)
        is_gravest = recall.exam.assessment in SAME_DAY_ASSESSMENTS
        return rows.filter(recall__exam__assessment__in=SAME_DAY_ASSESSMENTS) if is_gravest else rows


class HeldSlot(models.Model):
    """The time that is held for a patient who is to be called: one for each recall, the next one in place of the last.

    It is no visit and counts as none. `sequence` rises with each time, so that what was said of an earlier one can be
    told apart; the history of the recall keeps them all.
    """

    recall = models.OneToOneField(Recall, models.CASCADE, related_name="held_slot", verbose_name=_("recall"))
    sequence = models.PositiveSmallIntegerField(_("times held"), default=1)
    room = models.ForeignKey(Room, models.CASCADE, related_name="+", db_index=False, verbose_name=_("room"))
    kind = models.CharField(_("kind of visit"), max_length=16, choices=VisitKind)
    starts_at = models.DateTimeField(_("starts"))
    length_minutes = models.PositiveSmallIntegerField(_("length in minutes"))
    interpreter = models.BooleanField(_("interpreter booked"), default=False)
    implants = models.BooleanField(_("more time for implants"), default=False)
    held_at = models.DateTimeField(_("held since"))
    expires_at = models.DateTimeField(_("held until"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_because = models.CharField(_("ended because"), max_length=10, choices=HeldSlotEnd, blank=True)
    # Whether the history of the recall says that it ended.
    is_noted = models.BooleanField(default=False, editable=False)

    objects = HeldSlotQuerySet.as_manager()

    class Meta:
        verbose_name = _("time held for a patient")
        verbose_name_plural = _("times held for patients")
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_because="") | (Q(ended_at__isnull=False) & ~Q(ended_because="")),
                name="a_held_slot_ends_for_a_reason",
            )
        ]
        indexes = [
            # Serves what is taken in a room.
            models.Index(fields=["room", "starts_at"], name="held_slot_by_room", condition=Q(ended_at=None)),
            # Serves the upkeep of every minute: what ended and is not in the history yet.
            models.Index(fields=["id"], name="held_slot_to_note", condition=Q(is_noted=False)),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.length_minutes)

    def is_standing(self, now: datetime) -> bool:
        """As `HeldSlotQuerySet.standing` says it of many."""
        recall = self.recall
        in_its_stay = recall.state == State.TO_CONTACT and recall.state_since <= self.held_at
        return self.ended_at is None and self.expires_at > now and in_its_stay

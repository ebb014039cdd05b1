"""Model of a time in a room that is held for a while."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

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

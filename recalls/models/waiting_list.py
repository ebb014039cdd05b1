"""Model of the wish to come earlier than booked."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recalls.enums import PartOfDay
from recalls.models.appointments import Appointment


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

"""Model of the series about breast health that a patient asked for: which address, how far, and why it ended."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recalls.models import Recall


class EducationSeries(models.Model):
    """One subscription. It runs from the confirmation on until it ends; another one begins anew.

    Its messages hang on the recall on whose page it was asked for, so that a merge moves both together. It holds for
    the address that confirmed it, and for no other.
    """

    class EndReason(models.TextChoices):
        COMPLETED = "completed", _("all emails were sent")
        STOPPED = "stopped", _("the patient stopped it")
        UNCONFIRMED = "unconfirmed", _("nobody confirmed it in time")
        OBJECTION = "objection", _("the patient objects to messages, or declined")
        ADDRESS = "address", _("the address is not in use any more")
        OWN_CARE = "own_care", _("the patient's own care goes first")
        ELSEWHERE = "elsewhere", _("the patient is cared for elsewhere")
        MERGED = "merged", _("another record of the patient has one")
        DECEASED = "deceased", _("the patient has died")

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="education", verbose_name=_("recall"))
    address = models.CharField(_("sent to"), max_length=254)
    asked_at = models.DateTimeField(_("asked for"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    # The text that was planned last, from 1 on; 0 before the first.
    lesson = models.PositiveSmallIntegerField(_("number of the email"), default=0)
    lesson_due_at = models.DateTimeField(_("email due"), null=True, blank=True)
    # When the next text is planned, or a series that waits is looked at again.
    next_at = models.DateTimeField(_("next look"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    end_reason = models.CharField(_("because"), max_length=12, choices=EndReason, blank=True)

    class Meta:
        verbose_name = _("series about breast health")
        verbose_name_plural = _("series about breast health")
        constraints = [
            models.UniqueConstraint(fields=["recall"], condition=Q(ended_at=None), name="one_series_of_a_recall"),
            models.CheckConstraint(
                condition=Q(ended_at=None, end_reason="") | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="an_ended_series_says_why",
            ),
        ]
        indexes = [
            # Serves the minute's look at what is due.
            models.Index(fields=["next_at"], condition=Q(ended_at=None), name="education_due"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

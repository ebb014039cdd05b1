"""Models for sending as a whole: frozen or not, reports from the receiving side, limits of mail domains."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SendingState(models.Model):
    """The one row that says whether messages may leave, and how far this database knows that they have.

    `sequence` rises before anything is handed over and is noted in a file outside the database too: a database that
    was brought back from a copy is behind its file. See `notifications.delivery.restore_guard`.
    """

    class FreezeReason(models.TextChoices):
        BY_HAND = "by_hand", _("a person froze it")
        RESTORED = "restored", _("the database is older than what was sent: it was restored")
        OTHER_DATABASE = "other_database", _("this machine sent for another database before")
        OTHER_PLACE = "other_place", _("this machine has never sent for this database")

    installation = models.UUIDField(default=uuid.uuid4, editable=False)
    sequence = models.PositiveBigIntegerField(default=0, editable=False)
    frozen_at = models.DateTimeField(_("frozen since"), null=True, blank=True)
    freeze_reason = models.CharField(_("because"), max_length=20, choices=FreezeReason, blank=True)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("changed by")
    )

    class Meta:
        verbose_name = _("sending of messages")
        verbose_name_plural = _("sending of messages")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(frozen_at__isnull=True, freeze_reason="")
                | (models.Q(frozen_at__isnull=False) & ~models.Q(freeze_reason="")),
                name="frozen_sending_says_why",
            ),
        ]

    def __str__(self) -> str:
        return str(_("Frozen") if self.frozen_at else _("Messages may leave"))


class DeliveryReport(models.Model):
    """What the receiving side told us later about one message; the same news twice is one row. Never changed."""

    class Result(models.TextChoices):
        DELIVERED = "delivered", _("Delivered")
        BOUNCED = "bounced", _("Came back")
        COMPLAINED = "complained", _("Reported as unwanted")

    notification = models.ForeignKey(
        "notifications.Notification", models.PROTECT, related_name="reports", verbose_name=_("message"), db_index=False
    )
    result = models.CharField(_("result"), max_length=10, choices=Result)
    at = models.DateTimeField(_("when"), default=timezone.now)
    # A status of RFC 3463 ("5.1.1") or a provider's word; never an address.
    detail = models.CharField(_("detail"), max_length=60, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("report on a delivery")
        verbose_name_plural = _("reports on deliveries")
        constraints = [
            models.UniqueConstraint(fields=["notification", "result"], name="one_report_of_a_kind"),
        ]

    def __str__(self) -> str:
        return str(self.get_result_display())


class DomainRateLimit(models.Model):
    """How many messages one mail domain was sent this minute, and which later minute has room; see `pacing`."""

    domain = models.CharField(max_length=254, primary_key=True)
    minute = models.DateTimeField()
    sent = models.PositiveIntegerField(default=0)
    promised_minute = models.DateTimeField()
    promised = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.domain

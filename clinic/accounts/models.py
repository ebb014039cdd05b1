"""Model of what an administrator asks for an account and a second administrator confirms."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AccountRequest(models.Model):
    """Roles, sites or an address to be given, or a new password: nothing holds before a second person said yes."""

    class Kind(models.TextChoices):
        GRANT = "grant", _("Roles, sites and address")
        PASSWORD = "password", _("New password by a one-time link")

    class Decision(models.TextChoices):
        OPEN = "", _("Waits for a second administrator")
        CONFIRMED = "confirmed", _("Confirmed")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    kind = models.CharField(_("what"), max_length=16, choices=Kind)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="account_requests", verbose_name=_("account")
    )
    # What is added, never what is taken away: {"roles": [...], "sites": [primary keys], "email": "..."}.
    changes = models.JSONField(_("adds"), default=dict)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    decision = models.CharField(_("decision"), max_length=12, choices=Decision, default=Decision.OPEN, blank=True)
    # Nobody where the operator of the server decided, or where a clinic without patients is being set up.
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_words = models.CharField(_("decided where no second administrator did"), max_length=120, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("request for an account")
        verbose_name_plural = _("requests for accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind"], condition=Q(decision=""), name="account_request_open_once"
            ),
            models.CheckConstraint(
                condition=~Q(decision="confirmed")
                | Q(decided_by__isnull=True)
                | (~Q(decided_by=F("asked_by")) & ~Q(decided_by=F("account"))),
                name="account_request_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.account}"

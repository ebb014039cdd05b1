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
        SECOND_FACTOR = "second_factor", _("Removal of a lost second factor")

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


class SecurityEvent(models.Model):
    """One row for each sign-in, failure, refusal and right given; the database lets nobody change or delete it."""

    class Kind(models.TextChoices):
        SIGNED_IN = "signed_in", _("Signed in")
        SIGN_IN_FAILED = "sign_in_failed", _("Sign-in failed")
        LOCKED_OUT = "locked_out", _("Sign-in paused after failures")
        SIGNED_OUT = "signed_out", _("Signed out")
        REFUSED = "refused", _("Page or step refused")
        PASSWORD = "password", _("Password chosen")
        LINK_ASKED = "link_asked", _("New password asked for")
        LINK_SENT = "link_sent", _("Link for a new password mailed")
        SECOND_FACTOR = "second_factor", _("Second factor")
        RIGHTS = "rights", _("Roles, sites, address or account")
        SESSIONS_ENDED = "sessions_ended", _("Sessions ended")
        BREAK_GLASS = "break_glass", _("Emergency access")
        LEGAL_HOLD = "legal_hold", _("Legal hold")
        MINIMISED = "minimised", _("Data minimised")

    at = models.DateTimeField(_("when"), default=timezone.now)
    kind = models.CharField(_("what"), max_length=16, choices=Kind)
    # Whose account; nobody where the name that was typed is no account's.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("account"),
        db_index=False,
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    # A keyed hash of the name that was typed: a password typed into the wrong field must not be readable here.
    name_key = models.CharField(max_length=64, blank=True, editable=False)
    detail = models.CharField(_("more"), max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("entry of the security log")
        verbose_name_plural = _("security log")
        indexes = [
            models.Index(fields=["user", "-id"], name="securityevent_by_user"),
            # Serve the limits of failed sign-ins for each name and each address.
            models.Index(fields=["name_key", "at"], name="securityevent_by_name"),
            models.Index(fields=["address", "at"], name="securityevent_by_address"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.get_kind_display()}"


class EmergencyAccess(models.Model):
    """An hour at a site that is not the person's own, with the reason; a second person looks at it afterwards."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="emergency_accesses", verbose_name=_("who")
    )
    site = models.ForeignKey("clinic.Site", models.PROTECT, related_name="+", verbose_name=_("site"))
    reason = models.CharField(_("why"), max_length=300)
    began_at = models.DateTimeField(_("from"), default=timezone.now)
    ends_at = models.DateTimeField(_("until"))
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("reviewed by")
    )
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)
    review = models.CharField(_("finding"), max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("emergency access")
        verbose_name_plural = _("emergency accesses")
        constraints = [
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("user")), name="emergency_two_people"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.site}"

"""Models of the programs that may use the FHIR interface: their accounts, tokens and request counts."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exchange.fhir.scopes import find_unknown_scopes


def check_scopes(scopes: Any) -> None:
    """Raise ValidationError unless it is a list of known scopes."""
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise ValidationError(_("Write a list of scopes, such as system/Patient.read."))
    if unknown := find_unknown_scopes(scopes):
        raise ValidationError(_("Unknown scopes: %(scopes)s.") % {"scopes": ", ".join(unknown)})


class ServiceClient(models.Model):
    """A program that signs in by itself. Its account holds its name and sites, and nobody can sign in with that.

    Only hashes of its secrets are stored: a secret is shown once, when it is made.
    """

    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="service_client", verbose_name=_("account")
    )
    name = models.CharField(_("name"), max_length=80, unique=True, help_text=_("As it stands in the access log."))
    client_id = models.CharField(_("client id"), max_length=40, unique=True, editable=False)
    # SHA-256 of a random secret of 256 bits; a slow hash would add nothing.
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(_("scopes"), default=list, validators=[check_scopes])
    mrn_system = models.CharField(
        _("system of its record numbers"),
        max_length=200,
        blank=True,
        help_text=_("The identifier.system under which it sends the record numbers of its site; ours is always known."),
    )
    requests_per_minute = models.PositiveIntegerField(
        _("requests a minute"), default=600, validators=[MinValueValidator(1), MaxValueValidator(100_000)]
    )
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("made by")
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    # Written once a minute at most.
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("service client")
        verbose_name_plural = _("service clients")

    def __str__(self) -> str:
        return self.name

    def is_usable_at(self, now: datetime) -> bool:
        """Whether it may come in: not revoked, not expired, and its account is active."""
        in_time = self.expires_at is None or now < self.expires_at
        return self.revoked_at is None and in_time and self.account.is_active


class AccessToken(models.Model):
    """A bearer token of a client: one for a quarter of an hour from the token endpoint, or a lasting one from staff."""

    client = models.ForeignKey(ServiceClient, models.CASCADE, related_name="tokens", verbose_name=_("client"))
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    # Never more than the client's own on the day of use.
    scopes = models.JSONField(_("scopes"), default=list)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    # None: the client got it from the token endpoint.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("made by")
    )
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")
        # Serves the removal of those that have long expired.
        indexes = [models.Index(fields=["expires_at"], name="access_token_by_expiry")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class RateCounter(models.Model):
    """How many requests one client or address made in the minute that began at `minute`; shared by all processes."""

    key = models.CharField(max_length=80, primary_key=True)
    minute = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("request count")
        verbose_name_plural = _("request counts")

    def __str__(self) -> str:
        return self.key

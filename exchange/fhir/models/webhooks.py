"""Models of webhooks: who is told of a recall's moves, and each telling as a row before it is a request."""

import uuid
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exchange.fhir.address_check import check_address
from exchange.fhir.models.clients import ServiceClient
from recalls.models import RecallEvent


class WebhookKind(models.TextChoices):
    OPENED = "recall.opened", _("Recall opened")
    MOVED = "recall.moved", _("Recall moved on")
    BOOKED = "recall.booked", _("Visit booked or moved")
    CLOSED = "recall.closed", _("Recall closed")


def check_webhook_url(url: str) -> None:
    """Raise ValidationError for an address that may not be called."""
    try:
        check_address(url)
    except ValueError as refused:
        raise ValidationError(str(refused)) from refused


def check_kinds(kinds: Any) -> None:
    if not isinstance(kinds, list) or not kinds or not set(kinds) <= set(WebhookKind.values):
        raise ValidationError(_("Choose at least one."))


class WebhookSubscription(models.Model):
    """An address of a client that is told of moves at the client's sites. Its signing key is derived, never stored."""

    client = models.ForeignKey(ServiceClient, models.CASCADE, related_name="webhooks", verbose_name=_("client"))
    url = models.CharField(_("address"), max_length=500, validators=[check_webhook_url])
    kinds = models.JSONField(_("is told of"), default=list, validators=[check_kinds])
    active = models.BooleanField(_("active"), default=True)
    # Another one makes another signing key.
    nonce = models.UUIDField(default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("made by")
    )

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")

    def __str__(self) -> str:
        return f"#{self.pk}"


class WebhookDelivery(models.Model):
    """One thing that an address is to be told: written with the move, sent after it, tried again until it arrives."""

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        SENDING = "sending", _("Being sent")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed: not sent")
        CANCELLED = "cancelled", _("Cancelled: the client may not know it any more")

    subscription = models.ForeignKey(
        WebhookSubscription, models.CASCADE, related_name="deliveries", verbose_name=_("webhook")
    )
    event = models.ForeignKey(RecallEvent, models.CASCADE, related_name="+", verbose_name=_("event"))
    kind = models.CharField(_("about"), max_length=20, choices=WebhookKind)
    # Stands in the header of every try, so that the receiver knows a second copy.
    public_id = models.UUIDField(_("id"), default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PLANNED)
    created_at = models.DateTimeField(_("planned on"), default=timezone.now)
    not_before = models.DateTimeField(_("next try"), default=timezone.now)
    first_failed_at = models.DateTimeField(_("first failed"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("tries"), default=0)
    last_answer = models.CharField(_("last answer"), max_length=60, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    # Rises with every claim: a worker that slept through its lease cannot write over the next one's result.
    lease_token = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("webhook message")
        verbose_name_plural = _("webhook messages")
        constraints = [
            models.UniqueConstraint(fields=["subscription", "event"], name="webhook_once_per_event"),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(lease_until__isnull=False), name="a_webhook_being_sent_has_a_lease"
            ),
        ]
        indexes = [
            # Serve the claim, and the search for those whose sender was killed.
            models.Index(fields=["not_before", "id"], condition=Q(state="planned"), name="webhook_claim"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="webhook_lease"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

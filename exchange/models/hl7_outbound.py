"""Systems that are told how recalls stand, and each message that is owed to them."""

from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from recalls.models import Recall, RecallEvent


def _check_file(path: str) -> None:
    if not Path(path).is_absolute():
        raise ValidationError(_("Write the whole path, from the root of the machine."))


class StatusKind(models.TextChoices):
    """What a status message says; the word is the code in the message."""

    OPENED = "opened", _("recall opened")
    BOOKED = "booked", _("visit booked")
    MOVED = "moved", _("visit moved")
    CANCELLED = "cancelled", _("visit cancelled")
    MISSED = "missed", _("patient did not come")
    OUTCOME = "outcome", _("outcome recorded")
    CONCORDANCE = "concord", _("concordance of images and tissue signed")
    CLOSED = "closed", _("recall closed")


class Hl7Peer(models.Model):
    """A system that is told by HL7 over MLLP how the recalls of a site stand."""

    name = models.CharField(_("name"), max_length=100)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("recalls of this site"))
    is_active = models.BooleanField(_("messages are sent"), default=False)
    host = models.CharField(_("host"), max_length=200)
    port = models.PositiveIntegerField(
        _("port"), default=2575, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    application = models.CharField(_("receiving application (MSH-5)"), max_length=180, blank=True)
    facility = models.CharField(_("receiving facility (MSH-6)"), max_length=180, blank=True)
    uses_tls = models.BooleanField(
        _("TLS"), default=True, help_text=_("Without it only to this machine or inside a tunnel or VPN.")
    )
    # Paths on this machine; the files themselves are secrets of the operator.
    ca_file = models.CharField(_("CA of the receiver, PEM"), max_length=300, blank=True, validators=[_check_file])
    cert_file = models.CharField(_("our certificate, PEM"), max_length=300, blank=True, validators=[_check_file])
    key_file = models.CharField(_("its private key, PEM"), max_length=300, blank=True, validators=[_check_file])
    # Steps before this instant are planned; what follows is looked for from a little before it.
    planned_until = models.DateTimeField(_("planned until"), default=timezone.now, editable=False)
    # While it cannot be reached nothing else is tried.
    retry_at = models.DateTimeField(_("tried again"), null=True, editable=False)
    last_sent_at = models.DateTimeField(_("last accepted"), null=True, editable=False)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("HL7 receiver")
        verbose_name_plural = _("HL7 receivers")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if bool(self.cert_file) != bool(self.key_file):
            raise ValidationError({"key_file": _("A certificate needs its key, and a key its certificate.")})


class Hl7StatusMessage(models.Model):
    """One message that a receiver is owed; the row is the record of it before it is sent."""

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Accepted by the receiver")
        FAILED = "failed", _("Failed: a task says so")

    peer = models.ForeignKey(Hl7Peer, models.PROTECT, related_name="messages", verbose_name=_("receiver"))
    recall = models.ForeignKey(Recall, models.PROTECT, related_name="+", verbose_name=_("recall"))
    event = models.ForeignKey(RecallEvent, models.PROTECT, related_name="+", verbose_name=_("step"))
    kind = models.CharField(_("says"), max_length=9, choices=StatusKind)
    # MSH-10, fixed here: a message sent twice can be told by it.
    control_id = models.CharField(_("control id"), max_length=40, unique=True)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.PLANNED)
    planned_at = models.DateTimeField(_("planned"), default=timezone.now)
    not_before = models.DateTimeField(_("not before"), default=timezone.now)
    lease_until = models.DateTimeField(_("being sent until"), null=True)
    lease_token = models.PositiveIntegerField(default=0, editable=False)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    first_failed_at = models.DateTimeField(_("first failed"), null=True)
    may_have_arrived_twice = models.BooleanField(_("may have arrived twice"), default=False)
    answer = models.CharField(_("last answer"), max_length=100, blank=True)
    sent_at = models.DateTimeField(_("accepted"), null=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("HL7 status message")
        verbose_name_plural = _("HL7 status messages")
        constraints = [models.UniqueConstraint(fields=["peer", "event", "kind"], name="hl7_status_once_per_step")]
        indexes = [
            # What is still owed to a receiver, in order.
            models.Index(
                fields=["peer", "id"],
                condition=models.Q(state__in=("planned", "sending")),
                name="hl7_status_owed",
            ),
        ]

    def __str__(self) -> str:
        return self.control_id

"""Each HL7 message that came in, as it came, and what became of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from exchange.models.hl7_sender import Hl7Sender
from patients.models import Patient
from recalls.models import Recall, ScreeningExam


class Hl7Message(models.Model):
    """One message; it is stored before it is acknowledged and applied after."""

    class State(models.TextChoices):
        RECEIVED = "received", _("Received, not yet applied")
        APPLIED = "applied", _("Applied")
        PARKED = "parked", _("Waits for a person")
        IGNORED = "ignored", _("Understood, nothing to do")
        DISMISSED = "dismissed", _("Dismissed")

    class Source(models.TextChoices):
        MLLP = "mllp", _("connection")
        FILE = "file", _("file")

    class Ack(models.TextChoices):
        ACCEPTED = "AA", _("AA, accepted")
        ERROR = "AE", _("AE, kept with an error")
        REJECTED = "AR", _("AR, refused")

    # SHA-256 of sender and control id (of the body where there is none; of both for a conflict): a message sent again
    # finds its row by this.
    key = models.CharField(max_length=64, unique=True, editable=False)
    digest = models.CharField(_("SHA-256 of the body"), max_length=64, editable=False)
    raw = models.BinaryField(_("the message as it came"))  # empty once it was kept for long enough
    # In place of `raw` from then on; `raw` stays.
    mended = models.BinaryField(_("the message as a person mended it"), null=True)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)  # as sent: `raw` is cut where the message was too long
    source = models.CharField(_("came by"), max_length=4, choices=Source)
    ack = models.CharField(_("answer"), max_length=2, choices=Ack, default=Ack.ACCEPTED)
    # What MSH says, "" where it says nothing; cut to the column.
    application = models.CharField(_("sending application"), max_length=180, blank=True)
    facility = models.CharField(_("sending facility"), max_length=180, blank=True)
    control_id = models.CharField(_("control id"), max_length=200, blank=True)
    message_type = models.CharField(_("type"), max_length=30, blank=True)  # "ORU^R01"
    sender = models.ForeignKey(
        Hl7Sender, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("sender"), db_index=False
    )
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.RECEIVED)
    reason = models.TextField(_("reason"), blank=True)
    field = models.CharField(_("field at fault"), max_length=30, blank=True)  # "PID-7", "OBX[2]-5"
    # What a person may accept as it stands, by name of our column, and what they accepted or confirmed.
    proposal = models.JSONField(_("proposal"), null=True, blank=True)
    accepted = models.JSONField(_("accepted"), null=True, blank=True)
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("site"), db_index=False
    )
    patient = models.ForeignKey(
        Patient, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("patient")
    )
    exam = models.ForeignKey(
        ScreeningExam, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("exam")
    )
    recall = models.ForeignKey(
        Recall, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("recall")
    )
    conflicts_with = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("same control id as")
    )
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("settled by")
    )  # empty: nobody had to
    note = models.TextField(_("note"), blank=True)
    emptied_at = models.DateTimeField(_("emptied"), null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("HL7 message")
        verbose_name_plural = _("HL7 messages")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=("received", "parked"), settled_at__isnull=True)
                | (~Q(state__in=("received", "parked")) & Q(settled_at__isnull=False)),
                name="a_settled_message_says_when",
            ),
        ]
        indexes = [
            # What is still to be applied, in order of arrival.
            models.Index(fields=["id"], condition=Q(state="received"), name="hl7_message_to_apply"),
            # The list of what waits at a site, and its count on the board.
            models.Index(fields=["site", "id"], condition=Q(state="parked"), name="hl7_message_waiting"),
            # The list of all messages of a site, and the searches of the list.
            models.Index(fields=["site", "state", "id"], name="hl7_message_by_state"),
            models.Index(fields=["message_type", "id"], name="hl7_message_by_type"),
            # Whether a sender has fallen silent.
            models.Index(fields=["sender", "-id"], name="hl7_message_by_sender"),
            # What may be emptied next.
            models.Index(
                fields=["sender", "settled_at"],
                condition=Q(emptied_at__isnull=True, settled_at__isnull=False),
                name="hl7_message_to_empty",
            ),
            models.Index(fields=["control_id"], name="hl7_message_by_control_id"),
        ]

    def __str__(self) -> str:
        return f"{self.message_type} {self.pk}"

    @property
    def body(self) -> bytes:
        """The bytes to read: as mended, else as they came."""
        return bytes(self.raw if self.mended is None else self.mended)

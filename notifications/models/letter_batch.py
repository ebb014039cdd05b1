"""Models of letters printed in bulk: a site's letterhead, a batch that a worker sets, and each letter's place in it."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from notifications.models.notification import Notification


class Letterhead(models.Model):
    """What stands at the head of a site's letters beside its address, and where the address shows in the envelope."""

    class LogoKind(models.TextChoices):
        PNG = "png", "PNG"
        SVG = "svg", "SVG"

    class Window(models.TextChoices):
        US_10 = "us10", _("#10 envelope, window at the left (US)")
        DL = "dl", _("DL or C5/6 envelope, window at the left (Europe)")

    site = models.OneToOneField(Site, models.CASCADE, related_name="letterhead", verbose_name=_("site"))
    lines = models.TextField(_("lines"), blank=True)
    logo = models.BinaryField(_("logo"), default=bytes, blank=True)
    logo_kind = models.CharField(_("kind of logo"), max_length=3, choices=LogoKind, blank=True)
    window = models.CharField(_("envelope"), max_length=4, choices=Window, default=Window.US_10)

    class Meta:
        verbose_name = _("letterhead")
        verbose_name_plural = _("letterheads")

    def __str__(self) -> str:
        return str(self.site)


class LetterBatch(models.Model):
    """All letters of a site that waited, set by a worker into one PDF with a file for a mail house beside it."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waits for a worker")
        WORKING = "working", _("Letters are being made")
        READY = "ready", _("Ready to print")
        FAILED = "failed", _("Could not be made")

    key = models.UUIDField(default=uuid4, unique=True, editable=False)  # names the folder of its files
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked for by")
    )
    made_at = models.DateTimeField(_("asked for"), default=timezone.now)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("times broken off"), default=0)
    seen_at = models.DateTimeField(_("last sign of life"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    # Who said that the pile was printed and posted; the worker then writes it down letter by letter.
    posted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("posted by")
    )
    posted_at = models.DateTimeField(_("posted"), null=True, blank=True)
    files_deleted_at = models.DateTimeField(_("files deleted"), null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("batch of letters")
        verbose_name_plural = _("batches of letters")
        indexes = [
            # Serves the list of a site's batches, and the minute's look for what stands still.
            models.Index(fields=["site", "-id"], name="letter_batch_by_site"),
            models.Index(fields=["state", "seen_at"], name="letter_batch_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.state in (self.State.READY, self.State.FAILED)


class BatchLetter(models.Model):
    """One letter of a batch, and the number under which the carrier tracks it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("To be made")
        READY = "ready", _("In the PDF")
        FAILED = "failed", _("Could not be written")
        LEFT_OUT = "left_out", _("Not true any more")
        POSTED = "posted", _("Posted")

    batch = models.ForeignKey(
        LetterBatch, models.CASCADE, related_name="letters", verbose_name=_("batch"), db_index=False
    )
    notification = models.ForeignKey(
        Notification, models.PROTECT, related_name="batch_letters", verbose_name=_("message")
    )
    position = models.PositiveIntegerField(_("place in the pile"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    tracking_number = models.CharField(_("tracking number"), max_length=40, blank=True)

    class Meta:
        ordering = ["position"]
        verbose_name = _("letter of a batch")
        verbose_name_plural = _("letters of a batch")
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="one_letter_a_place"),
            # Also serves the search by tracking number.
            models.UniqueConstraint(
                fields=["tracking_number"], condition=~models.Q(tracking_number=""), name="one_letter_a_tracking_number"
            ),
        ]
        indexes = [models.Index(fields=["batch", "state"], name="batch_letter_by_state")]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.position}"

"""What came from outside: each results file that was loaded, and each row that waits for a person to mend it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from recalls.models import ScreeningExam


class ResultFile(models.Model):
    """One run of loading a file; the counts grow with each part of the file that is in."""

    name = models.CharField(_("file"), max_length=255)
    site = models.ForeignKey(
        Site,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("site of all rows"),
    )
    loaded_at = models.DateTimeField(_("loaded"), default=timezone.now)
    by = models.CharField(_("by"), max_length=150)
    # Rows by result: {"opened": 12, "recorded": 88, ...}.
    counts = models.JSONField(_("rows by result"), default=dict)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("results file")
        verbose_name_plural = _("results files")

    def __str__(self) -> str:
        return f"{self.name} {self.loaded_at:%Y-%m-%d %H:%M}"


class ParkedRow(models.Model):
    """A row that must not go in as it is, kept word for word until a person mends or dismisses it."""

    class State(models.TextChoices):
        PARKED = "parked", _("Waits to be mended")
        REPLAYED = "replayed", _("Mended and loaded")
        DISMISSED = "dismissed", _("Dismissed")

    file = models.ForeignKey(ResultFile, models.PROTECT, related_name="parked", verbose_name=_("file"))
    line = models.PositiveIntegerField(_("line"))
    site = models.ForeignKey(
        Site,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("site"),
    )
    accession = models.CharField(_("accession"), max_length=60, blank=True)
    raw = models.JSONField(_("the row by column"))
    problems = models.JSONField(_("what to mend"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PARKED)
    parked_at = models.DateTimeField(_("parked"), default=timezone.now)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("settled by"),
    )
    exam = models.ForeignKey(
        ScreeningExam,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("exam it became"),
    )
    note = models.TextField(_("note"), blank=True)
    # SHA-256 of the row as it came: the same row in the same or another file is parked once.
    source_digest = models.CharField(max_length=64, unique=True, editable=False)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("parked row")
        verbose_name_plural = _("parked rows")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="parked", settled_at__isnull=True)
                | (~Q(state="parked") & Q(settled_at__isnull=False)),
                name="a_settled_row_says_when",
            ),
        ]
        indexes = [
            # Serves the list of what waits at a site, and its count on the board.
            models.Index(fields=["site", "id"], condition=Q(state="parked"), name="parked_row_waiting"),
            models.Index(fields=["accession"], name="parked_row_by_accession"),
        ]

    def __str__(self) -> str:
        return str(_("line %(line)s") % {"line": self.line})

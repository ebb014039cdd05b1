"""What came in by file: each load, each upload, and each row that waits for a person to mend it."""

import re
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from recalls.models import ScreeningExam


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error:
        raise ValidationError(_("This is no regular expression. An example: [0-9]{8}")) from None


class IntakeRules(models.Model):
    """How the results of one site come in: how its numbers are built, and what its files call our columns."""

    site = models.OneToOneField(Site, models.CASCADE, related_name="intake_rules", verbose_name=_("site"))
    mrn_pattern = models.CharField(
        _("record numbers look like"),
        max_length=100,
        blank=True,
        validators=[_check_pattern],
        help_text=_("A regular expression for the whole number, such as [0-9]{8}. Empty: any."),
    )
    accession_pattern = models.CharField(
        _("accessions look like"),
        max_length=100,
        blank=True,
        validators=[_check_pattern],
        help_text=_("A regular expression for the whole number, such as [0-9]{8}. Empty: any."),
    )
    # {"Patient ID": "mrn", "Remarks": ""}: the name in the file, and our column or "" for one that is left out.
    column_names = models.JSONField(_("columns by their name in the file"), default=dict, blank=True)

    class Meta:
        verbose_name = _("intake rules of a site")
        verbose_name_plural = _("intake rules of sites")

    def __str__(self) -> str:
        return str(self.site)

    @classmethod
    def of_site(cls, site: Site) -> "IntakeRules":
        """The site's rules, read once for a site object; a site without its own takes any number."""
        found: IntakeRules | None = site.__dict__.get("_intake_rules")
        if found is None:
            found = site.__dict__["_intake_rules"] = getattr(site, "intake_rules", None) or cls(site=site)
        return found


class ReaderName(models.Model):
    """Another name under which a reader's exams come in, such as a former one."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("reader"))
    name = models.CharField(_("name in files"), max_length=200)

    class Meta:
        ordering = ["name"]
        verbose_name = _("other name of a reader")
        verbose_name_plural = _("other names of readers")
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="reader_name_once")]

    def __str__(self) -> str:
        return self.name


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
        OVERTAKEN = "overtaken", _("The exam came in with a later row")

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
    raw = models.JSONField(_("the row by column"))  # as it came: a trigger keeps it so
    # In place of `raw` once somebody has mended it; each version is a `RowMend`.
    mended = models.JSONField(_("the row as mended"), null=True)
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

    @property
    def cells(self) -> dict[str, str]:
        """The cells to read: as mended, else as they came."""
        cells: dict[str, str] = self.raw if self.mended is None else self.mended
        return cells


class ResultUpload(models.Model):
    """A file that somebody sent by browser; its content lies in a private folder until it is loaded."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Columns to be checked")
        QUEUED = "queued", _("Waits to be loaded")
        LOADING = "loading", _("Is being loaded")
        DONE = "done", _("Loaded")
        FAILED = "failed", _("Could not be loaded")

    key = models.UUIDField(default=uuid4, unique=True, editable=False)  # names the stored file
    name = models.CharField(_("file"), max_length=255)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site of rows that name none"))
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    uploaded_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("uploaded by")
    )
    loaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("loaded by")
    )
    # The names of the file's columns in their order, and our column for each ("" for one that is left out).
    header = models.JSONField(_("columns of the file"), default=list)
    columns = models.JSONField(_("our columns"), default=list)
    line_count = models.PositiveIntegerField(_("lines"), default=0)
    lines_done = models.PositiveIntegerField(_("lines done"), default=0)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.DRAFT)
    error = models.TextField(_("why it could not be loaded"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("times broken off"), default=0)
    seen_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    file = models.ForeignKey(
        ResultFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("what came of it")
    )

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        indexes = [
            # Serves the list of uploads at a site, and the minute's look for what stands still.
            models.Index(fields=["site", "-id"], name="upload_by_site"),
            models.Index(fields=["state", "seen_at"], name="upload_by_state"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_finished(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED)

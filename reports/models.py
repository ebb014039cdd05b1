"""Stores weekly figures, who took which list, calendar feeds, signed audits, and what readers say of their cases."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.models import Site, User
from recalls.enums import Modality
from recalls.models import Recall, ScreeningExam
from recalls.models.signed_record import SignedRecord


class WeeklyFigure(models.Model):
    """How many in that week, by value: {"7": 3} among the days to a visit means three visits after seven days.

    Counted anew by the workers: today every few minutes, the days that are over once a day. Read for the board alone.
    """

    class Measure(models.TextChoices):
        OUTCOMES = "outcomes", _("Outcomes by category")
        VISIT_DAYS = "visit_days", _("Days from result to visit")
        OUTCOME_DAYS = "outcome_days", _("Days from result to outcome")
        OPEN = "open", _("Open at the end of the week")
        AGED = "aged", _("Open for more than 60 days at the end of the week")
        LOST = "lost", _("Closed as lost in the week")

    site = models.ForeignKey(Site, models.CASCADE, related_name="+", verbose_name=_("site"))
    week = models.DateField(_("week of"))
    measure = models.CharField(_("measure"), max_length=12, choices=Measure)
    language = models.CharField(_("language"), max_length=20, blank=True)
    # Whether it is today's part of the running week; the rest of that week is another row.
    is_today = models.BooleanField(_("of today"), default=False, db_default=False)
    counts = models.JSONField(_("how many by value"), default=dict)
    counted_at = models.DateTimeField(_("counted"))

    class Meta:
        verbose_name = _("weekly figure")
        verbose_name_plural = _("weekly figures")
        constraints = [
            models.UniqueConstraint(
                fields=["site", "week", "measure", "language", "is_today"], name="weekly_figure_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.week:%Y-%m-%d}"


class KeptMonth(models.Model):
    """What the workers counted of one month at a site for one breakdown of the audit: its groups with their numbers.

    Counted anew every hour, months that are long over once a day. Read where no page has the time to count.
    """

    class Part(models.TextChoices):
        SCREENING = "screening", _("Screenings")
        WORK_UP = "work_up", _("Work-ups")
        RECALLS = "recalls", _("Recalls")

    site = models.ForeignKey(Site, models.CASCADE, related_name="+", db_index=False, verbose_name=_("site"))
    month = models.DateField(_("first day of the month"))
    part = models.CharField(_("what is counted"), max_length=10, choices=Part)
    by = models.CharField(_("by"), max_length=12)
    counts = models.JSONField(_("numbers by group"))
    counted_at = models.DateTimeField(_("counted"))

    class Meta:
        verbose_name = _("kept month of the audit")
        verbose_name_plural = _("kept months of the audit")
        constraints = [models.UniqueConstraint(fields=["site", "month", "part", "by"], name="kept_month_once")]

    def __str__(self) -> str:
        return f"{self.part} {self.by} {self.month:%Y-%m}"


class KeptReaderMonth(models.Model):
    """The same of what one person read in a month at a site: {part: {breakdown: numbers by group}}, in one row."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="+", verbose_name=_("site"))
    month = models.DateField(_("first day of the month"))
    reader = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False, verbose_name=_("reader"))
    counts = models.JSONField(_("numbers by part, breakdown and group"))
    counted_at = models.DateTimeField(_("counted"))

    class Meta:
        verbose_name = _("kept month of a reader")
        verbose_name_plural = _("kept months of readers")
        constraints = [models.UniqueConstraint(fields=["reader", "month", "site"], name="kept_reader_month_once")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class ExportLog(models.Model):
    """One CSV file of patients: who took it, when, and why. Whose rows it held is in the access log."""

    REASON_LENGTH = 300  # characters

    at = models.DateTimeField(_("when"), auto_now_add=True)
    user = models.ForeignKey(User, models.PROTECT, verbose_name=_("who"), related_name="+")
    name = models.CharField(_("list"), max_length=40)
    reason = models.CharField(_("why"), max_length=REASON_LENGTH)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("CSV file taken")
        verbose_name_plural = _("CSV files taken")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.name}"


class CalendarFeed(models.Model):
    """A secret address under which a calendar program reads when a site's rooms of one kind are taken."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="+", verbose_name=_("site"))
    modality = models.CharField(_("rooms for"), max_length=12, choices=Modality)
    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256 of the secret
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made"), auto_now_add=True)
    ended_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("ended by")
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
        indexes = [models.Index(fields=["site", "-id"], name="calendar_feed_by_site")]

    def __str__(self) -> str:
        return f"{self.site} {self.get_modality_display()}"


class AuditPhysician(models.Model):
    """The audit interpreting physician of a site (21 CFR 900.12(f)): reviews and signs its audit once a year."""

    site = models.OneToOneField(Site, models.CASCADE, related_name="+", verbose_name=_("site"))
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("audit interpreting physician"))
    named_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("named by"))
    named_at = models.DateTimeField(_("named"), auto_now=True)

    class Meta:
        verbose_name = _("audit interpreting physician")
        verbose_name_plural = _("audit interpreting physicians")

    def __str__(self) -> str:
        return f"{self.site}"


class SignedAudit(SignedRecord):
    """The audit of a site's year as it stood when it was signed, with the definitions it followed. Never changed."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    year = models.PositiveSmallIntegerField(_("year of the screenings"))
    # A document for each breakdown, by its name.
    documents = models.JSONField(_("figures and definitions"))
    note = models.TextField(_("conclusions"), blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("signed audit")
        verbose_name_plural = _("signed audits")
        indexes = [models.Index(fields=["site", "-year", "-id"], name="signed_audit_by_site")]

    def __str__(self) -> str:
        return f"{self.site} {self.year}"


class CaseRating(SignedRecord):
    """What a reader said of a case that came back: useful or not. The newest of a reader counts; never changed."""

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="+", verbose_name=_("recall"))
    useful = models.BooleanField(_("useful"))

    class Meta:
        verbose_name = _("rating of a case")
        verbose_name_plural = _("ratings of cases")
        indexes = [models.Index(fields=["user", "recall", "-id"], name="case_rating_newest")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class CaseReview(SignedRecord):
    """What a reader wrote about an own reading that a cancer followed; for the reader and the audit physician alone."""

    class Kind(models.TextChoices):
        FALSE_NEGATIVE = "false_negative", _("Screening read as negative, cancer within a year")
        MISSED_UPGRADE = "missed_upgrade", _("Work-up read as 1, 2 or 3, cancer within a year")

    exam = models.ForeignKey(ScreeningExam, models.PROTECT, related_name="+", verbose_name=_("exam"))
    kind = models.CharField(_("why"), max_length=16, choices=Kind)
    note = models.TextField(_("what the review found"))

    PERSONAL_COLUMNS = ("note",)

    class Meta:
        verbose_name = _("review of a case")
        verbose_name_plural = _("reviews of cases")
        constraints = [models.UniqueConstraint(fields=["exam", "kind", "user"], name="case_reviewed_once_by_a_reader")]

    def __str__(self) -> str:
        return f"#{self.pk}"

"""Models of reports from other institutions and of the requests for them."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from recalls.enums import OutsideReportKind, ReportSource
from recalls.models.outcomes import Outcome
from recalls.models.pathology import PathologyResult
from recalls.models.recall import Recall
from recalls.models.signed_record import SignedRecord


class StandingReportManager(models.Manager["OutsideReport"]):
    """Leaves out what was recorded in error: nobody has seen the patient, or a surgery was not theirs or not so."""

    def get_queryset(self) -> models.QuerySet["OutsideReport"]:
        return super().get_queryset().filter(taken_back=None)


class OutsideReport(SignedRecord):
    """A report of what was done elsewhere, with its text or file; the result it gave stands in its own row."""

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="outside_reports", verbose_name=_("recall"))
    kind = models.CharField(_("what was done"), max_length=7, choices=OutsideReportKind)
    facility = models.CharField(_("facility"), max_length=200)
    performed_on = models.DateField(_("done on"))
    source = models.CharField(_("how it came"), max_length=7, choices=ReportSource)
    text = models.TextField(_("report"), blank=True)
    # Kept in the database, so that a backup holds it and no web server can give it away.
    file_name = models.CharField(_("file"), max_length=150, blank=True)
    content_type = models.CharField(max_length=60, blank=True, editable=False)
    content = models.BinaryField(null=True, blank=True, editable=False)
    outcome = models.ForeignKey(
        Outcome, models.PROTECT, null=True, blank=True, related_name="outside_reports", verbose_name=_("outcome")
    )
    pathology = models.ForeignKey(
        PathologyResult,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="outside_reports",
        verbose_name=_("pathology result"),
    )

    objects = StandingReportManager()
    all_objects = models.Manager["OutsideReport"]()

    PERSONAL_COLUMNS = ("text", "file_name", "content")

    class Meta:
        ordering = ["pk"]
        verbose_name = _("outside report")
        verbose_name_plural = _("outside reports")

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.facility}, {self.performed_on:%Y-%m-%d}"


class OutsideReportRetraction(SignedRecord):
    """Says that a first visit or a surgery elsewhere was recorded in error; the rows stay."""

    report = models.OneToOneField(
        OutsideReport, models.PROTECT, related_name="taken_back", verbose_name=_("outside report")
    )

    class Meta:
        verbose_name = _("outside report taken back")
        verbose_name_plural = _("outside reports taken back")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class ReportRequest(models.Model):
    """A report that another institution owes: asked for until it comes or a person signs that it is not to be had.

    Domain fact: 21 CFR 900.12(f) asks for an attempt to obtain the pathology of every positive mammogram.
    """

    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    recall = models.ForeignKey(Recall, models.PROTECT, related_name="report_requests", verbose_name=_("recall"))
    kind = models.CharField(_("report of"), max_length=7, choices=OutsideReportKind)
    facility = models.CharField(_("facility"), max_length=200)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    opened_at = models.DateTimeField(_("since"), default=timezone.now)
    asked_on = models.DateField(_("last asked on"), null=True, blank=True)
    times_asked = models.PositiveSmallIntegerField(_("times asked"), default=0)
    ask_on = models.DateField(_("ask on"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.CharField(_("closed by"), max_length=150, blank=True)
    # True where the report came, False where a person signed that it is not to be had.
    received = models.BooleanField(_("received"), null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("report request")
        verbose_name_plural = _("report requests")
        constraints = [
            models.UniqueConstraint(
                fields=["recall", "kind", "facility"],
                condition=Q(closed_at__isnull=True),
                name="report_requested_once",
            ),
        ]
        indexes = [
            # Serves the chase list of a site: by institution, then by the day on which to ask.
            models.Index(
                fields=["site", "facility", "ask_on", "id"],
                condition=Q(closed_at__isnull=True),
                name="report_request_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.facility}"

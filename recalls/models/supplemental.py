"""Model of supplemental screening: a test advised beside a screening mammogram, which is no recall."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from patients.models import Patient
from recalls.enums import Assessment, SupplementalStatus, SupplementalTest
from recalls.models.exams import ScreeningExam
from recalls.models.recall import Recall


class SupplementalScreening(models.Model):
    """One test advised after an exam, mostly for dense tissue. Its patient is the exam's, also after a merge.

    A day in `done_on` while it still stands as advised means that its result is awaited.
    """

    exam = models.ForeignKey(
        ScreeningExam, models.PROTECT, related_name="supplemental_screenings", verbose_name=_("exam")
    )
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    kind = models.CharField(_("test"), max_length=10, choices=SupplementalTest)
    status = models.CharField(
        _("status"), max_length=10, choices=SupplementalStatus, default=SupplementalStatus.ADVISED
    )
    advised_on = models.DateField(_("advised on"))
    due_on = models.DateField(_("due by"))
    done_on = models.DateField(_("done on"), null=True, blank=True)
    result = models.CharField(_("result"), max_length=8, choices=Assessment, blank=True)
    note = models.TextField(_("note"), blank=True)
    # The recall that its result opened.
    recall = models.OneToOneField(
        Recall, models.PROTECT, null=True, blank=True, related_name="supplemental", verbose_name=_("recall")
    )
    advised_by = models.CharField(_("entered by"), max_length=150)
    recorded_by = models.CharField(_("recorded by"), max_length=150, blank=True)
    recorded_at = models.DateTimeField(_("recorded"), null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("supplemental screening")
        verbose_name_plural = _("supplemental screenings")
        constraints = [
            models.UniqueConstraint(
                fields=["exam", "kind"],
                condition=Q(status=SupplementalStatus.ADVISED),
                name="supplemental_advised_once",
                violation_error_message=_("This test is already advised after this exam."),
            ),
            models.CheckConstraint(
                condition=(Q(status=SupplementalStatus.DONE, done_on__isnull=False) & ~Q(result=""))
                | (~Q(status=SupplementalStatus.DONE) & Q(result="")),
                name="a_supplemental_done_has_day_and_result",
                violation_error_message=_("A test that is done has a day and a result."),
            ),
        ]
        indexes = [
            # Serves the list of a site: what is advised and not done, by the day it is due.
            models.Index(
                fields=["site", "due_on", "id"],
                condition=Q(status=SupplementalStatus.ADVISED),
                name="supplemental_to_do",
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())

    @property
    def is_correctable(self) -> bool:
        """Whether what came of it may still be noted: not once it has opened a recall or was ended."""
        return self.recall_id is None and self.status in (SupplementalStatus.ADVISED, SupplementalStatus.DONE)

    @property
    def patient(self) -> Patient:
        return self.exam.patient

"""Stores the weekly figures of the board: one row for each week, site and measure."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.models import Site


class WeeklyFigure(models.Model):
    """How many in that week, by value: {"7": 3} among the days to a visit means three visits after seven days.

    Counted anew by the workers every few minutes, all twelve weeks at a time; never read for anything but the board.
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
    counts = models.JSONField(_("how many by value"), default=dict)
    counted_at = models.DateTimeField(_("counted"))

    class Meta:
        verbose_name = _("weekly figure")
        verbose_name_plural = _("weekly figures")
        constraints = [
            models.UniqueConstraint(fields=["site", "week", "measure", "language"], name="weekly_figure_once"),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.week:%Y-%m-%d}"

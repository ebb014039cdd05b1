"""Models of the estimate of missed visits: a site's rule of reminder calls, and each fit with how well it holds."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.models import Site

LEAST_VISITS = 200  # below this no estimate is made, whatever a site says
LEAST_MISSED = 50  # missed visits, about seven for each number that is fitted


class ReminderCallPolicy(models.Model):
    """How a site chooses who is called before a visit; a site without a row calls nobody by an estimate."""

    site = models.OneToOneField(Site, models.CASCADE, related_name="reminder_call_policy", verbose_name=_("site"))
    is_on = models.BooleanField(
        _("call those who are most likely to miss their visit"),
        default=False,
        help_text=_("Opens tasks for reminder calls. It changes who is called and when, never what is offered."),
    )
    calls_a_day = models.PositiveSmallIntegerField(
        _("calls a day, at most"), default=5, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    days_ahead = models.PositiveSmallIntegerField(
        _("business days before the visit"), default=2, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    least_visits = models.PositiveIntegerField(
        _("past visits needed for an estimate"),
        default=500,
        validators=[MinValueValidator(LEAST_VISITS), MaxValueValidator(100_000)],
    )

    class Meta:
        verbose_name = _("reminder calls")
        verbose_name_plural = _("reminder calls")

    def __str__(self) -> str:
        return str(_("Reminder calls"))


class NoShowFit(models.Model):
    """One fit at a site: from which visits, what it says, and how it held on visits it had not seen. Never changed.

    `coefficients` is by the names of `recalls.no_show.features`, "intercept" beside them; empty where too few visits
    are known. `calibration` holds shares and numbers of groups, and of nobody.
    """

    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False, verbose_name=_("site"))
    at = models.DateTimeField(_("fitted"))
    first_on = models.DateField(_("visits from"))
    last_on = models.DateField(_("visits until"))
    visits = models.PositiveIntegerField(_("visits"))
    missed = models.PositiveIntegerField(_("missed"))
    coefficients = models.JSONField(_("coefficients"), default=dict)
    calibration = models.JSONField(_("calibration"), default=dict)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("estimate of missed visits")
        verbose_name_plural = _("estimates of missed visits")
        # Serves the newest of a site.
        indexes = [models.Index(fields=["site", "-id"], name="no_show_fit_by_site")]

    def __str__(self) -> str:
        return f"#{self.pk}"

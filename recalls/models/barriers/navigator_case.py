"""Models of the cases that navigators take, of the minutes they take, and of how many one person has at a site."""

from typing import Any, Final, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from recalls.enums import State
from recalls.enums.barriers import CaseEnd, CaseReason
from recalls.models.recall import Recall
from recalls.models.signed_record import SignedRecord

MOST_OPEN_CASES: Final = 25  # of one navigator at a site that says nothing else
MOST_MINUTES: Final = 600  # in one entry


class NavigationPolicy(models.Model):
    """How many open cases one navigator may have at a site; without a row 25."""

    site = models.OneToOneField(Site, models.CASCADE, related_name="navigation_policy", verbose_name=_("site"))
    most_cases = models.PositiveSmallIntegerField(
        _("open cases of one navigator at most"),
        default=MOST_OPEN_CASES,
        validators=[MinValueValidator(1), MaxValueValidator(200)],
    )

    class Meta:
        verbose_name = _("rule for navigators")
        verbose_name_plural = _("rules for navigators")

    def __str__(self) -> str:
        return f"{self.site.name}: {self.most_cases}"


class NavigatorCaseQuerySet(models.QuerySet[Any]):
    def still_open(self) -> Self:
        """Not ended, and of a recall that is open: a case is over with its recall, and goes on if that is reopened."""
        return self.filter(ended_at=None).exclude(recall__state=State.CLOSED)


class NavigatorCase(models.Model):
    """One recall in the hands of one navigator, beside the lists of everybody, until they end it or the recall ends."""

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="navigator_cases", verbose_name=_("recall"))
    navigator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", verbose_name=_("navigator")
    )
    reason = models.CharField(_("why"), max_length=10, choices=CaseReason)
    taken_at = models.DateTimeField(_("taken"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    end = models.CharField(_("how it ended"), max_length=10, choices=CaseEnd, blank=True)

    objects = NavigatorCaseQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("navigator's case")
        verbose_name_plural = _("navigators' cases")
        constraints = [
            models.UniqueConstraint(
                fields=["recall"], condition=Q(ended_at=None), name="one_navigator_case_per_recall"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
                name="a_navigator_case_ends_somehow",
            ),
        ]
        indexes = [
            # Serves the load of one navigator, and their list.
            models.Index(fields=["navigator", "id"], condition=Q(ended_at=None), name="navigator_case_open"),
            # Serves the minutes of the cases that ended in a week.
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="navigator_case_ended"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class CaseMinutes(SignedRecord):
    """Minutes of work for a case, as the navigator says."""

    case = models.ForeignKey(NavigatorCase, models.PROTECT, related_name="minutes", verbose_name=_("case"))
    minutes = models.PositiveSmallIntegerField(
        _("minutes"), validators=[MinValueValidator(1), MaxValueValidator(MOST_MINUTES)]
    )

    class Meta:
        ordering = ["pk"]
        verbose_name = _("minutes for a case")
        verbose_name_plural = _("minutes for cases")

    def __str__(self) -> str:
        return f"{self.minutes}"

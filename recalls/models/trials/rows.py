"""Models of a trial. Every row is only ever added: a definition is frozen from the moment it is drafted.

A draft that is to be other is withdrawn and drafted anew. What stands without a start is a draft, what has an end takes
in nobody any more, and what has a result is over, whatever was found.
"""

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from recalls.enums import PartOfDay
from recalls.models.recall import Recall
from recalls.models.signed_record import SignedRecord


class TrialQuerySet(models.QuerySet[Any]):
    """Where a trial stands, by the rows that it has."""

    def running(self) -> Self:
        return self.filter(start__isnull=False, end=None)

    def awaiting_result(self) -> Self:
        """Ended after a start, and not counted yet."""
        return self.filter(start__isnull=False, end__isnull=False, result=None)


class Trial(SignedRecord):
    """Two ways of doing one thing, compared by one outcome; drafted by `user`, started by another person."""

    class Subject(models.TextChoices):
        TEXT = "text", _("Two texts of a message")
        CALL_TIME = "call_time", _("First call in the morning or in the afternoon")
        OFFER_SIZE = "offer_size", _("To how many a free earlier time is offered at once")

    class Outcome(models.TextChoices):
        VISIT_10 = "visit_10", _("Came to a visit within 10 days")
        VISIT_20 = "visit_20", _("Came to a visit within 20 days")
        VISIT_60 = "visit_60", _("Came to a visit within 60 days")
        FIRST_CALL = "first_call", _("Reached at the first call")
        OFFER_TAKEN = "offer_taken", _("The offered earlier time was taken")

    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    title = models.CharField(_("title"), max_length=120)
    question = models.TextField(_("what it asks, and why"))
    ethics = models.CharField(_("ethics approval, or why none is needed"), max_length=300)
    subject = models.CharField(_("compares"), max_length=12, choices=Subject)
    # What each arm does: {"a": ..., "b": ...}, and for texts the message that they are of.
    arms = models.JSONField(_("arms"))
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome)
    size = models.PositiveIntegerField(_("recalls in all"))
    ends_on = models.DateField(_("takes in nobody after"))
    seed = models.PositiveBigIntegerField(_("seed"))

    objects = TrialQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("trial")
        verbose_name_plural = _("trials")
        indexes = [models.Index(fields=["site", "-id"], name="trial_by_site")]

    def __str__(self) -> str:
        return self.title


class TrialStart(SignedRecord):
    """The second person's yes; from then on recalls are taken in."""

    trial = models.OneToOneField(Trial, models.PROTECT, related_name="start", verbose_name=_("trial"))

    class Meta:
        verbose_name = _("start of a trial")
        verbose_name_plural = _("starts of trials")

    def __str__(self) -> str:
        return f"#{self.trial_id}"


class TrialPlace(models.Model):
    """One recall in one arm. A recall takes part in one trial at most."""

    class Arm(models.TextChoices):
        A = "a", "A"
        B = "b", "B"

    trial = models.ForeignKey(Trial, models.PROTECT, related_name="places", verbose_name=_("trial"), db_index=False)
    recall = models.OneToOneField(Recall, models.PROTECT, related_name="trial_place", verbose_name=_("recall"))
    # In the order in which they were taken in, from 0 on.
    number = models.PositiveIntegerField(_("number"))
    arm = models.CharField(_("arm"), max_length=1, choices=Arm)
    # Of a trial of call times: the part of the day in which the first call is asked for.
    call_part = models.CharField(_("first call"), max_length=9, choices=PartOfDay, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("recall in a trial")
        verbose_name_plural = _("recalls in trials")
        constraints = [
            models.UniqueConstraint(fields=["trial", "number"], name="trial_number_once"),
            models.CheckConstraint(condition=Q(arm__in=["a", "b"]), name="a_trial_has_two_arms"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class TrialEnd(SignedRecord):
    """From here on nobody is taken in, and texts and offers are the usual again; of a draft, that it was withdrawn."""

    class Reason(models.TextChoices):
        FULL = "full", _("all recalls are taken in")
        DATE = "date", _("its last day is over")
        BY_HAND = "by_hand", _("stopped by a person")
        SAFETY = "safety", _("stopped by the program: one arm does clearly worse")
        WITHDRAWN = "withdrawn", _("the draft was withdrawn")

    trial = models.OneToOneField(Trial, models.PROTECT, related_name="end", verbose_name=_("trial"))
    reason = models.CharField(_("because"), max_length=10, choices=Reason)
    words = models.CharField(_("why"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("end of a trial")
        verbose_name_plural = _("ends of trials")

    def __str__(self) -> str:
        return f"#{self.trial_id}"


class TrialResult(models.Model):
    """What was counted once the outcome of the last recall could be known; kept also where nothing was found."""

    trial = models.OneToOneField(Trial, models.PROTECT, related_name="result", verbose_name=_("trial"))
    at = models.DateTimeField(_("counted"), default=timezone.now)
    document = models.JSONField(_("figures and definitions"))

    class Meta:
        verbose_name = _("result of a trial")
        verbose_name_plural = _("results of trials")

    def __str__(self) -> str:
        return f"#{self.trial_id}"

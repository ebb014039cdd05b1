"""Append-only models of outcomes, their releases and retractions."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recalls.enums import Assessment, BiradsEdition, OutcomeBasis
from recalls.models.appointments import Appointment
from recalls.models.recall import Recall
from recalls.models.signed_record import SignedRecord

# The account of who read the images of an outcome: whoever recorded it, where no other is named.
READ_BY = Coalesce("reader", "user")


def is_read_by(person: int) -> Q:
    """Outcomes whose images this person read; an index serves each half."""
    return Q(reader=person) | Q(reader=None, user=person)


class ActiveOutcomeManager(models.Manager["Outcome"]):
    """Whoever asks for outcomes gets those that stand: no page, message or figure knows of one that was a slip."""

    def get_queryset(self) -> models.QuerySet["Outcome"]:
        return super().get_queryset().filter(taken_back=None)


class Outcome(SignedRecord):
    """The final assessment of a work-up; an amendment is a new row that names the one it replaces.

    One that was undone within seconds stays in the table and is left out by `objects`; `everything` has it.
    """

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="outcomes", verbose_name=_("recall"))
    appointment = models.ForeignKey(
        Appointment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="outcomes",
        verbose_name=_("visit"),
    )
    basis = models.CharField(_("rests on"), max_length=8, choices=OutcomeBasis, default=OutcomeBasis.VISIT)
    # Where and on which day the exam was done that it rests on, where that was elsewhere.
    facility = models.CharField(_("facility"), max_length=200, blank=True)
    performed_on = models.DateField(_("done on"), null=True, blank=True)
    # The interpreting physician, where that is not who recorded it: an account here, or the name in a report from
    # elsewhere.
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("read by"),
        db_index=False,
    )
    reader_name = models.CharField(_("read elsewhere by"), max_length=200, blank=True, default="", db_default="")
    # When the images were first read: an amendment is a new word about the same reading.
    read_at = models.DateTimeField(_("first read"), default=timezone.now)
    round = models.PositiveSmallIntegerField(_("short-interval round"), default=0)
    assessment = models.CharField(_("assessment"), max_length=8, choices=Assessment)
    assessment_left = models.CharField(_("left breast"), max_length=8, choices=Assessment, blank=True)
    assessment_right = models.CharField(_("right breast"), max_length=8, choices=Assessment, blank=True)
    birads_edition = models.CharField(
        _("edition of BI-RADS"), max_length=8, choices=BiradsEdition, default=BiradsEdition.FIFTH
    )
    follow_up_months = models.PositiveSmallIntegerField(_("follow-up in months"), null=True, blank=True)
    text = models.TextField(_("comment"), blank=True)
    amends = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="amended_by",
        verbose_name=_("amends"),
    )
    reason = models.TextField(_("reason for the amendment"), blank=True)

    objects = ActiveOutcomeManager()
    all_objects = models.Manager["Outcome"]()

    PERSONAL_COLUMNS = ("text", "reason")

    class Meta:
        ordering = ["pk"]
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amends__isnull=True) | ~models.Q(reason=""),
                name="an_amended_outcome_has_a_reason",
                violation_error_message=_("Say why the outcome is amended."),
            ),
        ]
        indexes = [
            # Serves the board, outcomes by week, and FHIR: what changed since, in that order.
            models.Index(fields=["at", "id"], name="outcome_by_time"),
            # Serves the own figures of a radiologist whose outcomes others record.
            models.Index(fields=["reader"], condition=Q(reader__isnull=False), name="outcome_by_reader"),
        ]

    def __str__(self) -> str:
        return str(self.get_assessment_display())

    def says_same_as(self, other: "Outcome") -> bool:
        """Whether both give the patient the same result, whatever the comments are."""
        names = ("assessment", "assessment_left", "assessment_right", "follow_up_months")
        return all(getattr(self, name) == getattr(other, name) for name in names)


class OutcomeRetraction(SignedRecord):
    """Says that an outcome was a slip of the hand, undone before anybody was told; the outcome's row stays."""

    outcome = models.OneToOneField(Outcome, models.PROTECT, related_name="taken_back", verbose_name=_("outcome"))

    class Meta:
        verbose_name = _("outcome taken back")
        verbose_name_plural = _("outcomes taken back")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class OutcomeRelease(SignedRecord):
    """From when the patient may be told of an outcome; nothing is written to the patient before."""

    outcome = models.OneToOneField(Outcome, models.PROTECT, related_name="release", verbose_name=_("outcome"))
    release_at = models.DateTimeField(_("released from"))

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")

    def __str__(self) -> str:
        return f"{self.release_at:%Y-%m-%d %H:%M}"

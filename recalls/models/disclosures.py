"""Append-only models of what a patient was told, of refusals, and of referrals to treatment."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from recalls.enums import DisclosureMethod, Listener
from recalls.models.recall import Recall
from recalls.models.signed_record import SignedRecord


class StandingDisclosureManager(models.Manager["ResultDisclosure"]):
    """Leaves out the talks that were recorded in error: they told the patient nothing."""

    def get_queryset(self) -> models.QuerySet["ResultDisclosure"]:
        return super().get_queryset().filter(taken_back=None)


class ResultDisclosure(SignedRecord):
    """The patient was told every result of the recall that was known by then.

    Domain fact: a result is communicated when a person has told it, and the record says who, when, how and to whom.
    """

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="disclosures", verbose_name=_("recall"))
    told_at = models.DateTimeField(_("told"))
    method = models.CharField(_("how"), max_length=10, choices=DisclosureMethod)
    told_by = models.CharField(_("told by"), max_length=150)
    told_to = models.CharField(_("to whom"), max_length=7, choices=Listener, default=Listener.PATIENT)
    told_to_name = models.CharField(_("name of that person"), max_length=150, blank=True)
    interpreter = models.BooleanField(_("with an interpreter"), default=False)
    understood = models.TextField(_("what was understood"), blank=True)
    next_step = models.TextField(_("agreed next step"), blank=True)

    objects = StandingDisclosureManager()
    all_objects = models.Manager["ResultDisclosure"]()

    PERSONAL_COLUMNS = ("told_to_name", "understood", "next_step")

    class Meta:
        ordering = ["pk"]
        verbose_name = _("result told")
        verbose_name_plural = _("results told")

    def __str__(self) -> str:
        return f"{self.get_method_display()} {self.told_at:%Y-%m-%d %H:%M}"


class DisclosureRetraction(SignedRecord):
    """Says that a talk or letter was recorded in error, or was with somebody else; the row of the talk stays."""

    disclosure = models.OneToOneField(
        ResultDisclosure, models.PROTECT, related_name="taken_back", verbose_name=_("result told")
    )

    class Meta:
        verbose_name = _("result told, taken back")
        verbose_name_plural = _("results told, taken back")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class Refusal(SignedRecord):
    """The informed refusal of a patient: what was explained to them, and when it is offered again."""

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="refusals", verbose_name=_("recall"))
    reason = models.CharField(_("reason"), max_length=100)
    words = models.TextField(_("in the patient's words"), blank=True)
    explained_by = models.CharField(_("explained by"), max_length=150, blank=True)
    risk_explained = models.TextField(_("what risk was explained"), blank=True)
    interpreter = models.BooleanField(_("with an interpreter"), default=False)
    letter_sent = models.BooleanField(_("letter sent"), default=False)
    offer_again_on = models.DateField(_("offered again on"), null=True, blank=True)

    PERSONAL_COLUMNS = ("reason", "words", "risk_explained")

    class Meta:
        ordering = ["pk"]
        verbose_name = _("refusal")
        verbose_name_plural = _("refusals")

    def __str__(self) -> str:
        return self.reason


class StandingReferralManager(models.Manager["Referral"]):
    """Leaves out the referrals after which the patient was not seen: nobody has taken over."""

    def get_queryset(self) -> models.QuerySet["Referral"]:
        return super().get_queryset().filter(not_kept=None)


class Referral(SignedRecord):
    """Who takes over a patient with a malignant or high-risk result, where, and when they are seen first.

    Somebody asks there afterwards whether the patient came: the outside report of a first visit says so.
    """

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="referrals", verbose_name=_("recall"))
    clinician = models.CharField(_("receiving clinician"), max_length=150)
    facility = models.CharField(_("facility"), max_length=200)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    first_visit_on = models.DateField(_("first visit there"))

    objects = StandingReferralManager()
    all_objects = models.Manager["Referral"]()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")

    def __str__(self) -> str:
        return f"{self.clinician}, {self.facility}, {self.first_visit_on:%Y-%m-%d}"


class ReferralRetraction(SignedRecord):
    """Says that the patient was not seen where they were handed over to; the row of the referral stays."""

    referral = models.OneToOneField(Referral, models.PROTECT, related_name="not_kept", verbose_name=_("referral"))

    class Meta:
        verbose_name = _("referral not kept")
        verbose_name_plural = _("referrals not kept")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"

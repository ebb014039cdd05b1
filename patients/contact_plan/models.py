"""Models of the contact plan, of the codes that prove a number, and of handing a tablet to a patient."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from patients.models import Patient


class NumberCheck(models.TextChoices):
    """How far it is known that the patient's number reaches the patient."""

    CODE = "code", _("verified by a code")
    LANDLINE = "landline", _("not verified: a home phone gets no texts")
    NO_TEXTS = "no_texts", _("not verified: the clinic sends no texts")
    OPTED_OUT = "opted_out", _("not verified: the patient wants no texts")
    NOT_TYPED = "not_typed", _("not verified: the code was not typed in")
    NO_PHONE = "no_phone", _("the patient has no phone")
    DO_NOT_CALL = "do_not_call", _("not verified: the patient wants no calls")


class MayAnswer(models.TextChoices):
    """Who else may answer a call for the patient, and what may be said to them."""

    ONLY_ME = "only_me", _("only the patient")
    MESSAGE = "message", _("may take the message “please call back”")
    RESULTS = "results", _("may hear results too")


class ContactPlan(models.Model):
    """What a patient said about being reached, beside what the record holds of it already.

    Numbers, hours, language, voicemail and wishes about results stand where they always stand; here is who else may
    answer, how the number was checked, and which questions were answered when.
    """

    patient: "models.OneToOneField[Patient, Patient]" = models.OneToOneField(
        "patients.Patient", models.CASCADE, related_name="contact_plan", verbose_name=_("patient")
    )
    number_check = models.CharField(_("number"), max_length=11, choices=NumberCheck, blank=True)
    may_answer = models.CharField(_("who else may answer"), max_length=7, choices=MayAnswer, blank=True)
    other_name = models.CharField(_("name of the person who may answer"), max_length=150, blank=True)
    number_at = models.DateTimeField(_("number asked"), null=True, blank=True)
    calls_at = models.DateTimeField(_("hours and voicemail asked"), null=True, blank=True)
    people_at = models.DateTimeField(_("other people asked"), null=True, blank=True)
    result_at = models.DateTimeField(_("wish about results asked"), null=True, blank=True)
    # Every question was answered, the last time that the patient went through them.
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("contact plan")
        verbose_name_plural = _("contact plans")

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def holding_may_answer(self) -> str:
        """A `MayAnswer`. Hearing results holds while the wish about results names that very person; else it is open.

        No query where the patient was read with the wish.
        """
        wish = getattr(self.patient, "result_wish", None)
        if self.may_answer == MayAnswer.RESULTS and (wish is None or wish.proxy_name != self.other_name):
            return ""
        return self.may_answer

    @property
    def is_answered(self) -> bool:
        return None not in (self.number_at, self.calls_at, self.people_at, self.result_at)


class NumberCode(models.Model):
    """A code that was sent to a number. The code is never stored, only a keyed hash of it."""

    patient: "models.ForeignKey[Patient, Patient]" = models.ForeignKey(
        "patients.Patient", models.CASCADE, related_name="number_codes", verbose_name=_("patient")
    )
    number = models.CharField(_("number"), max_length=60)
    salt = models.CharField(max_length=32, editable=False)
    code_hash = models.CharField(max_length=64, editable=False)
    sent_at = models.DateTimeField(_("sent"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    failed_attempts = models.PositiveSmallIntegerField(_("wrong codes"), default=0)
    # Typed in, typed wrong too often, or followed by another one.
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("code to a number")
        verbose_name_plural = _("codes to numbers")
        # Serves "how many texts went to this number today?".
        indexes = [models.Index(fields=["number", "sent_at"], name="number_code_by_number")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class TabletHandover(models.Model):
    """A tablet that staff handed to one patient for the contact plan: who, when, and until when it may be used."""

    # The time for the questions, and for staff to type the number in on the tablet.
    LIFETIME = timedelta(minutes=20)
    CODE_LIFETIME = timedelta(minutes=10)

    patient: "models.ForeignKey[Patient, Patient]" = models.ForeignKey(
        "patients.Patient", models.CASCADE, related_name="tablet_handovers", verbose_name=_("patient")
    )
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("handed over by")
    )
    # Of the number that opens it on a tablet; empty once it was typed in.
    code_hash = models.CharField(max_length=64, blank=True, editable=False)
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    opened_at = models.DateTimeField(_("opened on the tablet"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("tablet handed over")
        verbose_name_plural = _("tablets handed over")
        constraints = [
            models.UniqueConstraint(fields=["code_hash"], condition=~Q(code_hash=""), name="tablet_code_once"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    def is_usable_at(self, now: datetime) -> bool:
        """Whether the tablet may still ask this patient: opened, not given back, in time, and of a record in use."""
        if self.opened_at is None or self.ended_at is not None or now >= self.opened_at + self.LIFETIME:
            return False
        patient = self.patient
        return patient.deceased_on is None and patient.merged_into_id is None and patient.site.asks_contact_plan

"""Who the patient is, how they want to be reached, what they agreed to, and who sent them."""

from datetime import date, datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.access.page_views import note_loaded
from clinic.models import Site
from patients.background import Ethnicity, Insurance, Race
from patients.contact_plan.models import ContactPlan as ContactPlan
from patients.contact_plan.models import NumberCode as NumberCode
from patients.contact_plan.models import TabletHandover as TabletHandover
from patients.record_models import DifferentPeople as DifferentPeople
from patients.record_models import PatientChange as PatientChange
from patients.search_index import ContactPointManager, SearchedManager
from patients.search_terms import MAX_TERM_LENGTH


class ReferringProvider(models.Model):
    """The clinician who sent the patient; a self-referred patient has none, which is a normal case."""

    name = models.CharField(_("name"), max_length=200)
    npi = models.CharField("NPI", max_length=10, blank=True)
    email = models.EmailField(_("email"), blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    postal_address = models.TextField(
        _("postal address"), blank=True, help_text=_("As it stands on an envelope, below the name.")
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("referring provider")
        verbose_name_plural = _("referring providers")
        constraints = [
            models.UniqueConstraint(fields=["npi"], condition=~Q(npi=""), name="referrer_npi_once"),
        ]
        # Serves intake: "is this referrer known by name?"
        indexes = [models.Index(fields=["name"], name="referrer_by_name")]

    def __str__(self) -> str:
        return self.name


class Patient(models.Model):
    """One person under one record number; another number of theirs points here by `merged_into`."""

    class Sex(models.TextChoices):
        FEMALE = "F", _("Female")
        MALE = "M", _("Male")
        OTHER = "O", _("Other")
        UNKNOWN = "U", _("Not said")

    class Voicemail(models.TextChoices):
        YES = "yes", _("Message may be left")
        NO = "no", _("Leave no voicemail")
        ASK = "ask", _("Not asked yet: say your name and number only")

    site = models.ForeignKey(Site, models.PROTECT, related_name="patients", verbose_name=_("site"))
    assigning_authority = models.CharField(_("assigning authority"), max_length=60)
    mrn = models.CharField("MRN", max_length=60)
    family_name = models.CharField(_("family name"), max_length=200)
    given_name = models.CharField(_("given name"), max_length=200)
    middle_name = models.CharField(_("middle name"), max_length=200, blank=True)
    preferred_name = models.CharField(_("preferred name"), max_length=200, blank=True)
    birth_date = models.DateField(_("birth date"))
    sex = models.CharField(_("sex"), max_length=1, choices=Sex, default=Sex.UNKNOWN)
    language = models.CharField(_("language"), max_length=20, default="en")
    interpreter_needed = models.BooleanField(_("interpreter needed"), default=False)
    do_not_call = models.BooleanField(_("do not call"), default=False)
    voicemail = models.CharField(_("voicemail"), max_length=4, choices=Voicemail, default=Voicemail.ASK)
    address_line = models.CharField(_("street"), max_length=200, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    state = models.CharField(_("state"), max_length=50, blank=True)
    postal_code = models.CharField(_("ZIP code"), max_length=20, blank=True)
    implants = models.BooleanField(_("breast implants"), default=False)
    mobility = models.CharField(_("mobility needs"), max_length=200, blank=True)
    race = models.CharField(_("race"), max_length=16, choices=Race, blank=True)
    ethnicity = models.CharField(_("ethnicity"), max_length=16, choices=Ethnicity, blank=True)
    insurance = models.CharField(_("insurance"), max_length=16, choices=Insurance, blank=True)
    distance_miles = models.PositiveSmallIntegerField(_("miles to the site"), null=True, blank=True)
    deceased_on = models.DateField(_("died on"), null=True, blank=True)
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="merged_from",
        verbose_name=_("merged into"),
    )
    created_at = models.DateTimeField(_("first seen"), default=timezone.now)
    # Its time was over: names, numbers and words were removed.
    minimised_at = models.DateTimeField(_("minimised"), null=True, blank=True, editable=False)
    # Of the record or its contact points; `record_history.log_changes` sets it.
    changed_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)

    objects = SearchedManager["Patient"]()

    class Meta:
        verbose_name = _("patient")
        verbose_name_plural = _("patients")
        constraints = [
            models.UniqueConstraint(fields=["assigning_authority", "mrn"], name="mrn_once_per_authority"),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
                name="patient_not_merged_into_itself",
            ),
        ]
        indexes = [
            # Serve the search box: name prefix, birth date, record number.
            models.Index(fields=["family_name", "given_name"], name="patient_by_name"),
            models.Index(fields=["birth_date"], name="patient_by_birth_date"),
            models.Index(fields=["mrn"], name="patient_by_mrn"),
            # Serves FHIR: who changed since, in that order.
            models.Index(fields=["changed_at", "id"], name="patient_by_change"),
        ]

    def __str__(self) -> str:
        return ", ".join(name for name in (self.family_name, self.given_name) if name)

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        """Each patient whom a request reads is noted: who is then named on the page stands in the access log."""
        patient = super().from_db(*args, **kwargs)
        note_loaded(patient)
        return patient

    @property
    def first_name(self) -> str:
        """The name the patient wants to hear."""
        return self.preferred_name or self.given_name

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.given_name, self.middle_name, self.family_name) if part)

    def age_on(self, day: date) -> int:
        """Whole years on that date."""
        had_birthday = (day.month, day.day) >= (
            self.birth_date.month,
            self.birth_date.day,
        )
        return day.year - self.birth_date.year - (not had_birthday)


class ContactPoint(models.Model):
    """One way to reach the patient. What a file gave is kept as given; what cannot be used says why."""

    class Kind(models.TextChoices):
        MOBILE = "mobile", _("Mobile phone")
        HOME = "home", _("Home phone")
        OTHER = "other", _("Other phone")
        EMAIL = "email", _("Email")

    class UnusableReason(models.TextChoices):
        INVALID = "invalid", _("not a valid number or address")
        WRONG = "wrong", _("wrong number or person")
        BOUNCED = "bounced", _("mail came back")
        COMPLAINED = "complained", _("reported as unwanted")

    patient = models.ForeignKey(
        Patient,
        models.CASCADE,
        related_name="contact_points",
        verbose_name=_("patient"),
        db_index=False,
    )
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    # Phones in E.164 (+14125550142), with an extension as in RFC 3966 (+14125550142;ext=77), emails in lower-case
    # domain; when it cannot be read, the words as given.
    value = models.CharField(_("number or address"), max_length=254)
    unusable = models.CharField(_("not usable because"), max_length=10, choices=UnusableReason, blank=True)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)
    # Since when a code proves that this number reaches the patient; another value must be proven anew.
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)

    objects = ContactPointManager["ContactPoint"]()

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        constraints = [models.UniqueConstraint(fields=["patient", "kind"], name="contact_point_once_a_kind")]
        indexes = [
            # Serves search by phone.
            models.Index(fields=["value"], name="contact_point_by_value"),
            # Serves "who else has this address?", in which letter case says nothing.
            models.Index(Lower("value"), name="contact_point_by_lower_value"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class AddressFault(models.Model):
    """What is known against a number or address, whoever has it; `patients.address_faults` alone reads and writes it.

    It outlives the contact point: an address that is loaded again later is still the one that came back.
    """

    # In lower case, otherwise as in `ContactPoint.value`.
    address = models.CharField(_("number or address"), max_length=254)
    # None: nobody is reached there. Otherwise it is wrong for this patient, and may be right for another.
    patient = models.ForeignKey(
        Patient, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("patient")
    )
    reason = models.CharField(_("not usable because"), max_length=10, choices=ContactPoint.UnusableReason)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("fault of an address")
        verbose_name_plural = _("faults of addresses")
        constraints = [
            models.UniqueConstraint(fields=["address"], condition=Q(patient=None), name="address_fault_once"),
            models.UniqueConstraint(
                fields=["address", "patient"], condition=Q(patient__isnull=False), name="address_fault_once_a_patient"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class SearchTerm(models.Model):
    """A folded word, number or address by which a patient is found; written by `patients.search_index` alone."""

    class Kind(models.TextChoices):
        NAME = "name", _("Name")
        PHONE = "phone", _("Phone")
        EMAIL = "email", _("Email")
        MRN = "mrn", _("Record number")

    record = models.ForeignKey(Patient, models.CASCADE, related_name="own_search_terms", db_index=False)
    # The record in use: another one than `record` where that is merged.
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="search_terms", db_index=False)
    kind = models.CharField(max_length=5, choices=Kind)
    term = models.CharField(max_length=MAX_TERM_LENGTH)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record", "kind", "term"], name="search_term_once_a_record")]
        indexes = [
            # Serve "which patients have a term that begins so?" and "has this patient one too?".
            models.Index(
                fields=["kind", "term", "patient"],
                name="search_term_by_beginning",
                opclasses=["varchar_ops", "varchar_pattern_ops", "int8_ops"],
            ),
            models.Index(fields=["patient", "kind", "term"], name="search_term_by_patient"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class Consent(models.Model):
    """What was agreed to or withdrawn, when and by which way; the newest row for a subject counts. Never changed."""

    class Subject(models.TextChoices):
        EMAIL = "email", _("Email")
        SMS = "sms", _("Text message")
        DETAIL = "detail", _("Health details in email")
        EDUCATION = "series", _("Series about breast health")

    # What staff may write down as said; the series has a confirmation of its own by email.
    SAID_TO_STAFF = (Subject.EMAIL, Subject.SMS, Subject.DETAIL)

    patient = models.ForeignKey(
        Patient, models.CASCADE, related_name="consents", verbose_name=_("patient"), db_index=False
    )
    subject = models.CharField(_("to"), max_length=6, choices=Subject)
    granted = models.BooleanField(_("agreed"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    source = models.CharField(_("how we know"), max_length=60)
    words = models.CharField(_("in the patient's words"), max_length=300, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("recorded by"),
    )

    PERSONAL_COLUMNS = ("words",)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [models.Index(fields=["patient", "subject", "-id"], name="consent_newest")]

    def __str__(self) -> str:
        return f"{self.get_subject_display()}: {self.granted}"


class ResultWish(models.Model):
    """How a patient wants to hear results; a patient without a row has not said."""

    class Channel(models.TextChoices):
        PHONE = "phone", _("By phone")
        IN_PERSON = "in_person", _("In person")
        IN_WRITING = "in_writing", _("In writing")

    patient = models.OneToOneField(Patient, models.CASCADE, related_name="result_wish", verbose_name=_("patient"))
    channel = models.CharField(_("how"), max_length=10, choices=Channel, blank=True)
    not_before_weekend = models.BooleanField(
        _("not on a Friday"), default=False, help_text=_("A written result then waits for the next week.")
    )
    proxy_name = models.CharField(_("through whom"), max_length=150, blank=True)
    proxy_phone = models.CharField(_("that person's phone"), max_length=40, blank=True)
    no_details = models.BooleanField(_("does not want to know the details"), default=False)
    note = models.TextField(_("in the patient's words"), blank=True)
    changed_at = models.DateTimeField(_("said"), default=timezone.now)

    class Meta:
        verbose_name = _("wish about results")
        verbose_name_plural = _("wishes about results")

    def __str__(self) -> str:
        """ "by phone, not on a Friday, through Sam Sample"."""
        parts: list[Any] = [self.get_channel_display()] if self.channel else []
        parts += [_("not on a Friday")] if self.not_before_weekend else []
        parts += [_("does not want to know the details")] if self.no_details else []
        if self.proxy_name:
            parts.append(_("through %(name)s") % {"name": " ".join([self.proxy_name, self.proxy_phone]).strip()})
        return ", ".join(str(part) for part in parts)


class PatientLink(models.Model):
    """One link to the patient's own page. The link itself is never stored, only its SHA-256; see `patients.links`."""

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="links", verbose_name=_("patient"))
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    # Where it was sent; empty where staff handed it over.
    address = models.CharField(_("sent to"), max_length=254, blank=True)
    created_at = models.DateTimeField(_("issued"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    failed_attempts = models.PositiveSmallIntegerField(_("wrong birth dates in a row"), default=0)
    locked_at = models.DateTimeField(_("locked"), null=True, blank=True)
    last_opened_at = models.DateTimeField(_("last opened"), null=True, blank=True)
    # Whoever gave the birth date before that must give it again.
    left_at = models.DateTimeField(_("last left"), null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("link to the patient's page")
        verbose_name_plural = _("links to the patient's page")

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def current_patient(self) -> Patient:
        """Whose page it opens: after a merge, the record that is in use."""
        return self.patient.merged_into or self.patient

    def is_usable_at(self, now: datetime) -> bool:
        """Whether the link may still be used: not expired, withdrawn or locked, and its holder is alive.

        One that was sent to an address ends when the patient has another one, and when the address is known not to be
        usable: it is another person's, mail to it comes back, or its reader wants none.
        """
        in_force = self.revoked_at is None and self.locked_at is None and now < self.expires_at
        return in_force and self.current_patient.deceased_on is None and (not self.address or self._address_holds())

    def _address_holds(self) -> bool:
        mine = ContactPoint.objects.filter(patient__in={self.patient_id, self.current_patient.pk})
        return mine.filter(unusable="").alias(folded=Lower("value")).filter(folded=self.address.lower()).exists()

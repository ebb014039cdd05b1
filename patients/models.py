"""Who the patient is, how they want to be reached, what they agreed to, and who sent them."""

from datetime import date, datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site


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
        ]

    def __str__(self) -> str:
        return f"{self.family_name}, {self.given_name}"

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
    )
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    # Phones in E.164 (+14125550142), emails in lower-case domain; when invalid, the words as given.
    value = models.CharField(_("number or address"), max_length=254)
    unusable = models.CharField(_("not usable because"), max_length=10, choices=UnusableReason, blank=True)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        constraints = [models.UniqueConstraint(fields=["patient", "kind"], name="contact_point_once_a_kind")]
        # Serves search by phone and the bounce handler's search by address.
        indexes = [models.Index(fields=["value"], name="contact_point_by_value")]

    def __str__(self) -> str:
        return self.get_kind_display()


class Consent(models.Model):
    """What was agreed to or withdrawn, when and by which way; the newest row for a subject counts. Never changed."""

    class Subject(models.TextChoices):
        EMAIL = "email", _("Email")
        SMS = "sms", _("Text message")
        DETAIL = "detail", _("Health details in email")

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="consents", verbose_name=_("patient"))
    subject = models.CharField(_("to"), max_length=6, choices=Subject)
    granted = models.BooleanField(_("agreed"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    source = models.CharField(_("how we know"), max_length=60)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("recorded by"),
    )

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [models.Index(fields=["patient", "subject", "-id"], name="consent_newest")]

    def __str__(self) -> str:
        return f"{self.get_subject_display()}: {self.granted}"


class PatientLink(models.Model):
    """One link to the patient's own page. The link itself is never stored, only its SHA-256; see `patients.links`."""

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="links", verbose_name=_("patient"))
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("issued"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    failed_attempts = models.PositiveSmallIntegerField(_("wrong birth dates in a row"), default=0)
    locked_at = models.DateTimeField(_("locked"), null=True, blank=True)
    last_opened_at = models.DateTimeField(_("last opened"), null=True, blank=True)

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
        """Whether the link may still be used: not expired, withdrawn or locked, and its holder is alive."""
        in_force = self.revoked_at is None and self.locked_at is None and now < self.expires_at
        return in_force and self.current_patient.deceased_on is None

"""Each system that sends HL7 messages: how its messages are to be read, and what the settings were before."""

import codecs
import zoneinfo
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site

KEEP_DAYS = 365  # after a message was settled; also for messages of a sender that nobody has set up


class ReportStatus(models.TextChoices):
    """What the word of a sender in OBR-25 or OBX-11 means."""

    PRELIMINARY = "preliminary", _("preliminary")
    FINAL = "final", _("final")
    CORRECTED = "corrected", _("corrected")
    CANCELLED = "cancelled", _("cancelled")


class AppointmentEvent(models.TextChoices):
    """What an event of a sender (S12 to S26) means."""

    BOOKED = "booked", _("booked")
    MOVED = "moved", _("moved to another time")
    CHANGED = "changed", _("changed, same time")
    CANCELLED = "cancelled", _("cancelled")
    MISSED = "missed", _("did not come")
    IGNORED = "ignored", _("nothing to do")


class ObservationMeaning(models.TextChoices):
    """What an observation of a sender (OBX-3) holds."""

    ASSESSMENT = "assessment", _("BI-RADS category of the exam")
    ASSESSMENT_LEFT = "assessment_left", _("BI-RADS category, left")
    ASSESSMENT_RIGHT = "assessment_right", _("BI-RADS category, right")
    DENSITY = "density", _("breast density")
    RISK_SCORE = "risk_score", _("risk score")
    RECOMMENDATION = "recommendation", _("recommendation")
    REPORT_TEXT = "report_text", _("text of the report")
    IGNORED = "ignored", _("nothing to do")


def _check_encoding(name: str) -> None:
    try:
        codecs.lookup(name)
    except (LookupError, ValueError):
        raise ValidationError(_("No such character set. Examples: utf-8, latin-1, gb18030.")) from None


def _check_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("No such time zone. An example: America/Chicago."))


class Hl7Sender(models.Model):
    """A system that sends messages, known by MSH-3 and MSH-4, and what its codes and words mean."""

    name = models.CharField(_("name"), max_length=100)
    application = models.CharField(_("sending application (MSH-3)"), max_length=180, blank=True)
    facility = models.CharField(_("sending facility (MSH-4)"), max_length=180, blank=True)
    is_active = models.BooleanField(_("messages are taken in"), default=True)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site of messages that name none"))
    encoding = models.CharField(
        _("character set where MSH-18 is empty"), max_length=30, default="utf-8", validators=[_check_encoding]
    )
    encoding_overrides = models.BooleanField(
        _("use this character set whatever MSH-18 says"),
        default=False,
        help_text=_("For a system that writes one thing into MSH-18 and sends another."),
    )
    time_zone = models.CharField(
        _("time zone of times without an offset"),
        max_length=60,
        blank=True,
        validators=[_check_time_zone],
        help_text=_("Empty: that of the site."),
    )
    allows_test_messages = models.BooleanField(
        _("test messages are taken in"),
        default=False,
        help_text=_("MSH-11 of T or D. Only for a test installation: they change patients as any other message does."),
    )
    # {"NORTH": "N1"}: the location or facility in the message, and the code of our site.
    sites_by_location = models.JSONField(_("sites by location"), default=dict, blank=True)
    # PID-3.4 and PID-3.5: whose numbers are our record numbers. Empty: any.
    mrn_authorities = models.JSONField(_("assigning authorities of record numbers"), default=list, blank=True)
    default_authority = models.CharField(
        _("assigning authority of numbers that name none"),
        max_length=100,
        blank=True,
        help_text=_("Empty: a number that names no authority counts only where it is the only one."),
    )
    mrn_types = models.JSONField(_("identifier types of record numbers"), default=list, blank=True)
    # OBR-4.1 or OBR-4.2.
    screening_codes = models.JSONField(_("procedure codes of screening exams"), default=list, blank=True)
    diagnostic_codes = models.JSONField(_("procedure codes of diagnostic exams"), default=list, blank=True)
    # {"Wet Read": "preliminary"}, values of ReportStatus.
    status_words = models.JSONField(_("status words"), default=dict, blank=True)
    # {"S13": "cancelled"}, values of AppointmentEvent.
    event_meanings = models.JSONField(_("meanings of appointment events"), default=dict, blank=True)
    # {"BIRADS-L": "assessment_left"}, values of ObservationMeaning.
    observation_meanings = models.JSONField(_("meanings of observation codes"), default=dict, blank=True)
    final_after_days = models.PositiveSmallIntegerField(
        _("open days until a missing final report is warned of"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
        help_text=_("After a preliminary reading of a 4 or 5. 1: at the end of the next open day of the site."),
    )
    silent_after_hours = models.PositiveSmallIntegerField(
        _("opening hours without a message until an alarm"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(200)],
        help_text=_(
            "Counted while the site is open. More than the longest quiet stretch of a usual day; empty: never."
        ),
    )
    keep_days = models.PositiveSmallIntegerField(
        _("days for which messages are kept whole"),
        default=KEEP_DAYS,
        validators=[MinValueValidator(7), MaxValueValidator(7300)],
        help_text=_("Counted from the day a message was applied, ignored or dismissed. What became of it stays."),
    )

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("HL7 sender")
        verbose_name_plural = _("HL7 senders")
        constraints = [models.UniqueConstraint(fields=["application", "facility"], name="hl7_sender_once")]

    def __str__(self) -> str:
        return self.name


class Hl7SenderVersion(models.Model):
    """The settings of a sender as they stood after one change; never changed again."""

    sender = models.ForeignKey(Hl7Sender, models.CASCADE, related_name="versions", verbose_name=_("sender"))
    number = models.PositiveIntegerField(_("version"))
    values: Any = models.JSONField(_("settings"))
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("changed by")
    )

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("earlier settings of a sender")
        verbose_name_plural = _("earlier settings of senders")
        constraints = [models.UniqueConstraint(fields=["sender", "number"], name="hl7_sender_version_once")]

    def __str__(self) -> str:
        return f"{self.sender_id} {self.number}"

"""What a clinic is: its sites with their hours, closures and deadlines, its staff, and who looked at whom."""

import zoneinfo
from collections.abc import Iterator
from datetime import date, time
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from clinic.access.models import AccessLog as AccessLog
from clinic.accounts.models import AccountRequest as AccountRequest
from clinic.accounts.models import EmergencyAccess as EmergencyAccess
from clinic.accounts.models import SecurityEvent as SecurityEvent
from clinic.birads import BiradsEdition
from clinic.contact_ladder import LOST_AFTER_DAYS, MAX_LADDER_DAYS, URGENT_LADDER, ContactLadder, build_ladder
from clinic.contact_ladder import LadderRung as LadderRung
from clinic.queries.related_rows import read_related
from clinic.site_aliases import SiteAlias as SiteAlias
from clinic.site_aliases import check_code_is_unused, keep_former_names
from clinic.site_rules import ContactPlanSwitch, LaySummarySwitch, RetentionRule
from clinic.validators import validate_country, validate_time_zone


class Site(LaySummarySwitch, ContactPlanSwitch, RetentionRule):
    """One accredited place where patients are seen: the unit of staff access, deadlines and patient words."""

    class DateOrder(models.TextChoices):
        MDY = "mdy", _("Month/day/year (11/24/2026)")
        DMY = "dmy", _("Day/month/year (24/11/2026)")

    class BareZero(models.TextChoices):
        PARK = "park", _("Park it for a person to decide")
        IMAGING = "0-AI", _("Need additional imaging evaluation")
        PRIORS = "0-PRIOR", _("Need prior mammograms for comparison")

    code = models.SlugField(_("code"), unique=True, help_text=_("Short name used in files, such as SHADY."))
    name = models.CharField(_("name"), max_length=120)
    sender_name = models.CharField(
        _("name in messages"),
        max_length=120,
        help_text=_("What patients see as the sender. A name without “breast” tells others in the house less."),
    )
    assigning_authority = models.CharField(
        _("assigning authority"),
        max_length=60,
        blank=True,
        help_text=_(
            "Who gives out the record numbers (MRN). Empty: this site does. Sites that share one share patients."
        ),
    )
    phone = models.CharField(_("phone"), max_length=40)
    contact_person = models.CharField(_("person who signs messages"), max_length=80, blank=True)
    address_line = models.CharField(_("street"), max_length=200)
    city = models.CharField(_("city"), max_length=100)
    state = models.CharField(_("state"), max_length=50)
    postal_code = models.CharField(_("ZIP code"), max_length=20)
    country = models.CharField(
        _("country for holidays"),
        max_length=2,
        default="US",
        validators=[validate_country],
    )
    subdivision = models.CharField(_("state for holidays"), max_length=6, blank=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="America/New_York", validators=[validate_time_zone]
    )
    date_order = models.CharField(_("dates in files"), max_length=3, choices=DateOrder, default=DateOrder.MDY)
    bare_zero = models.CharField(
        _("a result of plain 0 means"),
        max_length=8,
        choices=BareZero,
        default=BareZero.PARK,
        help_text=_("Since 2024 a 0 must say whether additional imaging or prior images are needed (21 CFR 900.12)."),
    )
    birads_edition = models.CharField(
        _("edition that readings follow"), max_length=8, choices=BiradsEdition, default=BiradsEdition.FIFTH
    )
    send_from = models.TimeField(_("messages leave from"), default=time(8))
    send_until = models.TimeField(_("messages leave until"), default=time(18))
    results_deputy = models.ForeignKey(
        "clinic.User",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("tells results when the author is away"),
        help_text=_("Empty: every radiologist and navigator of the site."),
    )
    lost_after = models.PositiveSmallIntegerField(
        _("a patient may count as lost after, in days"),
        default=LOST_AFTER_DAYS,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_LADDER_DAYS)],
        help_text=_(
            "Counted from the day on which the patient was to be contacted; every step must have been tried too."
        ),
    )
    page_link = models.BooleanField(
        _("emails carry a link to the patient's own page"),
        default=False,
        help_text=_("Only where PUBLIC_URL is an address that patients can open."),
    )
    reviewed_translations_only = models.BooleanField(
        _("send only reviewed translations"),
        default=True,
        help_text=_("Where a translation has no named reviewer, the patient gets the English text (45 CFR 92.201)."),
    )
    reviewed_english_only = models.BooleanField(
        _("send only reviewed English texts"),
        default=False,
        help_text=_(
            "A message without a named reviewer is then not sent, and a task asks somebody to call the patient instead."
        ),
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(send_from__lt=models.F("send_until")),
                name="site_send_window_is_forward",
                violation_error_message=_("Messages must stop leaving later in the day than they start."),
            ),
            models.CheckConstraint(
                condition=models.Q(keep_years_last__gte=models.F("keep_years")),
                name="site_keeps_the_last_exam_longest",
                violation_error_message=_("A patient's last exam must be kept at least as long as the others."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        check_code_is_unused(self)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Patients keep their record numbers when the site gets another code or assigning authority."""
        stored = Site.objects.filter(pk=self.pk).first() if self.pk else None
        super().save(*args, **kwargs)
        keep_former_names(self, stored)

    @cached_property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @cached_property
    def hours_by_weekday(self) -> dict[int, tuple[time, time]]:
        """First opening and last closing by weekday, Monday 0; a weekday that is missing is shut."""
        spans: dict[int, tuple[time, time]] = {}
        for span in read_related(self, "opening_hours"):
            opens, closes = spans.get(span.weekday, (span.opens, span.closes))
            spans[span.weekday] = (min(opens, span.opens), max(closes, span.closes))
        return spans

    @cached_property
    def contact_ladder(self) -> ContactLadder:
        return ContactLadder(build_ladder(read_related(self, "ladder_rungs") if self.pk else ()), self.lost_after)

    @property
    def urgent_ladder(self) -> ContactLadder:
        """For a result to tell and a biopsy to book; the same at every site."""
        return URGENT_LADDER

    @cached_property
    def is_worked_by_special_day(self) -> dict[date, bool]:
        """The days that differ from the week: False where the site is shut, True for a public holiday that it works."""
        return {closure.day: closure.is_worked for closure in read_related(self, "closures")}

    @property
    def closed_dates(self) -> frozenset[date]:
        return frozenset(day for day, is_worked in self.is_worked_by_special_day.items() if not is_worked)

    @property
    def worked_holidays(self) -> frozenset[date]:
        """Public holidays on which the site is open all the same."""
        return frozenset(day for day, is_worked in self.is_worked_by_special_day.items() if is_worked)

    @cached_property
    def policy(self) -> "DeadlinePolicy":
        """Its deadlines; a site without its own has the defaults."""
        return getattr(self, "deadline_policy", None) or DeadlinePolicy(site=self)

    @property
    def mrn_authority(self) -> str:
        """Whose record numbers patients of this site bear when a file names no authority."""
        return self.assigning_authority or self.code

    @cached_property
    def former_authorities(self) -> tuple[str, ...]:
        """Whose record numbers its patients bore before."""
        return tuple(alias.value for alias in read_related(self, "aliases") if alias.kind == SiteAlias.Kind.AUTHORITY)

    def current_authority(self, name: str) -> str:
        """The authority's name today: a former one of this site counts as the present one."""
        return self.mrn_authority if name in self.former_authorities else name


class OpeningHours(models.Model):
    """One stretch of a weekday on which the site answers its phone and sees patients, in the site's time."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    site = models.ForeignKey(Site, models.CASCADE, related_name="opening_hours", verbose_name=_("site"))
    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday)
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    class Meta:
        ordering = ["weekday", "opens"]
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        constraints = [
            models.UniqueConstraint(fields=["site", "weekday", "opens"], name="opening_hours_once"),
            models.CheckConstraint(
                condition=models.Q(opens__lt=models.F("closes")),
                name="opening_hours_are_forward",
                violation_error_message=_("A day must close after it opens."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}-{self.closes:%H:%M}"


class Closure(models.Model):
    """A day that differs from the week: shut beyond the public holidays, or a public holiday that is worked."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="closures", verbose_name=_("site"))
    day = models.DateField(_("day"))
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    is_worked = models.BooleanField(_("open although it is a public holiday"), default=False)

    class Meta:
        ordering = ["day"]
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")
        constraints = [models.UniqueConstraint(fields=["site", "day"], name="closure_once_a_day")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.reason}"


def _days_field(label: Any, default: int) -> "models.PositiveSmallIntegerField[Any, Any]":
    return models.PositiveSmallIntegerField(
        label,
        default=default,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
    )


class DeadlinePolicy(models.Model):
    """By when each next step must happen at a site; days are calendar days unless the label says business days.

    Defaults: MQSA clocks (21 CFR 900.12) for prior images and suspicious results; seven days to the visit
    and to biopsy are the goal named by accredited centres; sixty days to resolution is the CDC and eCQM limit.
    """

    site = models.OneToOneField(Site, models.CASCADE, related_name="deadline_policy", verbose_name=_("site"))
    first_call = _days_field(_("first call, business days"), 1)
    visit = _days_field(_("visit"), 7)
    outcome = _days_field(_("outcome recorded after the visit"), 1)
    biopsy = _days_field(_("biopsy"), 7)
    pathology = _days_field(_("pathology expected, business days"), 5)
    concordance = _days_field(_("pathology signed, business days"), 1)
    result_told = _days_field(_("result told, business days"), 2)
    urgent_result_told = models.PositiveSmallIntegerField(
        _("result of 4C, 5 or cancer told, business days (0: the same day)"),
        default=0,
        validators=[MaxValueValidator(5)],
    )
    referral = _days_field(_("referral to treatment arranged, business days"), 3)
    priors_report = _days_field(_("report after prior images"), 30)
    resolution = _days_field(_("result to resolution"), 60)
    suspicious = _days_field(_("suspicious result told"), 7)
    follow_up_lead = _days_field(_("short-interval follow-up is booked ahead by"), 45)

    class Meta:
        verbose_name = _("deadlines")
        verbose_name_plural = _("deadlines")

    def __str__(self) -> str:
        return str(_("Deadlines"))


class User(AbstractUser):
    """A member of staff; what they may do comes from their groups, whom they may see from their sites."""

    sites = models.ManyToManyField(Site, verbose_name=_("sites"), blank=True, related_name="staff")
    npi = models.CharField(
        "NPI",
        max_length=10,
        blank=True,
        validators=[RegexValidator(r"^\d{10}$", _("An NPI has ten digits."))],
    )
    away_until = models.DateField(
        _("away until"),
        null=True,
        blank=True,
        help_text=_("Until that day somebody else of the site tells the results this person signed."),
    )

    # Counted up when every session of the person must end; a session bears the number it was begun with.
    session_generation = models.PositiveIntegerField(default=0, editable=False)

    class Meta(AbstractUser.Meta):
        swappable = "AUTH_USER_MODEL"

    def get_session_auth_hash(self) -> str:
        return self._session_hash(None)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return map(self._session_hash, settings.SECRET_KEY_FALLBACKS)

    def _session_hash(self, secret: str | bytes | None) -> str:
        told = f"{self.password} {self.session_generation}"
        return salted_hmac("clinic.User.session", told, secret=secret, algorithm="sha256").hexdigest()

    @cached_property
    def emergencies(self) -> tuple[EmergencyAccess, ...]:
        """The hours at other sites that are running now; every page names them."""
        return tuple(self.emergency_accesses.filter(ends_at__gt=timezone.now()))

    @cached_property
    def own_sites(self) -> tuple[Site, ...]:
        """Read once per request: whom the user may see, and the names at the foot of each page."""
        return tuple(read_related(self, "sites"))

    def is_away_on(self, day: date) -> bool:
        """Whether their results are told by somebody else that day."""
        return not self.is_active or (self.away_until is not None and day <= self.away_until)

    @property
    def permanent_site_ids(self) -> frozenset[int]:
        """Without those of an emergency: nobody sets up a site, or gives it to others, in an hour's access."""
        return self.site_ids - {access.site_id for access in self.emergencies}

    @cached_property
    def site_ids(self) -> frozenset[int]:
        return frozenset(site.pk for site in self.own_sites)


class Heartbeat(models.Model):
    """The last sign of life of a part that works in the background; judged when read, never when written."""

    name = models.CharField(_("part"), max_length=40, primary_key=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    counts = models.JSONField(_("what it did"), default=dict)

    class Meta:
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")

    def __str__(self) -> str:
        return self.name

"""Holds the fields of a site that rule its lay summaries, and how long it keeps exams and patients."""

import zoneinfo
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

MAX_DAYS_BACK = 30  # the time limit of a lay summary; the walk over new readings remembers no further back

# Domain fact: 21 CFR 900.12(c)(4): no fewer than 5 years, or 10 where no further mammogram is done at the facility, or
# longer where a state's law says so.
KEEP_YEARS, KEEP_YEARS_LAST, MAX_KEEP_YEARS = 5, 10, 100


class LaySummarySwitch(models.Model):
    """Part of `Site`; the day of the switch keeps it from reaching back to exams that another system wrote about."""

    legal_name = models.CharField(
        _("legal name of the facility"),
        max_length=200,
        blank=True,
        help_text=_("As it stands on the certificate. It names the facility in lay summaries; empty: the name above."),
    )
    sends_lay_summaries = models.BooleanField(
        _("send the lay summaries from here"),
        default=False,
        help_text=_(
            "Every screening and diagnostic exam that is reported while this is on, also a negative one, gets its "
            "written summary from here (21 CFR 900.12(c)(2)): by email where the patient agreed to health details in "
            "email, else as a letter that waits under “Letters”. A letter counts as sent when somebody says that it "
            "was printed and posted. Turn it on only if no other system sends these summaries."
        ),
    )
    lay_summaries_from = models.DateField(
        _("for results reported from"),
        null=True,
        blank=True,
        help_text=_("Empty: from the day on which you turn it on. Earlier results are left to whoever sent them."),
    )

    name: Any
    time_zone: Any

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Date the switch when it is turned on without a day; turned off, it forgets its day."""
        if not self.sends_lay_summaries:
            self.lay_summaries_from = None
        elif self.lay_summaries_from is None:
            self.lay_summaries_from = timezone.now().astimezone(zoneinfo.ZoneInfo(self.time_zone)).date()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "lay_summaries_from"}
        super().save(*args, **kwargs)

    @property
    def facility_name(self) -> str:
        """The name that a rule asks for, where the neutral name of the sender would not do."""
        return str(self.legal_name or self.name)


class ContactPlanSwitch(models.Model):
    """Part of `Site`: whether patients are asked at the end of the visit how they are to be reached."""

    asks_contact_plan = models.BooleanField(
        _("ask patients how to reach them, on a tablet or their own page"),
        default=False,
        help_text=_(
            "Four short questions before the patient leaves: number, best hours and voicemail, who else may answer, "
            "how to tell a result. Staff open them from the patient's record."
        ),
    )

    class Meta:
        abstract = True


class RetentionRule(models.Model):
    """Part of `Site`."""

    keep_years = models.PositiveSmallIntegerField(
        _("years an exam is kept when a later one was done here"),
        default=KEEP_YEARS,
        db_default=KEEP_YEARS,
        validators=[MinValueValidator(KEEP_YEARS), MaxValueValidator(MAX_KEEP_YEARS)],
        help_text=_("At least 5 (21 CFR 900.12(c)(4)); more where the law of your state says so."),
    )
    keep_years_last = models.PositiveSmallIntegerField(
        _("years a patient's last exam here is kept"),
        default=KEEP_YEARS_LAST,
        db_default=KEEP_YEARS_LAST,
        validators=[MinValueValidator(KEEP_YEARS_LAST), MaxValueValidator(MAX_KEEP_YEARS)],
        help_text=_("At least 10 (21 CFR 900.12(c)(4)). Afterwards two people may have the person's data removed."),
    )

    class Meta:
        abstract = True

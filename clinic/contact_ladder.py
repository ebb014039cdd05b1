"""Defines the contact ladder of a site: its own rungs, or the default ones.

Default ladder: published programmes ask for at least two documented tries and a certified letter before a patient may
be called lost; phone calls work better than letters as a first contact, letters help after a missed visit. What a
ladder means for one recall stands in `recalls.contact_ladder`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

MAX_LADDER_DAYS = 365  # days


class ContactChannel(models.TextChoices):
    PHONE = "phone", _("Phone call")
    SMS = "sms", _("Text message")
    EMAIL = "email", _("Email")
    LETTER = "letter", _("Letter")
    CERTIFIED_LETTER = "certified_letter", _("Certified letter")
    REFERRER = "referrer", _("Message to the referring provider")
    ADDRESS_CHECK = "address_check", _("Check of address and contacts")
    NAVIGATOR = "navigator", _("Navigator's review")
    IN_PERSON = "in_person", _("In person")


@dataclass(frozen=True, slots=True)
class RungSpec:
    """One try: not before `day` (calendar days since the patient was to be contacted), by this channel."""

    name: str
    day: int
    channel: ContactChannel
    # Left out of the hash: a label is translated each time it is hashed.
    label: Any = field(hash=False)


DEFAULT_LADDER: tuple[RungSpec, ...] = (
    RungSpec("call_1", 0, ContactChannel.PHONE, _("First call")),
    RungSpec("call_2", 4, ContactChannel.PHONE, _("Second call, at another time of day")),
    RungSpec("call_3", 8, ContactChannel.PHONE, _("Third call, early or late in the day")),
    RungSpec("letter", 8, ContactChannel.LETTER, _("Send a letter")),
    RungSpec("referrer", 15, ContactChannel.REFERRER, _("Tell the referring provider and ask for an answer")),
    RungSpec(
        "address_check",
        21,
        ContactChannel.ADDRESS_CHECK,
        _("Check address, phone and whether the patient goes elsewhere"),
    ),
    RungSpec("certified_letter", 30, ContactChannel.CERTIFIED_LETTER, _("Send a certified letter")),
    RungSpec("navigator", 45, ContactChannel.NAVIGATOR, _("A navigator looks at the case")),
)
LOST_AFTER_DAYS = 60


@dataclass(frozen=True, slots=True)
class ContactLadder:
    """The rungs in their order, and after how many calendar days a patient may be signed off as lost."""

    rungs: tuple[RungSpec, ...]
    lost_after: int


# For a patient who waits for a result or has been advised a biopsy: everything in two weeks, a radiologist decides.
# Published programmes ask for two documented tries and a certified letter within 30 days of a missed visit.
URGENT_LADDER = ContactLadder(
    (
        RungSpec("urgent_call_1", 0, ContactChannel.PHONE, _("First call")),
        RungSpec("urgent_call_2", 1, ContactChannel.PHONE, _("Second call, at another time of day")),
        RungSpec("urgent_call_3", 2, ContactChannel.PHONE, _("Third call, early or late in the day")),
        RungSpec("urgent_letter", 3, ContactChannel.LETTER, _("Send a letter")),
        RungSpec("urgent_referrer", 5, ContactChannel.REFERRER, _("Tell the referring provider and ask for an answer")),
        RungSpec(
            "urgent_address_check",
            7,
            ContactChannel.ADDRESS_CHECK,
            _("Check address, phone and whether the patient goes elsewhere"),
        ),
        RungSpec("urgent_certified_letter", 10, ContactChannel.CERTIFIED_LETTER, _("Send a certified letter")),
        RungSpec("urgent_navigator", 14, ContactChannel.NAVIGATOR, _("A navigator looks at the case")),
    ),
    30,
)

# What reaches the patient in person, and what the patient can keep and show to others.
_DIRECT_CHANNELS = frozenset({ContactChannel.PHONE, ContactChannel.IN_PERSON, ContactChannel.SMS, ContactChannel.EMAIL})
_LETTER_CHANNELS = frozenset({ContactChannel.LETTER, ContactChannel.CERTIFIED_LETTER})
MIN_DIRECT_ATTEMPTS = 2


class LadderRung(models.Model):
    """One try of a site's own ladder; `day` counts in calendar days since the patient was to be contacted."""

    site = models.ForeignKey("clinic.Site", models.CASCADE, related_name="ladder_rungs", verbose_name=_("site"))
    order = models.PositiveSmallIntegerField(_("order"), validators=[MinValueValidator(1)])
    name = models.CharField(_("what the desk reads"), max_length=80, help_text=_("For instance: Second call"))
    day = models.PositiveSmallIntegerField(_("from day"), validators=[MaxValueValidator(MAX_LADDER_DAYS)])
    channel = models.CharField(_("how"), max_length=16, choices=ContactChannel)

    class Meta:
        ordering = ["order"]
        verbose_name = _("step of the contact ladder")
        verbose_name_plural = _("contact ladder")
        constraints = [
            models.UniqueConstraint(
                fields=["site", "order"],
                name="ladder_rung_once_an_order",
                violation_error_message=_("Two steps cannot stand at the same place."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order}. {self.name}"


def build_ladder(own: Iterable[LadderRung]) -> tuple[RungSpec, ...]:
    """The ladder of a site with these rows; the default one where there are none."""
    ordered = sorted(own, key=lambda row: row.order)
    rungs = tuple(RungSpec(f"rung_{row.order}", row.day, ContactChannel(row.channel), row.name) for row in ordered)
    return rungs or DEFAULT_LADDER


def validate_ladder(rungs: Sequence[RungSpec], lost_after: int) -> None:
    """Raises ValidationError unless these rungs, in their order, may stand before a patient is called lost."""
    channels, days = [rung.channel for rung in rungs], [rung.day for rung in rungs]
    problems: list[Any] = []
    if any(later < earlier for earlier, later in pairwise(days)):
        problems.append(gettext("The days must ascend with the order of the steps."))
    if sum(channel in _DIRECT_CHANNELS for channel in channels) < MIN_DIRECT_ATTEMPTS:
        problems.append(
            gettext("Before a patient may count as lost, the ladder needs two attempts to reach the patient.")
        )
    if not any(channel in _LETTER_CHANNELS for channel in channels):
        problems.append(gettext("Before a patient may count as lost, the ladder needs a letter."))
    if days and days[-1] > lost_after:
        words = gettext("The last step is on day %(day)d, and the patient would count as lost after %(lost)d days.")
        problems.append(words % {"day": days[-1], "lost": lost_after})
    if problems:
        raise ValidationError(problems)

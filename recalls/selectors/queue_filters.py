"""Filters of the queue: each with its URL value, its label and its condition.

The same conditions choose the rows and count them, so that a number beside a link is the length of its list.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from patients.channels import PHONE_KINDS
from patients.models import Consent, ContactPoint
from recalls.enums import ContactChannel, ContactResult, State, WorkItemKind
from recalls.models import ContactAttempt, WorkItem

MANY_ATTEMPTS = 3
_UNDELIVERABLE = (ContactPoint.UnusableReason.BOUNCED, ContactPoint.UnusableReason.COMPLAINED)


class FilterReason(models.TextChoices):
    """What the people of a filtered list have in common; the value stands in the address."""

    CALL_NOW = "call", _("To call now")
    READY_TO_BOOK = "book", _("To book")
    NO_PHONE = "no-phone", _("No phone that works")
    MANY_CALLS = "tried", _("Three calls or more")
    PRIORS = "priors", _("Awaiting prior images")
    BOUNCED = "bounced", _("Mail came back")
    OPTED_OUT = "opted-out", _("Wants no messages or calls")
    INTERPRETER = "interpreter", _("Interpreter needed")
    NO_SLOT = "no-slot", _("No free time before the target")
    LETTER_TO_PRINT = "letter", _("Letter to print")
    PAST_TARGET = "past-target", _("Past target")


_NOT_STUCK = (FilterReason.CALL_NOW, FilterReason.READY_TO_BOOK, FilterReason.PAST_TARGET)
STUCK_REASONS = tuple(why for why in FilterReason if why not in _NOT_STUCK)
# Where a filter looks; everywhere else it means the people who are to be contacted.
_STATE_BY_REASON = {FilterReason.PRIORS: State.AWAITING_PRIORS}
# What narrows the list of any state.
_REASONS_OF_EVERY_STATE = frozenset({FilterReason.PAST_TARGET})


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """What a person asked for; empty values ask for nothing."""

    reason: FilterReason | None = None
    assigned_to: int | None = None
    language: str = ""

    def to_q(self, now: datetime, day_end: datetime, free_at: datetime | None) -> Q:
        """`day_end`: the end of today at the site; `free_at`: when somebody could be seen there next."""
        wanted = reason_condition(self.reason, now, day_end, free_at) if self.reason else Q()
        if self.assigned_to is not None:
            wanted &= Q(assigned_to=self.assigned_to)
        if self.language:
            wanted &= Q(patient__language=self.language)
        return wanted


NO_FILTERS = QueueFilters()


def filter_state(why: FilterReason | None, shown: State = State.TO_CONTACT) -> State:
    """The state in which the filter looks, on the page of the state `shown`."""
    if why is None or why in _REASONS_OF_EVERY_STATE:
        return shown
    return _STATE_BY_REASON.get(why, State.TO_CONTACT)


def reason_condition(why: FilterReason, now: datetime, day_end: datetime, free_at: datetime | None = None) -> Q:
    """Which recalls of the filter's state belong in its list; see `QueueFilters.to_q`."""
    simple: dict[FilterReason, Q] = {
        FilterReason.CALL_NOW: Q(due_at__lt=day_end),
        FilterReason.PRIORS: Q(),
        FilterReason.NO_SLOT: no_slot_before_target(now, free_at),
        FilterReason.INTERPRETER: Q(patient__interpreter_needed=True),
        FilterReason.PAST_TARGET: past_target(now),
    }
    return simple[why] if why in simple else _related_rows_condition(why)


def past_target(now: datetime) -> Q:
    """This part of the way took longer than it should, whenever the next action is due."""
    return Q(target_at__lt=now)


def no_slot_before_target(now: datetime, free_at: datetime | None) -> Q:
    """The target is still ahead, and before it no time is free. Where nobody knows what is free, nobody is meant."""
    return Q(target_at__gte=now, target_at__lt=free_at) if free_at else Q(pk__in=())


def _related_rows_condition(why: FilterReason) -> Q:
    ready = Q(Exists(_latest_attempt().filter(result=ContactResult.REACHED_WILL_BOOK)))
    usable = _contact_points().filter(kind__in=PHONE_KINDS, unusable="")
    built: dict[FilterReason, Any] = {
        FilterReason.READY_TO_BOOK: lambda: ready,
        FilterReason.NO_PHONE: lambda: Q(patient__do_not_call=True) | ~Exists(usable),
        FilterReason.MANY_CALLS: lambda: Q(Exists(_phone_attempts()[MANY_ATTEMPTS - 1 : MANY_ATTEMPTS])),
        FilterReason.BOUNCED: lambda: Q(
            Exists(_contact_points().filter(kind=ContactPoint.Kind.EMAIL, unusable__in=_UNDELIVERABLE))
        ),
        FilterReason.OPTED_OUT: lambda: Q(patient__do_not_call=True) | Q(Exists(_email_refusals())),
        FilterReason.LETTER_TO_PRINT: lambda: Q(
            pk__in=_letters_to_print().values("recall")
        ),  # few of many: looked up once, not for each
    }
    wanted: Q = built[why]()
    return wanted


def _contact_points() -> models.QuerySet[ContactPoint]:
    return ContactPoint.objects.filter(patient=OuterRef("patient"))


def _letters_to_print() -> models.QuerySet[WorkItem]:
    return WorkItem.objects.filter(kind=WorkItemKind.PRINT_LETTER, recall__isnull=False, done_at=None)


def _attempts() -> models.QuerySet[ContactAttempt]:
    """Those of this ladder that were not taken back."""
    tries = ContactAttempt.objects.filter(recall=OuterRef("pk"), at__gte=OuterRef("contact_since"))
    return tries.filter(retracts=None, retracted_by=None)


def _phone_attempts() -> models.QuerySet[ContactAttempt]:
    return _attempts().filter(channel=ContactChannel.PHONE).order_by("pk")


def _latest_attempt() -> models.QuerySet[ContactAttempt]:
    others = ContactAttempt.objects.filter(recall=OuterRef("recall"), retracts=None, retracted_by=None)
    return _attempts().filter(pk=Subquery(others.order_by("-pk").values("pk")[:1]))


def _email_refusals() -> models.QuerySet[Consent]:
    """The newest word on email is a no."""
    said = Consent.objects.filter(patient=OuterRef("patient"), subject=Consent.Subject.EMAIL)
    later = Consent.objects.filter(patient=OuterRef("patient"), subject=OuterRef("subject"), pk__gt=OuterRef("pk"))
    return said.filter(~Exists(later), granted=False)

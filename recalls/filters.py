"""By what may the queue be narrowed? Each filter once: its word, its condition, and the sentence why she is stuck.

The same conditions choose the rows and count them, so that a number beside a link is the length of its list.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from patients.models import Consent, ContactPoint
from recalls.models import ContactAttempt, WorkItem
from recalls.states import ContactChannel, ContactResult, State, WorkItemKind

TRIES_THAT_ARE_MANY = 3
_PHONES = (ContactPoint.Kind.MOBILE, ContactPoint.Kind.HOME)
_CAME_BACK = (ContactPoint.Unusable.BOUNCED, ContactPoint.Unusable.COMPLAINED)


class Why(models.TextChoices):
    """What the people of a filtered list have in common; the value stands in the address."""

    CALL = "call", _("To call now")
    BOOK = "book", _("To book")
    NO_PHONE = "no-phone", _("No phone that works")
    TRIED = "tried", _("Three calls or more")
    PRIORS = "priors", _("Awaiting earlier pictures")
    BOUNCED = "bounced", _("Mail came back")
    OPTED_OUT = "opted-out", _("Wants no messages or calls")
    INTERPRETER = "interpreter", _("Interpreter needed")
    NO_SLOT = "no-slot", _("No free time before the target")
    LETTER = "letter", _("Letter to print")


STUCK = tuple(why for why in Why if why not in (Why.CALL, Why.BOOK))
# Where a filter looks; everywhere else it means the people who are to be contacted.
_STATE_OF = {Why.PRIORS: State.AWAITING_PRIORS}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a person asked for; empty values ask for nothing."""

    why: Why | None = None
    mine: int | None = None
    language: str = ""

    def condition(self, now: datetime, day_end: datetime, free_at: datetime | None) -> Q:
        """`day_end`: the end of today at the site; `free_at`: when somebody could be seen there next."""
        wanted = condition(self.why, now, day_end, free_at) if self.why else Q()
        if self.mine is not None:
            wanted &= Q(assigned_to=self.mine)
        if self.language:
            wanted &= Q(patient__language=self.language)
        return wanted


NO_FILTERS = Filters()


def state_of(why: Why | None) -> State:
    return _STATE_OF.get(why, State.TO_CONTACT) if why else State.TO_CONTACT


def condition(why: Why, now: datetime, day_end: datetime, free_at: datetime | None = None) -> Q:
    """Which recalls of the filter's state belong in its list; see `Filters.condition`."""
    simple: dict[Why, Q] = {
        Why.CALL: Q(due_at__lt=day_end),
        Why.PRIORS: Q(),
        Why.NO_SLOT: no_time_left(now, free_at),
        Why.INTERPRETER: Q(patient__interpreter_needed=True),
    }
    return simple[why] if why in simple else _by_rows(why)


def no_time_left(now: datetime, free_at: datetime | None) -> Q:
    """Her target is still ahead, and before it no time is free. Where nobody knows what is free, nobody is meant."""
    return Q(target_at__gte=now, target_at__lt=free_at) if free_at else Q(pk__in=())


def _by_rows(why: Why) -> Q:
    ready = Q(Exists(_newest_try().filter(result=ContactResult.REACHED_WILL_BOOK)))
    usable = _points().filter(kind__in=_PHONES, unusable="")
    built: dict[Why, Any] = {
        Why.BOOK: lambda: ready,
        Why.NO_PHONE: lambda: Q(patient__do_not_call=True) | ~Exists(usable),
        Why.TRIED: lambda: Q(Exists(_calls()[TRIES_THAT_ARE_MANY - 1 : TRIES_THAT_ARE_MANY])),
        Why.BOUNCED: lambda: Q(Exists(_points().filter(kind=ContactPoint.Kind.EMAIL, unusable__in=_CAME_BACK))),
        Why.OPTED_OUT: lambda: Q(patient__do_not_call=True) | Q(Exists(_no_to_email())),
        Why.LETTER: lambda: Q(pk__in=_letters().values("recall")),  # few of many: looked up once, not for each
    }
    wanted: Q = built[why]()
    return wanted


def _points() -> models.QuerySet[ContactPoint]:
    return ContactPoint.objects.filter(patient=OuterRef("patient"))


def _letters() -> models.QuerySet[WorkItem]:
    return WorkItem.objects.filter(kind=WorkItemKind.PRINT_LETTER, recall__isnull=False, done_at=None)


def _tries() -> models.QuerySet[ContactAttempt]:
    """Those of this ladder that were not taken back."""
    tries = ContactAttempt.objects.filter(recall=OuterRef("pk"), at__gte=OuterRef("contact_since"))
    return tries.filter(takes_back=None, taken_back_by=None)


def _calls() -> models.QuerySet[ContactAttempt]:
    return _tries().filter(channel=ContactChannel.PHONE).order_by("pk")


def _newest_try() -> models.QuerySet[ContactAttempt]:
    others = ContactAttempt.objects.filter(recall=OuterRef("recall"), takes_back=None, taken_back_by=None)
    return _tries().filter(pk=Subquery(others.order_by("-pk").values("pk")[:1]))


def _no_to_email() -> models.QuerySet[Consent]:
    """The newest word on email is a no."""
    said = Consent.objects.filter(patient=OuterRef("patient"), subject=Consent.Subject.EMAIL)
    later = Consent.objects.filter(patient=OuterRef("patient"), subject=OuterRef("subject"), pk__gt=OuterRef("pk"))
    return said.filter(~Exists(later), granted=False)

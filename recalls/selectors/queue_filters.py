"""Filters of the queue: each with its URL value, its label and its condition.

A number beside a link, counted by `queue_counts`, is the length of its list.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from recalls.enums import State
from recalls.models import Recall, RecallFacts


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
# What rests on rows of other tables is kept with each recall: `recalls.kept_facts.facts_sql` says when it holds.
FLAG_BY_REASON = {
    FilterReason.READY_TO_BOOK: "ready_to_book",
    FilterReason.NO_PHONE: "no_phone",
    FilterReason.MANY_CALLS: "many_calls",
    FilterReason.BOUNCED: "bounced",
    FilterReason.OPTED_OUT: "opted_out",
    FilterReason.INTERPRETER: "interpreter",
    FilterReason.LETTER_TO_PRINT: "letter_to_print",
}


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """What a person asked for; empty values ask for nothing."""

    reason: FilterReason | None = None
    assigned_to: int | None = None
    language: str = ""

    def open_rows(self, now: datetime, day_end: datetime, free_at: datetime | None) -> "models.QuerySet[Any]":
        """The open recalls that were asked for, or their facts where these have the index for it.

        `day_end`: the end of today at the site; `free_at`: when somebody could be seen there next.
        """
        in_facts = self.reason in FLAG_BY_REASON
        rows: models.QuerySet[Any] = RecallFacts.objects.all() if in_facts else Recall.objects.still_open()
        if self.reason is not None:
            rows = rows.filter(_reason_condition(self.reason, now, day_end, free_at))
        if self.assigned_to is not None:
            rows = rows.filter(**{"recall__assigned_to" if in_facts else "assigned_to": self.assigned_to})
        if self.language:
            rows = rows.filter(**{"language" if in_facts else "patient__language": self.language})
        return rows


NO_FILTERS = QueueFilters()


def filter_state(why: FilterReason | None, shown: State = State.TO_CONTACT) -> State:
    """The state in which the filter looks, on the page of the state `shown`."""
    if why is None or why in _REASONS_OF_EVERY_STATE:
        return shown
    return _STATE_BY_REASON.get(why, State.TO_CONTACT)


def _reason_condition(why: FilterReason, now: datetime, day_end: datetime, free_at: datetime | None) -> Q:
    """Which rows of the filter's state belong in its list; see `QueueFilters.open_rows`."""
    simple: dict[FilterReason, Q] = {
        FilterReason.CALL_NOW: Q(due_at__lt=day_end),
        FilterReason.PRIORS: Q(),
        FilterReason.NO_SLOT: no_slot_before_target(now, free_at),
        FilterReason.PAST_TARGET: past_target(now),
    }
    return simple[why] if why in simple else Q(**{FLAG_BY_REASON[why]: True})


def past_target(now: datetime) -> Q:
    """This part of the way took longer than it should, whenever the next action is due."""
    return Q(target_at__lt=now)


def no_slot_before_target(now: datetime, free_at: datetime | None) -> Q:
    """The target is still ahead, and before it no time is free. Where nobody knows what is free, nobody is meant."""
    return Q(target_at__gte=now, target_at__lt=free_at) if free_at else Q(pk__in=())

"""Celery tasks: steps due by date, times held and kept, kept forms and numbers, history against its seals."""

import logging
import time
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from celery import shared_task
from django.db.models import Exists, OuterRef
from django.utils import timezone

from clinic.actors import SYSTEM
from clinic.models import Heartbeat, Site
from desk.kept_forms import delete_expired
from desk.keyset import format_cursor, parse_cursor, rows_after
from recalls import actions
from recalls.actions.reminder_calls.refit import refit_due
from recalls.actions.reminder_calls.tasks_to_call import plan_reminder_calls as plan_calls
from recalls.actions.same_day import upkeep as upkeep_of_lanes
from recalls.actions.time_offers import earlier as offers
from recalls.actions.time_offers import upkeep as upkeep_of_slots
from recalls.actions.time_offers.numbered_lists import ask_where_nothing_was_chosen
from recalls.enums import State
from recalls.kept_facts import upkeep
from recalls.models import Recall
from recalls.permissions import StepRefused
from recalls.sealing import nightly

log = logging.getLogger(__name__)

_STEP_BY_STATE = {
    State.FOLLOW_UP: actions.follow_up_due,
    State.ON_HOLD: actions.resume,
    State.RESULT_TO_TELL: actions.release_due,
    State.CLOSED: actions.offer_again,
}
HISTORY_SECONDS = 30.0
BATCH_SIZE = 500
DUE_STEPS_SECONDS = 40.0  # of each minute
DUE_STEPS_HEARTBEAT = "due_steps"


class DuePlace(NamedTuple):
    """A place among the recalls that move by themselves, in the order of the index that serves them."""

    wake_at: datetime
    pk: int


@shared_task
def apply_due_steps() -> dict[str, int]:
    """Take the due steps, each recall in a transaction of its own; returns the number of recalls by step.

    `Recall.wake_at` is the instant at which a recall moves by itself. Two runs at once move each recall once: the
    second finds it in another state. One that is refused or fails stays due and holds up nobody: the run goes on past
    it, and where its time is over before the list is, the next run goes on from there.
    """
    counts = {step.__name__: 0 for step in _STEP_BY_STATE.values()} | {"skipped": 0, "failed": 0}
    mark, _created = Heartbeat.objects.get_or_create(pk=DUE_STEPS_HEARTBEAT)
    started, ends, reached = timezone.now(), time.monotonic() + DUE_STEPS_SECONDS, ""
    for place, recall in _due_recalls(started, parse_cursor(DuePlace, mark.counts.get("reached", ""))):
        counts[_apply_due_step(recall)] += 1
        if time.monotonic() >= ends:
            reached = format_cursor(place)
            break
    Heartbeat.objects.filter(pk=mark.pk).update(
        counts=counts | {"reached": reached}, started_at=started, finished_at=timezone.now()
    )
    return counts


def _due_recalls(now: datetime, after: DuePlace | None) -> Iterator[tuple[DuePlace, Recall]]:
    """Each recall that is due, the longest due first, read in batches.

    A declined visit is not offered again while its exam has an open recall: one that has waits here without being
    locked each minute only to be refused.
    """
    open_beside = Recall.objects.still_open().filter(exam=OuterRef("exam"))
    due = Recall.objects.filter(wake_at__lte=now).exclude(Exists(open_beside), state=State.CLOSED)
    due, sites = due.select_related("site").order_by(*DuePlace._fields), dict[int, Site]()
    while batch := list((due.filter(rows_after(DuePlace._fields, after)) if after else due)[:BATCH_SIZE]):
        for recall in batch:
            recall.site = sites.setdefault(recall.site_id, recall.site)
            after = DuePlace(recall.wake_at, recall.pk)  # before its step, which alters the recall
            yield after, recall


@shared_task
def tend_held_slots() -> dict[str, int]:
    """Every minute, end held times that no longer stand, hold those that are missing, and have those called who chose
    none of the times texted; how many of each."""
    return upkeep_of_slots.tend_held_slots() | {"to_call": ask_where_nothing_was_chosen(timezone.now())}


@shared_task
def offer_earlier_times() -> int:
    """Every minute, offer free times to those who wait for an earlier one; how many offers."""
    return offers.offer_earlier_times()


@shared_task
def tend_lanes() -> dict[str, int]:
    """Every five minutes, forecast the days of the same-day lane, keep and withdraw its times; how many of each."""
    return upkeep_of_lanes.tend_lanes()


@shared_task
def fit_no_show() -> int:
    """Every night, fit the estimates of missed visits that are a week old; how many."""
    return refit_due()


@shared_task
def plan_reminder_calls() -> int:
    """Every hour, end tasks for reminder calls whose visit is over and open those of the day; how many were opened."""
    return plan_calls()


@shared_task
def delete_kept_forms() -> int:
    """Every quarter of an hour, remove what was typed into forms that nobody came back for; the number of forms."""
    return delete_expired()


@shared_task
def sum_count_lines() -> int:
    """Every minute, sum up the lines that moves added to the numbers; how many came in."""
    return upkeep.sum_count_lines()


@shared_task
def recount() -> dict[str, int]:
    """Every night, compare what is kept with a recount and mend what differs; how much did."""
    faults = upkeep.recount()
    return {"facts": faults.facts, "numbers": faults.numbers}


@shared_task
def check_history() -> int:
    """Each minute: go on with the night's comparison of the history with its seals; the number of faults found."""
    return nightly.continue_nightly_check(HISTORY_SECONDS)


def _apply_due_step(recall: Recall) -> str:
    try:
        step = _STEP_BY_STATE[State(recall.state)]
        step(recall, by=SYSTEM, seen=recall.version)
    except StepRefused:
        log.info("recall %s was already changed", recall.pk)
        return "skipped"
    except Exception as error:  # noqa: BLE001  one recall that cannot move must not hold up the others
        log.error("recall %s: the due step failed: %s", recall.pk, type(error).__name__)
        return "failed"
    return step.__name__

"""Celery tasks: steps due by date, held times, forms nobody came back for, kept numbers, history against its seals."""

import logging

from celery import shared_task
from django.utils import timezone

from clinic.actors import SYSTEM
from clinic.models import Site
from desk.kept_forms import delete_expired
from recalls import actions
from recalls.actions.time_offers import earlier as offers
from recalls.actions.time_offers import upkeep as upkeep_of_slots
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
BATCH_SIZE = 500  # the run of the next minute takes the rest


@shared_task
def apply_due_steps() -> dict[str, int]:
    """Take the due steps, each recall in a transaction of its own; returns the number of recalls by step.

    `Recall.wake_at` is the instant at which a recall moves by itself. Two runs at once move each recall once: the
    second finds it in another state.
    """
    counts = {step.__name__: 0 for step in _STEP_BY_STATE.values()} | {"skipped": 0, "failed": 0}
    sites: dict[int, Site] = {}
    due = Recall.objects.filter(wake_at__lte=timezone.now()).select_related("site").order_by("wake_at", "pk")
    for recall in due[:BATCH_SIZE]:
        recall.site = sites.setdefault(recall.site_id, recall.site)
        counts[_apply_due_step(recall)] += 1
    return counts


@shared_task
def tend_held_slots() -> dict[str, int]:
    """Every minute, end held times that no longer stand and hold those that are missing; how many of each."""
    return upkeep_of_slots.tend_held_slots()


@shared_task
def offer_earlier_times() -> int:
    """Every minute, offer free times to those who wait for an earlier one; how many offers."""
    return offers.offer_earlier_times()


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
    step = _STEP_BY_STATE[State(recall.state)]
    try:
        step(recall, by=SYSTEM, seen=recall.version)
    except StepRefused:
        log.info("recall %s was already changed", recall.pk)
        return "skipped"
    except Exception as error:  # noqa: BLE001  one recall that cannot move must not hold up the others
        log.error("recall %s: the due step failed: %s", recall.pk, type(error).__name__)
        return "failed"
    return step.__name__

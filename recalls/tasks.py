"""Celery task that takes the steps that are due by date: holds that end and follow-ups to be booked."""

import logging

from celery import shared_task
from django.utils import timezone

from clinic.actors import SYSTEM
from clinic.models import Site
from recalls import actions
from recalls.enums import State
from recalls.models import Recall
from recalls.permissions import StepRefused

log = logging.getLogger(__name__)

_STEP_BY_STATE = {State.FOLLOW_UP: actions.follow_up_due, State.ON_HOLD: actions.resume}
BATCH_SIZE = 500  # the run of the next minute takes the rest


@shared_task
def apply_due_steps() -> dict[str, int]:
    """Take the due steps, each recall in a transaction of its own; returns the number of recalls by step.

    In these two states the due instant is the one at which the recall moves. Two runs at once move each recall once:
    the second finds it in another state.
    """
    counts = {step.__name__: 0 for step in _STEP_BY_STATE.values()} | {"skipped": 0, "failed": 0}
    sites: dict[int, Site] = {}
    due = (
        Recall.objects.due_before(timezone.now())
        .filter(state__in=_STEP_BY_STATE)
        .select_related("site")
        .order_by_due()[:BATCH_SIZE]
    )
    for recall in due:
        recall.site = sites.setdefault(recall.site_id, recall.site)
        counts[_apply_due_step(recall)] += 1
    return counts


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

"""Is the loop closed: does every open recall have a next step that somebody will come across? Names those without."""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from recalls.enums import OPEN_STATES
from recalls.models import Recall
from recalls.models.querysets import BOOKED_STATES


class StuckReason(models.TextChoices):
    """Why nobody would come across it. The actions allow none of these."""

    NO_QUEUE = "no_queue", _("stands in a state that no queue shows")
    NO_DUE_TIME = "no_due_instant", _("has no time by which the next action is due")
    NO_VISIT = "no_visit", _("counts as booked, and no visit is booked")


@dataclass(frozen=True, slots=True)
class StuckRecall:
    """One open recall without a next step, by its number alone."""

    recall_id: int
    reason: StuckReason


@dataclass(frozen=True, slots=True)
class StuckRecallsReport:
    """How many open recalls were looked at, and which of them have no next step."""

    checked: int
    stuck_recalls: list[StuckRecall]


def find_stuck_recalls() -> StuckRecallsReport:
    """Look at every open recall of every site. Two queries."""
    rows = Recall.objects.without_next_step().order_by("pk").values_list("pk", "state", "due_at")
    violations = [StuckRecall(pk, _stuck_reason(state, due_at)) for pk, state, due_at in rows]
    return StuckRecallsReport(Recall.objects.still_open().count(), violations)


def _stuck_reason(state: str, due_at: object) -> StuckReason:
    if state not in OPEN_STATES:
        return StuckReason.NO_QUEUE
    if due_at is None or state not in BOOKED_STATES:
        return StuckReason.NO_DUE_TIME
    return StuckReason.NO_VISIT

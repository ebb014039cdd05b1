"""Is the loop closed: does every open recall have a next step that somebody will come across? Names those without."""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from recalls.models import Recall
from recalls.models.querysets import VISIT_STATES
from recalls.states import OPEN_STATES


class Fault(models.TextChoices):
    """Why nobody would come across it. The actions allow none of these."""

    NO_QUEUE = "no_queue", _("stands in a state that no queue shows")
    NO_DUE_INSTANT = "no_due_instant", _("has no time by which the next action is due")
    NO_VISIT = "no_visit", _("counts as booked, and no visit is booked")


@dataclass(frozen=True, slots=True)
class Violation:
    """One open recall without a next step, by its number alone."""

    recall_id: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class Report:
    """How many open recalls were looked at, and which of them have no next step."""

    checked: int
    violations: list[Violation]


def check() -> Report:
    """Look at every open recall of every site. Two queries."""
    rows = Recall.objects.without_next_step().order_by("pk").values_list("pk", "state", "due_at")
    violations = [Violation(pk, _fault(state, due_at)) for pk, state, due_at in rows]
    return Report(Recall.objects.still_open().count(), violations)


def _fault(state: str, due_at: object) -> Fault:
    if state not in OPEN_STATES:
        return Fault.NO_QUEUE
    if due_at is None or state not in VISIT_STATES:
        return Fault.NO_DUE_INSTANT
    return Fault.NO_VISIT

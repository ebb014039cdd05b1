"""Actions that note a barrier by itself, what was offered against it, and what came of that."""

from dataclasses import dataclass
from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from recalls.actions.barriers.stating import StatedBarriers, write_barriers
from recalls.actions.contact import open_work_item, record_interpreter_need
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import WorkItemKind
from recalls.enums.barriers import BARRIER_ENDS_TO_CHOOSE, BarrierEnd, BarrierKind
from recalls.models import Barrier, BarrierHelp, BarrierResource, Recall, RecallEvent, WorkItem
from recalls.permissions import StepUnavailable


def state_barrier(recall: Recall, stated: StatedBarriers, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Note what is in the way and open the tasks to help. Raises ValidationError where nothing is named."""
    if not stated.kinds:
        raise ValidationError({"kinds": _("Say what is in the way.")})

    def state(transition: Transition) -> None:
        for kind, reason in write_barriers(transition, stated):
            open_work_item(transition.recall, kind, reason)
        if BarrierKind.LANGUAGE in stated.kinds:
            record_interpreter_need(transition)

    return apply_step(recall, "state_barrier", state, **kwargs)


@dataclass(frozen=True, slots=True)
class HelpInput:
    """What was offered against one barrier, of the site's list or in words, and what came of it ("" while it stays)."""

    barrier: int
    resource: BarrierResource | None = None
    offered: str = ""
    outcome: str = ""


def help_with_barrier(recall: Recall, given: HelpInput, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Note the help with a barrier; the task is done once nothing stands in the way any more.

    Raises StepUnavailable for a barrier that is settled, ValidationError where neither an offer nor an outcome is said.
    """
    if given.outcome and given.outcome not in BARRIER_ENDS_TO_CHOOSE:
        raise ValidationError({"outcome": _("Choose what came of it.")})
    if not (given.outcome or given.offered.strip() or given.resource):
        raise ValidationError({"offered": _("Say what was offered, or what came of it.")})

    def note(transition: Transition) -> None:
        barrier = Barrier.objects.unsettled().filter(pk=given.barrier, recall=transition.recall).first()
        if barrier is None:
            raise StepUnavailable(_("This is settled already."))
        row = BarrierHelp.objects.create(
            barrier=barrier,
            resource=given.resource,
            offered=given.offered.strip() or (given.resource.text if given.resource else ""),
            outcome=BarrierEnd(given.outcome) if given.outcome else "",
            **transition.signature,
        )
        transition.data = {"help": row.pk, "kinds": [barrier.kind], "outcome": str(row.outcome)}
        if not has_unsettled_barrier(transition.recall):
            open_tasks = WorkItem.objects.filter(recall=transition.recall, kind=WorkItemKind.BARRIER, done_at=None)
            open_tasks.update(done_at=transition.now, done_by=transition.actor.user)

    return apply_step(recall, "help_with_barrier", note, **kwargs)


def has_unsettled_barrier(recall: Recall) -> bool:
    return bool(Barrier.objects.unsettled().filter(recall=recall).exists())

"""Writes down what is in the way of a visit, and says which tasks that asks for: the one place of this rule."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from django.utils.translation import gettext as _

from recalls.actions.transition import Transition
from recalls.enums import WorkItemKind
from recalls.enums.barriers import BarrierEnd, BarrierKind, BarrierSource
from recalls.models import Barrier, BarrierHelp

# Beside the task to help, which every barrier opens: fear is a doctor's to talk about, and an interpreter is booked.
MORE_TASKS: Final[Mapping[BarrierKind, WorkItemKind]] = MappingProxyType(
    {BarrierKind.FEAR: WorkItemKind.DOCTOR_QUESTION, BarrierKind.LANGUAGE: WorkItemKind.INTERPRETER}
)


@dataclass(frozen=True, slots=True)
class StatedBarriers:
    """What is in the way, who said it, and in which words (300 characters at most)."""

    kinds: tuple[BarrierKind, ...]
    source: BarrierSource
    words: str = ""


def write_barriers(transition: Transition, stated: StatedBarriers) -> list[tuple[WorkItemKind, str]]:
    """Add a row for each that is not known already, and say which tasks to open, each with its reason.

    The event names the rows (`barriers`), the kinds and the source.
    """
    known = set(Barrier.objects.unsettled().filter(recall=transition.recall).values_list("kind", flat=True))
    fresh = [kind for kind in BarrierKind if kind in stated.kinds and kind not in known]
    rows = [
        Barrier.objects.create(
            recall=transition.recall, kind=kind, source=stated.source, words=stated.words, **transition.signature
        )
        for kind in fresh
    ]
    transition.data["barriers"] = [row.pk for row in rows]
    transition.data["kinds"] = [str(kind) for kind in BarrierKind if kind in stated.kinds]
    transition.data["source"] = str(stated.source)
    return _tasks_for(stated)


def _tasks_for(stated: StatedBarriers) -> list[tuple[WorkItemKind, str]]:
    kinds = [kind for kind in BarrierKind if kind in stated.kinds]
    said = _("%(what)s (%(who)s)") % {
        "what": ", ".join(str(kind.label) for kind in kinds),
        "who": BarrierSource(stated.source).label,
    }
    more = [(MORE_TASKS[kind], said) for kind in kinds if kind in MORE_TASKS]
    return [(WorkItemKind.BARRIER, said), *more] if kinds else []


def take_back_barriers(transition: Transition, numbers: Iterable[int]) -> None:
    """Of a step that is undone: nobody said it."""
    for barrier in Barrier.objects.filter(pk__in=list(numbers), recall=transition.recall):
        BarrierHelp.objects.create(barrier=barrier, outcome=BarrierEnd.TAKEN_BACK, **transition.signature)

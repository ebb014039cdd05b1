"""What the history says of steps about barriers and cases."""

from datetime import datetime

from django.utils.translation import gettext as _

from recalls.enums.barriers import BarrierEnd, BarrierKind, BarrierSource, CaseEnd, CaseReason
from recalls.models import Recall, RecallEvent


def in_the_way(event: RecallEvent) -> str:
    kinds = ", ".join(str(BarrierKind(kind).label) for kind in event.data.get("kinds", ()))
    return _("in the way: %(what)s") % {"what": kinds} if kinds else ""


def barrier_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    return (in_the_way(event), str(BarrierSource(event.data["source"]).label))


def help_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    outcome = event.data.get("outcome", "")
    offered = [one.offered for barrier in recall.barriers.all() for one in barrier.helps.all()
               if one.pk == event.data.get("help")]  # fmt: skip
    return (in_the_way(event), *offered, str(BarrierEnd(outcome).label) if outcome else "")


def case_details(recall: Recall, event: RecallEvent, now: datetime) -> tuple[str, ...]:
    reason, end, minutes = (event.data.get(name) for name in ("reason", "end", "minutes"))
    return (
        str(CaseReason(reason).label) if reason else "",
        str(CaseEnd(end).label) if end else "",
        _("%(count)d minutes") % {"count": minutes} if minutes else "",
    )

"""What is in the way of a visit, as the recall's page shows it: who said it, what was offered, what can be offered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.actors import Actor
from patients.contact_validation import format_phone
from recalls.assignment import display_name
from recalls.enums.barriers import BarrierKind
from recalls.models import Barrier, BarrierHelp, BarrierResource, Recall
from recalls.presenters.datetime_display import display_datetime
from recalls.selectors.barriers import resources_for
from recalls.workflow import STEPS_BY_NAME


@dataclass(frozen=True, slots=True)
class ResourceLine:
    """What can be offered, in the patient's language."""

    language: str
    text: str
    phone: str
    phone_href: str
    link: str


@dataclass(frozen=True, slots=True)
class BarrierRow:
    """One barrier with what happened; `help_url` is empty where it is settled or not for this person."""

    kind: str
    said: str
    words: str
    offers: list[str]
    outcome: str
    resources: list[ResourceLine]
    help_url: str


@dataclass(frozen=True, slots=True)
class BarrierPanel:
    """The barriers of a recall, those that still stand first, and whose case it is; `case` is empty for nobody's."""

    rows: list[BarrierRow]
    case: str


def resource_lines(resources: Iterable[BarrierResource], country: str) -> list[ResourceLine]:
    return [
        ResourceLine(
            language=one.language,
            text=one.text,
            phone=format_phone(one.phone, country) if one.phone else "",
            phone_href=f"tel:{one.phone}" if one.phone else "",
            link=one.link,
        )
        for one in resources
    ]


def build_barrier_panel(recall: Recall, actor: Actor, now: datetime) -> BarrierPanel | None:
    """None where nothing was ever in the way and no navigator has the recall. No query beside the recall's own."""
    rows = sorted(recall.barriers.all(), key=lambda barrier: (not barrier.is_unsettled, barrier.pk))
    cases = [case for case in recall.navigator_cases.all() if case.ended_at is None]
    if not rows and not cases:
        return None
    may_help = recall.is_open and bool(actor.roles & STEPS_BY_NAME["help_with_barrier"].roles)
    resources = resources_for(recall)
    words = _("Case of %(who)s since %(when)s (%(why)s)")
    case = [
        words % {
            "who": display_name(one.navigator),
            "when": display_datetime(recall.site, one.taken_at, now),
            "why": one.get_reason_display(),
        }
        for one in cases
    ]  # fmt: skip
    return BarrierPanel([_row(recall, barrier, resources, now, may_help=may_help) for barrier in rows], "".join(case))


def _row(
    recall: Recall, barrier: Barrier, resources: list[BarrierResource], now: datetime, *, may_help: bool
) -> BarrierRow:
    is_open = barrier.is_unsettled and recall.is_open
    said = _("said by %(who)s, %(when)s, noted by %(by)s") % {
        "who": barrier.get_source_display(),
        "when": display_datetime(recall.site, barrier.at, now),
        "by": barrier.by,
    }
    settled = next((one for one in barrier.helps.all() if one.outcome), None)
    url = f"{reverse('step', args=[recall.pk, 'help_with_barrier'])}?barrier={barrier.pk}"
    return BarrierRow(
        kind=str(barrier.get_kind_display()),
        said=said,
        words=barrier.words,
        offers=[_offer(recall, one, now) for one in barrier.helps.all() if one.offered],
        outcome=str(settled.get_outcome_display()) if settled else "",
        resources=resource_lines((one for one in resources if one.kind == barrier.kind), recall.site.country)
        if is_open
        else [],
        help_url=url if is_open and may_help else "",
    )


def _offer(recall: Recall, given: BarrierHelp, now: datetime) -> str:
    return f"{given.offered} ({display_datetime(recall.site, given.at, now)}, {given.by})"


def script_help(recall: Recall) -> list[tuple[Any, list[ResourceLine]]]:
    """For the caller's script: each kind of barrier for which the site has help, and what can be said of it."""
    found = resources_for(recall)
    by_kind = {kind: [one for one in found if one.kind == kind] for kind in BarrierKind}
    return [(kind.label, resource_lines(rows, recall.site.country)) for kind, rows in by_kind.items() if rows]

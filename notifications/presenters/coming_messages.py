"""Rows of the page of messages to come: when, to whom, what, on which way, and what may be done about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.actors import Actor
from notifications.enums import NotificationKind
from notifications.planning.forecast import ForecastLine
from notifications.planning.manual_actions import stop_blocked_reason
from notifications.planning.plan import MANUAL_MESSAGE_STEP
from recalls.permissions import step_blocked_reason
from recalls.presenters import DisplayDateTime, display_datetime
from recalls.workflow import STEPS_BY_NAME


@dataclass(frozen=True, slots=True)
class ComingRow:
    """`blocked_reason` is empty for a message that will leave; `doctor` for one to the patient."""

    leaves_at: DisplayDateTime
    name: str
    mrn: str
    site_name: str
    doctor: str
    title: str
    channel_label: str
    blocked_reason: str
    recall_url: str
    message_url: str
    may_be_stopped: bool


def build_coming_rows(lines: Iterable[ForecastLine], actor: Actor, now: datetime) -> list[ComingRow]:
    """No query."""
    return [_build_row(line, actor, now) for line in lines]


def _build_row(line: ForecastLine, actor: Actor, now: datetime) -> ComingRow:
    recall, row = line.recall, line.row
    may_stop = not step_blocked_reason(recall, STEPS_BY_NAME[MANUAL_MESSAGE_STEP], actor)
    return ComingRow(
        leaves_at=display_datetime(recall.site, line.sends_at, now),
        name=recall.patient.full_name,
        mrn=recall.patient.mrn,
        site_name=recall.site.name,
        doctor=_describe_doctor(line) if row.kind == NotificationKind.REFERRER_NOTICE else "",
        title=line.title,
        channel_label=line.channel_label,
        blocked_reason=line.blocked_reason_label,
        recall_url=reverse("recall", args=[recall.pk]),
        message_url=reverse("message", args=[row.pk]),
        may_be_stopped=may_stop and not stop_blocked_reason(row),
    )


def _describe_doctor(line: ForecastLine) -> str:
    referrer = line.recall.exam.referrer
    return _("To %(doctor)s") % {"doctor": referrer.name if referrer else _("the referring doctor")}

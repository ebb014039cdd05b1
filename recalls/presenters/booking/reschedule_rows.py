"""Rows of a day to be closed, with the time that is proposed for each visit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.models import Site
from recalls.presenters.booking.appointments import describe_appointment, notification_channel
from recalls.presenters.datetime_display import display_datetime, format_clock_time
from recalls.scheduling.day_closure import RescheduleProposal
from recalls.scheduling.slots import format_slot


@dataclass(frozen=True, slots=True)
class RescheduleProposalRow:
    """One visit of a day to be closed, with what is proposed for it."""

    pk: int
    name: str
    mrn: str
    url: str
    old_time: str
    description: str
    new_time: str
    target_warning: str
    slot_value: str
    blocked_reason: str
    notified_by: str
    version: int
    sequence: int


def build_reschedule_rows(
    found: Iterable[RescheduleProposal], site: Site, site_ids: frozenset[int], now: datetime
) -> list[RescheduleProposalRow]:
    """What is proposed for each, in words; a visit of another site's recall shows no name."""
    return [_reschedule_row(one, site, one.appointment.recall.site_id in site_ids, now) for one in found]


def _reschedule_row(
    proposal: RescheduleProposal, site: Site, is_own_site: bool, now: datetime
) -> RescheduleProposalRow:
    visit, free = proposal.appointment, proposal.free_slot
    recall, patient = visit.recall, visit.recall.patient
    to = display_datetime(site, free.starts_at, now).text if free else ""
    late = ""
    if free and recall.target_at and free.starts_at > recall.target_at:
        late = _("after the target, %(day)s") % {"day": display_datetime(site, recall.target_at, now)}
    return RescheduleProposalRow(
        pk=visit.pk,
        name=str(patient) if is_own_site else _("Patient of another site"),
        mrn=patient.mrn if is_own_site else "",
        url=reverse("recall", args=[recall.pk]) if is_own_site else "",
        old_time=format_clock_time(visit.starts_at.astimezone(site.zone)),
        description=describe_appointment(visit),
        new_time=f"{to}, {free.room.name}" if free else "",
        target_warning=late,
        slot_value=format_slot(free, site) if free else "",
        blocked_reason=proposal.blocked_reason,
        notified_by=notification_channel(patient),
        version=recall.version,
        sequence=visit.sequence,
    )

"""Rows of the waiting list for an earlier time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.models import Site
from patients.channels import get_patient_channels
from patients.contact_validation import format_phone
from recalls.presenters.datetime_display import display_datetime, format_days_since
from recalls.scheduling.earlier_times import EarlierTime
from recalls.scheduling.slots import format_slot


@dataclass(frozen=True, slots=True)
class EarlierTimeRow:
    """One who waits, with the time to offer; `slot_value` is empty where none is free."""

    name: str
    url: str
    is_at_risk: bool
    phone_links: list[tuple[str, str]]
    booked: str
    wish: str
    offer: str
    gain: str
    # What the form that moves the visit sends.
    move_url: str
    fields: dict[str, str]


def build_earlier_time_rows(
    found: Iterable[EarlierTime], sites: dict[int, Site], now: datetime
) -> list[EarlierTimeRow]:
    """In the order given."""
    return [_row(one, sites[one.entry.appointment.site_id], now) for one in found]


def _row(one: EarlierTime, site: Site, now: datetime) -> EarlierTimeRow:
    visit, free = one.entry.appointment, one.free
    recall, patient = visit.recall, visit.recall.patient
    fields, offer, gain = {}, "", ""
    if free is not None:
        offer = f"{display_datetime(site, free.starts_at, now)}, {free.room.name}"
        local = [at.astimezone(site.zone).date() for at in (free.starts_at, visit.starts_at)]
        gain = format_days_since(*local)
        needs = {name: "on" for name in ("interpreter", "implants") if getattr(visit, name)}
        fields = {
            "version": str(recall.version), "key": str(uuid4()), "then": "stay", "site": str(site.pk),
            "kind": visit.kind, "slot": format_slot(free, site), **needs,
        }  # fmt: skip
    return EarlierTimeRow(
        name=str(patient),
        url=reverse("recall", args=[recall.pk]),
        is_at_risk=recall.suspicious,
        phone_links=[
            (f"tel:{number}", format_phone(number, site.country)) for number in get_patient_channels(patient).phones
        ],
        booked=str(display_datetime(site, visit.starts_at, now)),
        wish=str(one.entry.get_part_display() or _("at any time of the day")),
        offer=offer,
        gain=gain,
        move_url=reverse("step", args=[recall.pk, "reschedule"]),
        fields=fields,
    )

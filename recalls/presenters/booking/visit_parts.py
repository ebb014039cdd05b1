"""The further parts of a visit in words."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from clinic.models import Site
from recalls.models import Appointment
from recalls.presenters.datetime_display import format_clock_time


@dataclass(frozen=True, slots=True)
class PartRow:
    """A further part of a visit: `room` is empty where none is kept."""

    time_text: str
    room: str
    description: str
    starts_at: datetime


def part_rows(visit: Appointment, site: Site) -> list[PartRow]:
    """In the order of the day. No query for a visit in one part, or with its parts prefetched."""
    return [
        PartRow(
            format_clock_time(part.starts_at.astimezone(site.zone)), part.room.name if part.room else "",
            _("%(kind)s, %(minutes)d min") % {"kind": part.get_kind_display(), "minutes": part.length_minutes},
            part.starts_at,
        )
        for part in visit.further_parts
    ]  # fmt: skip


def describe_parts(visit: Appointment) -> list[str]:
    """The further parts of a visit, each in one line on the site's clock."""
    rows = part_rows(visit, visit.site)
    return [", ".join(word for word in (row.time_text, row.description, row.room) if word) for row in rows]

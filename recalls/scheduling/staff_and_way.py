"""Says who speaks a patient's language at a free time, and which times are too early for a long way."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from clinic import calendar
from clinic.models import Site
from recalls.enums import SpokenLanguage, TravelTime
from recalls.models import Recall, Room


def spoken_beside_english(*codes: str) -> list[SpokenLanguage]:
    """Of these language codes those that a room can name, each once: "es-MX" is Spanish."""
    bases = dict.fromkeys(code.partition("-")[0].lower() for code in codes)
    return [SpokenLanguage(base) for base in bases if base in SpokenLanguage.values]


def in_order_of_language(rooms: Iterable[Room], language: str) -> list[Room]:
    """Rooms in which the patient's language is spoken first: of several free ones the first is given."""
    known = spoken_beside_english(language)
    return sorted(rooms, key=lambda room: not room.spoken.intersection(known))


def leaves_before_opening(site: Site, starts_at: datetime, minutes: int) -> bool:
    """Whether who needs so many minutes would have to leave home before the site opens on that day.

    Up to half an hour, and where the patient has not said, nothing is too early.
    """
    hours = calendar.opening_hours_on(site, calendar.local_day(site, starts_at))
    if minutes <= TravelTime.HALF_AN_HOUR or hours is None:
        return False
    opens = calendar.instant(site, calendar.local_day(site, starts_at), hours[0])
    return starts_at < opens + timedelta(minutes=minutes)


def is_too_early(recall: Recall, starts_at: datetime) -> bool:
    """By the way of which the patient told. After a 4 or 5 no time is too early: none is put off for the way."""
    wish = getattr(recall.patient, "visit_wish", None)
    if wish is None or recall.suspicious:
        return False
    return leaves_before_opening(recall.site, starts_at, wish.travel_minutes)

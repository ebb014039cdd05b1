"""Says why a mobile unit cannot stand at a place on a day, or leave a stop, the one place where that is decided."""

from datetime import date

from django.utils.translation import gettext as _

from clinic import calendar
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES
from recalls.models import Appointment, Room, RoomStop


def closed_day_reason(room: Room, day: date) -> str:
    """Empty where the site of the unit is open that day."""
    return "" if calendar.is_open_day(room.site, day) else _("The site is shut on this day: open it first.")


def not_mobile_reason(room: Room) -> str:
    """Empty for a mobile unit, and for a room without weekly hours, which its first stop makes one."""
    has_week = not room.is_mobile and room.hours.exists()
    return _("This room has weekly hours: a mobile unit has stops instead.") if has_week else ""


def booked_reason(stop: RoomStop) -> str:
    """Empty where nobody is booked for the stop."""
    booked = Appointment.objects.filter(stop__isnull=False, stop=stop.pk, status__in=ACTIVE_APPOINTMENT_STATUSES)
    return _("Patients are booked for this stop: move their visits first.") if booked.exists() else ""

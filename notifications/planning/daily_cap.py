"""Limits a patient's messages to two a day, whatever the channel and the recall; the third waits for the next day.

Never put off: an urgent message, a notice to the doctor, a text of the series that the patient asked for (which waits
for the others by a rule of its own), and one that would be of no use any more by then.
"""

from datetime import datetime

from django.db.models import Q

from clinic import calendar
from clinic.calendar import SendWindow
from clinic.models import Site
from notifications.enums import NOT_ABOUT_CARE_KINDS, NotificationState
from notifications.models import Notification

MAX_MESSAGES_PER_DAY = 2


def get_deferred_until(row: Notification, window: SendWindow, site: Site, now: datetime) -> datetime | None:
    """When it may leave instead (UTC), in that window; None when it may leave now. The day is the site's."""
    later = get_next_day(row, window, site, now)
    return later if later is not None and has_reached_cap(row.patient_id, site, now) else None


def get_next_day(row: Notification, window: SendWindow, site: Site, now: datetime) -> datetime | None:
    """When it would leave (UTC) if the patient's day were full; None for what is never put off."""
    if row.urgent or row.kind in NOT_ABOUT_CARE_KINDS:
        return None
    later = calendar.next_send_time(window, site, calendar.start_of_day(site, now, 1))
    return later if row.expires_at is None or later < row.expires_at else None


def has_reached_cap(patient_id: int, site: Site, now: datetime) -> bool:
    """Whether so many messages reached the patient today, or are on their way, that others wait."""
    of_patient = Notification.objects.filter(patient=patient_id).exclude(kind__in=NOT_ABOUT_CARE_KINDS)
    today = of_patient.filter(
        Q(accepted_at__gte=calendar.start_of_day(site, now)) | Q(accepted_at=None, state=NotificationState.SENDING)
    )
    return len(today.values_list("pk")[:MAX_MESSAGES_PER_DAY]) >= MAX_MESSAGES_PER_DAY

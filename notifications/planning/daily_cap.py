"""Limits a patient's messages to two a day, whatever the channel and the recall; the third waits for the next day.

Never put off: an urgent message, a notice to the doctor, and one that would be of no use any more by then.
"""

from datetime import datetime

from django.db.models import Q

from clinic import calendar
from clinic.models import Site
from notifications.enums import NotificationKind, NotificationState
from notifications.models import Notification
from notifications.planning.plan import RULE_BY_KIND

MAX_MESSAGES_PER_DAY = 2


def get_deferred_until(row: Notification, site: Site, now: datetime) -> datetime | None:
    """When it may leave instead (UTC), None when it may leave now. The day is the site's."""
    if row.urgent or row.kind == NotificationKind.REFERRER_NOTICE:
        return None
    of_patient = Notification.objects.filter(patient=row.patient_id).exclude(kind=NotificationKind.REFERRER_NOTICE)
    today = of_patient.filter(
        Q(accepted_at__gte=calendar.start_of_day(site, now)) | Q(accepted_at=None, state=NotificationState.SENDING)
    )
    if len(today.values_list("pk")[:MAX_MESSAGES_PER_DAY]) < MAX_MESSAGES_PER_DAY:
        return None
    later = next_day_send_time(row.kind, site, now)
    return later if row.expires_at is None or later < row.expires_at else None


def next_day_send_time(kind: str, site: Site, at: datetime) -> datetime:
    """The next sending hours for its kind that are not on the day of `at`."""
    return calendar.next_send_time(
        RULE_BY_KIND[NotificationKind(kind)].window, site, calendar.start_of_day(site, at, 1)
    )

"""Has she had messages enough for today? Two a day, whatever the way and the recall; the third waits for tomorrow.

Never put off: an urgent message, a notice to the doctor, and one that would be of no use any more by then.
"""

from datetime import datetime

from django.db.models import Q

from clinic.models import Site
from notifications import windows
from notifications.kinds import Kind, NotificationState
from notifications.models import Notification
from notifications.plan import RULE

MOST_A_DAY = 2


def put_off_until(row: Notification, site: Site, now: datetime) -> datetime | None:
    """When it may leave instead (UTC), None when it may leave now. The day is the site's."""
    if row.urgent or row.kind == Kind.REFERRER_NOTICE:
        return None
    hers = Notification.objects.filter(patient=row.patient_id).exclude(kind=Kind.REFERRER_NOTICE)
    today = hers.filter(
        Q(accepted_at__gte=windows.start_of(site, now)) | Q(accepted_at=None, state=NotificationState.SENDING)
    )
    if len(today.values_list("pk")[:MOST_A_DAY]) < MOST_A_DAY:
        return None
    later = next_day(row.kind, site, now)
    return later if row.expires_at is None or later < row.expires_at else None


def next_day(kind: str, site: Site, at: datetime) -> datetime:
    """The next sending hours for its kind that are not on the day of `at`."""
    return windows.next_in(RULE[Kind(kind)].window, site, windows.start_of(site, at, 1))

"""How fast may one mail provider be written to? At most so many messages a minute to each mail domain.

A message over the limit is promised a place in the first later minute that has one, so it is asked about twice and not
each minute. The count of what really left decides when its minute comes. Asked inside the claim's transaction; a
setting of 0 asks nothing.
"""

from datetime import datetime, timedelta

from django.conf import settings

from notifications.models import Notification
from notifications.records import DomainPace

MINUTE = timedelta(minutes=1)


def turn(row: Notification, address: str, now: datetime) -> datetime:
    """When it may leave: `now`, which counts it as sent, or the minute that it was promised."""
    most = settings.MAIL_PER_DOMAIN_PER_MINUTE
    if not most:
        return now
    this = now.replace(second=0, microsecond=0)
    domain = address.rpartition("@")[2].lower()
    DomainPace.objects.get_or_create(pk=domain, defaults={"minute": this, "promised_minute": this})
    pace = DomainPace.objects.select_for_update().get(pk=domain)
    if pace.minute != this:
        pace.minute, pace.sent = this, 0
    first_come = pace.promised_minute <= this or row.reason == "paced"
    if pace.sent < most and first_come:
        pace.sent += 1
        pace.save()
        return now
    if pace.promised_minute <= this:
        pace.promised_minute, pace.promised = this + MINUTE, 0
    elif pace.promised >= most:
        pace.promised_minute, pace.promised = pace.promised_minute + MINUTE, 0
    pace.promised += 1
    pace.save()
    return pace.promised_minute

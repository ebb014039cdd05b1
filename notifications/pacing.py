"""How fast may one mail provider be written to? At most so many messages a minute to each mail domain.

A message over the limit is promised a place in the first later minute that has one, so it is asked about twice and not
each minute. The count of what really left decides when its minute comes. Asked inside the claim's transaction; a
setting of 0 asks nothing.
"""

from datetime import datetime, timedelta

from django.conf import settings

from notifications.kinds import Reason
from notifications.models import Notification
from notifications.records import DomainPace

MINUTE = timedelta(minutes=1)


def turn(row: Notification, address: str, now: datetime) -> datetime:
    """When it may leave: `now`, or the minute that it was promised. `count` notes that it really left."""
    most = settings.MAIL_PER_DOMAIN_PER_MINUTE
    if not most:
        return now
    this, domain = _minute_of(now), _domain_of(address)
    DomainPace.objects.get_or_create(pk=domain, defaults={"minute": this, "promised_minute": this})
    pace = DomainPace.objects.select_for_update().get(pk=domain)
    if pace.minute != this:
        pace.minute, pace.sent = this, 0
    first_come = pace.promised_minute <= this or row.reason == Reason.PACED
    if pace.sent < most and first_come:
        return now
    if pace.promised_minute <= this:
        pace.promised_minute, pace.promised = this + MINUTE, 0
    elif pace.promised >= most:
        pace.promised_minute, pace.promised = pace.promised_minute + MINUTE, 0
    pace.promised += 1
    pace.save()
    return pace.promised_minute


def count(address: str, now: datetime) -> None:
    """Count one message as sent in this minute; called only for one that leaves, after its `turn`."""
    if not settings.MAIL_PER_DOMAIN_PER_MINUTE:
        return
    pace, this = DomainPace.objects.select_for_update().get(pk=_domain_of(address)), _minute_of(now)
    pace.sent = pace.sent + 1 if pace.minute == this else 1
    pace.minute = this
    pace.save(update_fields=["minute", "sent"])


def _minute_of(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()

"""Limits how many messages a minute go to one mail domain.

A message over the limit is promised a place in the first later minute that has one, so it is asked about twice and not
each minute. The count of what really left decides when its minute comes. Asked inside the claim's transaction; a
setting of 0 asks nothing.
"""

from datetime import datetime, timedelta

from django.conf import settings

from notifications.models import DomainRateLimit

ONE_MINUTE = timedelta(minutes=1)


def get_allowed_send_time(was_promised: bool, address: str, now: datetime) -> datetime:
    """When it may leave: `now`, or the minute that it is promised. `count_sent` notes that it really left."""
    most = settings.MAIL_PER_DOMAIN_PER_MINUTE
    if not most:
        return now
    this, domain = _start_of_minute(now), _mail_domain_of(address)
    DomainRateLimit.objects.get_or_create(pk=domain, defaults={"minute": this, "promised_minute": this})
    pace = DomainRateLimit.objects.select_for_update().get(pk=domain)
    if pace.minute != this:
        pace.minute, pace.sent = this, 0
    first_come = pace.promised_minute <= this or was_promised
    if pace.sent < most and first_come:
        return now
    if pace.promised_minute <= this:
        pace.promised_minute, pace.promised = this + ONE_MINUTE, 0
    elif pace.promised >= most:
        pace.promised_minute, pace.promised = pace.promised_minute + ONE_MINUTE, 0
    pace.promised += 1
    pace.save()
    return pace.promised_minute


def count_sent(address: str, now: datetime) -> None:
    """Count one message as sent in this minute; called only for one that leaves, after its `turn`."""
    if not settings.MAIL_PER_DOMAIN_PER_MINUTE:
        return
    pace, this = DomainRateLimit.objects.select_for_update().get(pk=_mail_domain_of(address)), _start_of_minute(now)
    pace.sent = pace.sent + 1 if pace.minute == this else 1
    pace.minute = this
    pace.save(update_fields=["minute", "sent"])


def _start_of_minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


def _mail_domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()

"""Judges what the operator must be told of: a part that is late or down, messages that are owed, a wrong clock."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.translation import gettext as _

from clinic.models import Site
from desk.union_counts import CountRow, fetch_counts
from reports.current_counts import health_count_queries, message_count_queries
from reports.health_checks import (
    ComponentHealth,
    Health,
    check_components,
    check_optional_parts,
    overdue_sentence,
    sending_frozen,
)

# The board turns red after five minutes; a person is called when the sweeps did not mend it by themselves.
OVERDUE_ALERT_AFTER = timedelta(minutes=15)
CLOCK_TOLERANCE = timedelta(seconds=30)  # NTP keeps machines within a second; a lease of a message lasts minutes
_BAD = (Health.LATE, Health.DOWN, Health.FROZEN)


def find_faults(now: datetime, *, broker_answers: bool) -> list[ComponentHealth]:
    """All that is wrong at this instant, of every site together. Raises DatabaseError when the database is away."""
    sites = list(Site.objects.order_by("pk"))
    zone = sites[0].zone if sites else ZoneInfo("UTC")
    rows = fetch_counts([*health_count_queries(), *message_count_queries(sites, now)])
    marks = _times_by_key(rows, "sign")
    overdue, oldest = _overdue(rows)
    parts = [
        *sending_frozen(_times_by_key(rows, "frozen"), zone),
        *check_components(
            marks, _times_by_key(rows, "mail"), since=_times_by_key(rows, "since"),
            broker_answers=broker_answers, overdue=overdue, now=now, zone=zone,
        ),
        *check_optional_parts(marks, now, zone),
        *_check_clock(marks.values(), now),
    ]  # fmt: skip
    if oldest is not None and now - oldest > OVERDUE_ALERT_AFTER:
        parts.append(ComponentHealth(_("Messages"), Health.LATE, overdue_sentence(overdue, oldest, now)))
    return [part for part in parts if part.health in _BAD]


def clock_stepped() -> ComponentHealth:
    """The clock of this machine went on by another time than passed."""
    return ComponentHealth(_("Server time"), Health.LATE, _("it was set, or this machine stood still"))


def database_down() -> ComponentHealth:
    return ComponentHealth(_("Database"), Health.DOWN, _("no answer"))


def _times_by_key(rows: Iterable[CountRow], name: str) -> dict[str, datetime | None]:
    return {row.key: row.at for row in rows if row.query_name == name}


def _overdue(rows: Iterable[CountRow]) -> tuple[int, datetime | None]:
    found = [row for row in rows if row.query_name == "messages" and row.key == "overdue" and row.count]
    return sum(row.count for row in found), min((row.at for row in found if row.at), default=None)


def _check_clock(marks: Iterable[datetime | None], now: datetime) -> list[ComponentHealth]:
    """Marks from the future, or a database that knows another time: leases and reminders then go wrong."""
    ahead = max((at - now for at in marks if at is not None), default=timedelta(0))
    apart = max(ahead, abs(_database_time(now) - now))
    if apart <= CLOCK_TOLERANCE:
        return []
    words = _("two machines differ by %(seconds)d seconds") % {"seconds": apart.total_seconds()}
    return [ComponentHealth(_("Server time"), Health.LATE, words)]


def _database_time(now: datetime) -> datetime:
    """SQLite runs in this process and has no clock of its own."""
    if connection.vendor != "postgresql":
        return now
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        answer: datetime = cursor.fetchone()[0]
    return answer

"""Who gets what on a day to come, when and by which way, and who does not and why? Nothing is changed by asking.

It asks the same rules as the claim does, with what is known now: a recall that moves meanwhile changes the answer.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from django.db.models import Q, QuerySet

from clinic import calendar
from clinic.models import Site
from notifications import windows
from notifications.caps import MOST_A_DAY
from notifications.kinds import Channel, Kind, NotificationState, Reason
from notifications.models import Notification
from notifications.plan import RULE, wanted
from notifications.routes import way_for
from notifications.situation import Situation, situations_of
from patients.channels import channels_of
from recalls.models import Recall

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the day; `why_not` is empty for one that will leave."""

    at: datetime
    row: Notification
    recall: Recall
    channel: Channel
    why_not: str = ""

    @property
    def what(self) -> str:
        return str(self.row.get_kind_display())

    @property
    def hour(self) -> str:
        return f"{self.at.astimezone(self.recall.site.zone):%H:%M}"

    @property
    def way(self) -> str:
        return str(self.channel.label)

    @property
    def why(self) -> str:
        return str(Reason(self.why_not).label) if self.why_not else ""


def tomorrow(site: Site, now: datetime) -> date:
    return calendar.local_day(site, now) + timedelta(days=1)


def preview(site: Site, day: date) -> Iterator[Line]:
    """In the order in which they leave; the day is the site's. A fixed number of queries for each 200 messages."""
    rows = iter(_rows_of(site, day).iterator(chunk_size=_AT_ONCE))
    reached: Counter[int] = Counter()
    while batch := list(islice(rows, _AT_ONCE)):
        known = _situations(site, {row.recall_id for row in batch})
        for row in batch:
            line = _line(row, known[row.recall_id], day)
            if line is not None:
                yield _capped(line, reached)


def _rows_of(site: Site, day: date) -> QuerySet[Notification]:
    begins, ends = (calendar.instant(site, day + timedelta(days=n), time(0)) for n in (0, 1))
    planned = Q(state=NotificationState.PLANNED, not_before__gte=begins, not_before__lt=ends)
    held = Q(state=NotificationState.SUPPRESSED, due_at__gte=begins, due_at__lt=ends)
    return Notification.objects.filter(planned | held, recall__site=site).order_by("not_before", "pk")


def _situations(site: Site, numbers: Iterable[int]) -> dict[int, Situation]:
    rows = Recall.objects.filter(pk__in=numbers).select_related("exam__referrer", "patient")
    recalls = list(rows.prefetch_related("patient__contact_points", "patient__consents"))
    for recall in recalls:
        recall.site = site
    return {situation.recall.pk: situation for situation in situations_of(recalls)}


def _line(row: Notification, known: Situation, day: date) -> Line | None:
    recall, channel = known.recall, Channel(row.channel)
    at = windows.next_in(RULE[Kind(row.kind)].window, recall.site, row.not_before)
    one = wanted(known).get((row.kind, row.occasion))
    if one is None:
        return Line(at, row, recall, channel, Reason.NOT_WANTED)
    if row.expires_at is not None and row.expires_at <= at:
        return Line(at, row, recall, channel, Reason.TOO_LATE)
    way = way_for(recall, row.kind, one, channels_of(recall.patient), at, row.given_up)
    if row.state == NotificationState.SUPPRESSED:
        return Line(at, row, recall, channel, row.reason)
    if calendar.local_day(recall.site, at) != day:
        return None  # the hours in which it may leave are those of another day
    return Line(at, row, recall, way.channel, way.why_not)


def _capped(line: Line, reached: Counter[int]) -> Line:
    """The claim counts what has reached her; here the messages before this one stand for that."""
    row = line.row
    if line.why_not or row.kind == Kind.REFERRER_NOTICE:
        return line
    if reached[row.patient_id] >= MOST_A_DAY and not row.urgent:
        return Line(line.at, row, line.recall, line.channel, Reason.ENOUGH_TODAY)
    reached[row.patient_id] += 1
    return line

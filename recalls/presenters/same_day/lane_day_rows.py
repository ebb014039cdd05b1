"""The same-day lane of a site: who may still be there, today's times, and what is expected of the next days."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from desk.datetime_display import format_clock_time, format_day
from recalls.models import LaneDay, LanePolicy, LaneTime, Recall
from recalls.scheduling.lane_forecast import places_for


@dataclass(frozen=True, slots=True)
class StillHereRow:
    """A patient who may still be there, and since when the result is here."""

    name: str
    url: str
    since: str
    is_at_risk: bool


@dataclass(frozen=True, slots=True)
class LaneTimeRow:
    time: str
    room: str
    state: str


@dataclass(frozen=True, slots=True)
class LaneDayRow:
    """One day ahead: `screens` is what the desk noted, empty where nobody has."""

    day: str
    screens: str
    expected: str
    places: int
    kept: int
    url: str


@dataclass(frozen=True, slots=True)
class SiteLane:
    site: Site
    waiting: list[StillHereRow]
    times: list[LaneTimeRow]
    days: list[LaneDayRow]


def build_site_lanes(
    policies: Iterable[LanePolicy], waiting: Iterable[Recall], times: Iterable[LaneTime], days: Iterable[LaneDay],
    now: datetime,
) -> list[SiteLane]:  # fmt: skip
    """One for each site that keeps a lane. No query with the sites' calendars at hand."""
    waiting, times, days = list(waiting), list(times), list(days)
    return [
        SiteLane(
            site=policy.site,
            waiting=[_waiting_row(one, policy.site) for one in waiting if one.site_id == policy.site_id],
            times=_today_rows([one for one in times if one.site_id == policy.site_id], policy.site, now),
            days=_day_rows(policy, {one.day: one for one in days if one.site_id == policy.site_id}, times, now),
        )
        for policy in policies
    ]


def _waiting_row(recall: Recall, site: Site) -> StillHereRow:
    since = format_clock_time(recall.state_since.astimezone(site.zone))
    return StillHereRow(str(recall.patient), reverse("recall", args=[recall.pk]), since, recall.suspicious)


def _today_rows(times: list[LaneTime], site: Site, now: datetime) -> list[LaneTimeRow]:
    today = calendar.local_day(site, now)
    return [
        LaneTimeRow(format_clock_time(one.starts_at.astimezone(site.zone)), one.room.name, _state(one, now))
        for one in times
        if calendar.local_day(site, one.starts_at) == today
    ]


def _state(one: LaneTime, now: datetime) -> str:
    if one.ended_because:
        return str(one.get_ended_because_display())
    if one.kept_until > now:
        return _("free")
    return _("nobody took it") if one.kept_until == one.starts_at else _("given back: everybody may book it")


def _day_rows(
    policy: LanePolicy, known: Mapping[date, LaneDay], times: list[LaneTime], now: datetime
) -> list[LaneDayRow]:
    """The open days of the forecast from today on."""
    site, today = policy.site, calendar.local_day(policy.site, now)
    kept = Counter(
        calendar.local_day(site, one.starts_at) for one in times
        if one.site_id == site.pk and not one.ended_because and one.kept_until > now
    )  # fmt: skip
    return [
        LaneDayRow(
            day=format_day(day, today),
            screens="" if row.screens is None else str(row.screens),
            expected=f"{row.expected:.1f}",
            places=places_for(policy, row.expected),
            kept=kept[day],
            url=reverse("lane_day", args=[site.pk, day.isoformat()]),
        )
        for day, row in sorted(known.items())
        if day >= today and calendar.is_open_day(site, day)
    ]

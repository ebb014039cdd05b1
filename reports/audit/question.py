"""What the address of an audit page asks for: year, breakdown and facility."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Max
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from clinic import calendar
from clinic.models import Site, User
from desk.views import current_user, sites_with_calendars
from recalls.models import ScreeningExam
from reports.audit.scope import AuditScope, Breakdown
from reports.audit.sign_off import sees_every_reader

EARLIEST_YEAR = 1990
_YEARS_TO_CHOOSE = 6


class AuditQuestion:
    """404 for what is no year, site or breakdown."""

    def __init__(self, request: HttpRequest, breakdowns: Sequence[Breakdown], *, years_back: int = 1) -> None:
        self.user: User = current_user(request)
        sites = sites_with_calendars(self.user)
        self.today: date = calendar.local_day(sites[0], timezone.now()) if sites else calendar.earliest_today()
        self.site_code = request.GET.get("site", "")
        self.sites: tuple[Site, ...] = tuple(site for site in sites if self.site_code in ("", site.code))
        self.usual_year = self.today.year - years_back
        year = request.GET.get("year") or str(self._newest_year())
        by = request.GET.get("by", breakdowns[0])
        if by not in breakdowns or not year.isdecimal() or (self.site_code and not self.sites):
            raise Http404
        self.year, self.by, self.breakdowns = int(year), Breakdown(by), tuple(breakdowns)
        if not EARLIEST_YEAR <= self.year <= self.today.year:
            raise Http404
        self.sees_every_reader = sees_every_reader(self.user, self.sites)
        self.is_own = not self.sees_every_reader and "own" in request.GET
        self.query = urlencode({**request.GET.dict(), "year": str(self.year)})
        self.asks_for_year = bool(request.GET.get("year"))

    def _newest_year(self) -> int:
        """The usual year; for the audit of the last full year the newest one with screenings, where that has none."""
        exams = ScreeningExam.objects.filter(site__in=[site.pk for site in self.sites])
        of_year = exams.filter(exam_date__range=(date(self.usual_year, 1, 1), date(self.usual_year, 12, 31)))
        if self.usual_year == self.today.year or of_year.exists():
            return self.usual_year
        newest = exams.filter(exam_date__lte=self.today).aggregate(newest=Max("exam_date"))["newest"]
        return newest.year if newest and newest.year >= EARLIEST_YEAR else self.usual_year

    @property
    def scope(self) -> AuditScope:
        """A reader may narrow the audit to what the reader read alone."""
        return AuditScope.of_year(self.sites, self.year, self.user.pk if self.is_own else None)

    @property
    def last_month(self) -> date:
        """The first day of the month that is over."""
        return (self.today.replace(day=1) - timedelta(days=1)).replace(day=1)

    def form_context(self) -> dict[str, Any]:
        """What the form above the figures offers and has chosen."""
        this_year = self.today.year
        return {
            "years": sorted({*range(this_year, this_year - _YEARS_TO_CHOOSE, -1), self.year}, reverse=True),
            "year": self.year,
            "empty_year": self.usual_year if self.year != self.usual_year and not self.asks_for_year else None,
            "by": self.by,
            "breakdowns": self.breakdowns,
            "is_split": self.by != Breakdown.ALL,
            "sites": self.user.own_sites,
            "site_code": self.site_code,
        }

    def file_urls(self, name: str) -> dict[str, str]:
        return {kind: f"{reverse(name, args=[kind])}?{self.query}" for kind in ("csv", "json")}

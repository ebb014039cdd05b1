"""Page of the public holidays and closed days of all sites, and the form that closes days at several at once."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Closure, Site
from desk.views import current_user, sites_with_calendars
from recalls.presenters.datetime_display import format_day
from site_setup.forms.closed_days import ClosedDaysForm
from site_setup.settings_log import log_words
from site_setup.views.base import SetupView

_MONTHS_AHEAD = 14


class ClosedDaysView(SetupView):
    """What is shut in the next months, and more days to shut."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, ClosedDaysForm(user=current_user(request)))

    def post(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        form = ClosedDaysForm(request.POST, user=user)
        if not form.is_valid():
            return self._show(request, form)
        sites: list[Site] = list(form.cleaned_data["sites"])

        def save() -> None:
            for site in sites:
                Closure.objects.filter(site=site, day__in=form.days(), is_worked=True).delete()
                rows = [Closure(site=site, day=day, reason=form.cleaned_data["reason"]) for day in form.days()]
                Closure.objects.bulk_create(rows, ignore_conflicts=True)
                log_words(user, site, f"closed day: added {', '.join(str(row) for row in rows)}.")

        back = reverse("setup_closed_days")
        return self.change(request, [site.pk for site in sites], save, back, _describe(sites, form))

    def _show(self, request: HttpRequest, form: ClosedDaysForm) -> HttpResponse:
        sites = sites_with_calendars(current_user(request))
        context = {"form": form, "holidays": _holidays(sites), "closures": _closures(sites)}
        return render(request, "site_setup/closed_days.html", context)


def _describe(sites: list[Site], form: ClosedDaysForm) -> str:
    """ "Closed Mon 30 Nov to Fri 11 Dec, Shadyside: Flood in the building."."""
    days = form.days()
    words = {"first": format_day(days[0]), "last": format_day(days[-1]), "why": form.cleaned_data["reason"],
             "sites": ", ".join(site.name for site in sites)}  # fmt: skip
    if len(days) == 1:
        return _("Closed %(first)s, %(sites)s: %(why)s") % words
    return _("Closed %(first)s to %(last)s, %(sites)s: %(why)s") % words


class ReopenDayView(SetupView):
    """Takes one closed day back; nothing that was booked is touched by that."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        closure = get_object_or_404(Closure, pk=pk, site__in=user.permanent_site_ids)

        def save() -> None:
            log_words(user, closure.site, f"closed day: removed {closure}.")
            closure.delete()

        return self.change(request, [closure.site_id], save, reverse("setup_closed_days"))


class WorkHolidayView(SetupView):
    """Opens the user's sites on a public holiday, by the hours of its weekday."""

    def post(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        try:
            day = calendar.parse_day(request.POST.get("day", ""))
        except ValueError:
            raise Http404 from None
        now = timezone.now()
        known = [
            site for site in sites_with_calendars(user)
            if day in dict(calendar.public_holidays_ahead(site, now, _MONTHS_AHEAD))
        ]  # fmt: skip
        if not known:
            raise Http404

        def save() -> None:
            for site in known:
                exception, _is_new = Closure.objects.update_or_create(
                    site=site, day=day, defaults={"reason": _("worked holiday"), "is_worked": True}
                )
                log_words(user, site, f"open on a public holiday: {exception}.")

        return self.change(request, [site.pk for site in known], save, reverse("setup_closed_days"))


def _holidays(sites: list[Site]) -> list[dict[str, Any]]:
    """The public holidays of the next months on which a site would be open by its week, with their names."""
    found: dict[date, dict[str, Any]] = {}
    for site in sites:
        for day, name in calendar.public_holidays_ahead(site, timezone.now(), _MONTHS_AHEAD):
            row = found.setdefault(
                day, {"day": format_day(day, None), "date": str(day), "year": day.year, "name": name, "sites": []}
            )
            if day not in site.worked_holidays:
                row["sites"].append(site.name)
    everywhere = _("all sites")
    return [
        row | {"sites": everywhere if len(row["sites"]) == len(sites) else ", ".join(row["sites"]) or _("none: worked")}
        for _day, row in sorted(found.items())
    ]


def _closures(sites: list[Site]) -> list[dict[str, Any]]:
    now = timezone.now()
    rows = [
        (closure, site)
        for site in sites
        for closure in site.closures.all()
        if closure.day >= calendar.local_day(site, now)
    ]
    return [
        {"pk": closure.pk, "day": format_day(closure.day), "year": closure.day.year, "site": site.name,
         "reason": closure.reason, "is_worked": closure.is_worked}
        for closure, site in sorted(rows, key=lambda pair: (pair[0].day, pair[1].name))
    ]  # fmt: skip

"""Page that closes a day and reschedules its appointments."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic import calendar
from clinic.models import Site
from clinic.roles import Page
from desk.views import DeskView, current_user, sites_with_calendars
from recalls.actions.visit_day.close_day import (
    RescheduleRequest,
    close_day,
    open_closed_day_tasks,
    reschedule_appointments,
)
from recalls.presenters.booking.reschedule_rows import build_reschedule_rows
from recalls.presenters.datetime_display import format_day
from recalls.scheduling import slots
from recalls.scheduling.day_closure import count_4_or_5_due, propose_reschedules
from recalls.scheduling.day_schedule import closed_days_with_appointments


class CloseDayView(DeskView):
    """GET proposes and changes nothing; POST closes the day and moves those who were ticked."""

    page = Page.CLOSED_DAYS

    def get(self, request: HttpRequest) -> HttpResponse:
        user, now = current_user(request), timezone.now()
        sites = sites_with_calendars(user)
        site, day, problem = _parse_site_and_day(sites, request.GET)
        context: dict[str, Any] = {
            "sites": sites,
            "site": site,
            "day": day,
            "day_words": format_day(day) if day else "",
            "problem": problem,
            "reason": "",
            "closed_with_appointments": [
                (one, when, format_day(when)) for one, when in closed_days_with_appointments(sites, now)
            ],
        }
        if site and day:
            rows = build_reschedule_rows(propose_reschedules(site, day, user.site_ids, now), site, user.site_ids, now)
            context |= {
                "is_closed": not calendar.is_open_day(site, day),
                "limits": _limits_shut(site, day),
                "movable": [row for row in rows if row.slot_value],
                "not_movable": [row for row in rows if not row.slot_value],
            }
        return render(request, "recalls/close_day.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        site, day, _problem = _parse_site_and_day(sites_with_calendars(user), request.POST)
        if site is None or day is None:
            raise Http404
        back = f"{reverse('close_day')}?{urlencode({'site': str(site.pk), 'day': str(day)})}"
        if _limits_shut(site, day) and not request.POST.get("limits_seen"):
            messages.error(request, _("Nothing has been changed yet: say who reaches the patients with a 4 or 5."))
            return redirect(back)
        reason = request.POST.get("reason", "").strip()[:120]
        close_day(site, day, reason)
        site = Site.objects.get(pk=site.pk)  # its closed days were read before this one was among them
        moved, refused = reschedule_appointments(
            site, _selected_new_times(request, site), by=user, note=_closure_note(day, reason)
        )
        open_closed_day_tasks(site, day)
        _add_result_messages(request, moved, refused)
        return redirect(back)


def _limits_shut(site: Site, day: date) -> int:
    """How many recalls of a 4 or 5 have a limit on that day, which is open still."""
    return count_4_or_5_due(site, [day]) if calendar.is_open_day(site, day) else 0


def _parse_site_and_day(sites: list[Site], asked: Any) -> tuple[Site | None, date | None, str]:
    """The site and day that were asked for, and what is wrong with them; a site that is not the user's is not found."""
    if not asked.get("day") and not asked.get("site"):
        return (sites[0] if len(sites) == 1 else None), None, ""
    site = next((one for one in sites if str(one.pk) == asked.get("site")), None)
    if site is None:
        raise Http404
    try:
        day = calendar.parse_day(asked.get("day", ""))
    except ValueError:
        return site, None, _("Choose a date.")
    if day < calendar.local_day(site, timezone.now()):
        return site, None, _("This day is past. Choose today or a later one.")
    return site, day, ""


def _selected_new_times(request: HttpRequest, site: Site) -> list[RescheduleRequest]:
    """The ticked rows, as they were shown; what cannot be read is left out."""
    rooms, wanted = slots.active_rooms(site), []
    for pk in request.POST.getlist("move"):
        found = slots.parse_slot(request.POST.get(f"to-{pk}", ""), rooms)
        seen = [request.POST.get(f"{name}-{pk}", "") for name in ("version", "sequence")]
        if found and all(number.isdecimal() for number in (pk, *seen)):
            wanted.append(RescheduleRequest(int(pk), int(seen[0]), int(seen[1]), *found))
    return wanted


def _closure_note(day: date, reason: str) -> str:
    words = _("The clinic is closed on %(day)s.") % {"day": format_day(day)}
    return f"{words} {reason}".strip()


def _add_result_messages(request: HttpRequest, moved: int, refused: int) -> None:
    """In words without a name: messages travel in a cookie."""
    messages.success(
        request,
        ngettext("The day is closed; %(count)d visit moved.", "The day is closed; %(count)d visits moved.", moved)
        % {"count": moved},
    )
    if refused:
        words = ngettext(
            "%(count)d visit could not be moved as shown: look at it again below.",
            "%(count)d visits could not be moved as shown: look at them again below.",
            refused,
        )
        messages.warning(request, words % {"count": refused})

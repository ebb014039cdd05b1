"""Page of the messages that are still to leave: by day, kind, delivery and site."""

from datetime import date, timedelta
from typing import ClassVar

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode

from clinic import calendar
from clinic.access import page_views
from clinic.actors import actor_for
from clinic.models import Site
from clinic.roles import Page, can_open_page
from desk.keyset import format_cursor, parse_cursor
from desk.views import DeskView, current_user, sites_with_calendars
from notifications.enums import Channel, NotificationKind
from notifications.planning.coming_messages import ComingCursor, ComingQuery, get_coming_messages
from notifications.planning.forecast import next_local_day
from notifications.presenters.coming_messages import build_coming_rows

_MAX_DAYS_AWAY = timedelta(days=3660)
_FILTERS = ("day", "kind", "channel", "site")


class ComingMessagesView(DeskView):
    """Who is shown is written down first: the list says who is owed which message."""

    page: ClassVar[Page] = Page.MESSAGES

    def get(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        sites = sites_with_calendars(user)
        wanted = _parse_query(request, sites)
        lines, following = get_coming_messages(wanted)
        page_views.record(user, self.page, [line.row.patient_id for line in lines])
        narrowed = {name: request.GET.get(name, "") for name in _FILTERS}
        more = urlencode({name: value for name, value in narrowed.items() if value} | _after(following))
        context = {
            "rows": build_coming_rows(lines, actor_for(user), wanted.now),
            "narrowed": narrowed,
            "is_narrowed": any(narrowed.values()),
            "next_page_url": f"?{more}" if following else "",
            "kinds": NotificationKind.choices,
            "channels": Channel.choices,
            "tomorrow": next_local_day(sites[0], wanted.now).isoformat() if sites else "",
            "can_open_recall": can_open_page(user, Page.RECALL),
        }
        return render(request, "notifications/coming_messages.html", context)


def _after(following: ComingCursor | None) -> dict[str, str]:
    return {"after": format_cursor(following)} if following else {}


def _parse_query(request: HttpRequest, sites: list[Site]) -> ComingQuery:
    """404 for a kind, delivery, site or day that is none."""
    asked, now = {name: request.GET.get(name, "") for name in _FILTERS}, timezone.now()
    chosen = {site.pk: site for site in sites if asked["site"] in ("", str(site.pk))}
    if (
        asked["kind"] not in ("", *NotificationKind.values)
        or asked["channel"] not in ("", *Channel.values)
        or (asked["site"] and not chosen)
    ):
        raise Http404
    day = _parse_day(asked["day"]) if asked["day"] else None
    after = parse_cursor(ComingCursor, request.GET.get("after", ""))
    return ComingQuery(chosen, now, day, asked["kind"], asked["channel"], after)


def _parse_day(typed: str) -> date:
    try:
        day = date.fromisoformat(typed)
    except ValueError as error:
        raise Http404 from error
    if abs(day - calendar.earliest_today()) > _MAX_DAYS_AWAY:
        raise Http404
    return day

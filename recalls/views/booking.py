"""How is a time chosen? The booking page: what she needs, then the next free times, as a list or week by week."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone

from clinic import calendar
from clinic.actors import actor_for
from clinic.models import Site, User
from recalls import slots
from recalls.forms import FORMS, StepForm
from recalls.forms.visits import SlotForm
from recalls.forms.wish import VISITS
from recalls.models import Recall
from recalls.presenters import button_of, moment
from recalls.presenters.times import days_of, week_of
from recalls.slots import Free
from recalls.views.steps import StepPage
from recalls.views.way import remember_list

BOOKING_STEPS = ("book_appointment", "reschedule", "book_biopsy")
TIMES_ON_A_LIST = 12
_WEEK = timedelta(days=7)


class BookingPage(StepPage):
    """Choosing books nothing: the time is given out when the form is sent, under the lock on its room."""

    template = "recalls/booking.html"

    def get(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        user, recall = self._opened(request, pk, step)
        remember_list(request)
        button = button_of(recall, step, actor_for(user))
        form = cast(type[SlotForm], FORMS[step])(recall, user, asked=request.GET)
        return self._page(request, recall, form, button.reason, 200)

    def _page(
        self, request: HttpRequest, recall: Recall, form: StepForm, reason: str, status: int, first: str = ""
    ) -> HttpResponse:
        self.slot_form = cast(SlotForm, form)
        return super()._page(request, recall, form, reason, status, first)

    def shown_beside(self, recall: Recall, user: User) -> dict[str, Any]:
        form, address = self.slot_form, reverse("step", args=[recall.pk, self.kwargs["step"]])
        wish, room = form.wish, _chosen(self.request.GET.get("room", ""), form)
        week = self.request.GET.get("view") == "week"
        first = max(_day(self.request.GET.get("from", "")), calendar.local_day(wish.site, timezone.now()))
        query = _query(form, room=room, view="week" if week else "list")
        shown: dict[str, Any] = {
            "wish": wish,
            "kinds": VISITS if "kind" in form.fields else (),
            "sites": user.own_sites if len(user.own_sites) > 1 else (),
            "rooms": form.rooms if len(form.rooms) > 1 else (),
            "room": room,
            "is_week": week,
            "minutes": form.minutes() if form.rooms else 0,
            "booked": form.booked,
            "now_booked": moment(form.booked.site, form.booked.starts_at, timezone.now()) if form.booked else None,
            "chosen": form.data.get("slot", ""),
            "step_url": f"{address}?{query}&from={first}",
            "list_url": f"{address}?{_query(form, room=room, view='list')}",
            "week_url": f"{address}?{_query(form, room=room, view='week')}",
        }
        if form.rooms:
            shown |= _times(form, room, first, week, f"{address}?{query}")
        return shown


def _times(form: SlotForm, room: str, first: date, as_week: bool, address: str) -> dict[str, Any]:
    site, now = form.wish.site, timezone.now()
    rooms = [one for one in form.rooms if room in ("", str(one.pk))]
    monday = first - timedelta(days=first.weekday())
    today = calendar.local_day(site, now)
    start, days = (monday, _WEEK.days) if as_week else (first, slots.HORIZON)
    free = slots.free_slots(site, rooms, form.minutes(), max(start, today), days, now, form.booked)
    if as_week:
        known = {hours.weekday for one in rooms for hours in one.hours.all()}
        earlier = f"{address}&from={monday - _WEEK}" if monday > today else ""
        within = (one for one in free if calendar.local_day(site, one.starts_at) < monday + _WEEK)
        return {
            "week": week_of(within, site, monday, known, now),
            "earlier": earlier,
            "later": f"{address}&from={monday + _WEEK}",
        }
    found = _whole_days(free, site)
    listed = days_of(found, site, now)
    last = calendar.local_day(site, found[-1].starts_at) if found else None
    return {"days": listed, "later": f"{address}&from={last + timedelta(days=1)}" if last else ""}


def _whole_days(free: Iterable[Free], site: Site) -> list[Free]:
    """Enough times for a list, to the end of a day: the next list begins with the day after."""
    found: list[Free] = []
    for _on, of_day in groupby(free, key=lambda one: calendar.local_day(site, one.starts_at)):
        if len({one.starts_at for one in found}) >= TIMES_ON_A_LIST:
            break
        found += of_day
    return found


def _query(form: SlotForm, *, room: str, view: str) -> str:
    """What she looks for, as the address says it; names no patient."""
    query = QueryDict(mutable=True)
    query["site"], query["kind"], query["view"] = str(form.wish.site.pk), form.wish.kind.value, view
    for name in ("interpreter", "implants"):
        if getattr(form.wish, name):
            query[name] = "on"
    if room:
        query["room"] = room
    return query.urlencode()


def _chosen(room: str, form: SlotForm) -> str:
    return room if room in {str(one.pk) for one in form.rooms} else ""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min

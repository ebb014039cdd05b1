"""Page that offers free times and books one."""

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
from desk.return_list import RETURN_PARAM, return_list_url, sign_list_url
from recalls.forms import STEP_FORMS, StepForm
from recalls.forms.slot_query import VISIT_KIND_CHOICES
from recalls.forms.visits import SlotForm
from recalls.models import Recall
from recalls.presenters import build_step_option, display_datetime
from recalls.presenters.slot_picker import build_slot_week, group_slots_by_day
from recalls.scheduling import slots
from recalls.scheduling.slots import FreeSlot
from recalls.views.steps import StepFormView

BOOKING_STEPS = ("book_appointment", "reschedule", "book_biopsy")
SLOTS_PER_PAGE = 12
_WEEK = timedelta(days=7)


class BookingView(StepFormView):
    """Choosing books nothing: the time is given out when the form is sent, under the lock on its room."""

    template_name = "recalls/booking.html"

    def get(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        user, recall = self._open_recall(request, pk, step)
        button = build_step_option(recall, step, actor_for(user))
        form = STEP_FORMS[step](recall, user, asked=request.GET)
        return self._render_form(request, recall, form, button.blocked_reason, 200)

    def _render_form(
        self,
        request: HttpRequest,
        recall: Recall,
        form: StepForm,
        blocked_reason: str,
        status: int,
        conflict_message: str = "",
    ) -> HttpResponse:
        self.slot_form = cast(SlotForm, form)
        return super()._render_form(request, recall, form, blocked_reason, status, conflict_message)

    def get_extra_context(self, recall: Recall, user: User) -> dict[str, Any]:
        form, address = self.slot_form, reverse("step", args=[recall.pk, self.kwargs["step"]])
        wish, room = form.slot_query, _selected_room(self.request.GET.get("room", ""), form)
        week = self.request.GET.get("view") == "week"
        first = max(_parse_date(self.request.GET.get("from", "")), calendar.local_day(wish.site, timezone.now()))
        query = _booking_query(self.request, form, room=room, view="week" if week else "list")
        shown: dict[str, Any] = {
            "slot_query": wish,
            "visit_kinds": VISIT_KIND_CHOICES if "kind" in form.fields else (),
            "sites": user.own_sites if len(user.own_sites) > 1 else (),
            "rooms": form.rooms if len(form.rooms) > 1 else (),
            "selected_room": room,
            "is_week": week,
            "duration_minutes": form.duration_minutes() if form.rooms else 0,
            "current_appointment": form.current_appointment,
            "current_time": display_datetime(
                form.current_appointment.site, form.current_appointment.starts_at, timezone.now()
            )
            if form.current_appointment
            else None,
            "selected_slot": form.data.get("slot", ""),
            "step_url": f"{address}?{query}&from={first}",
            "list_url": f"{address}?{_booking_query(self.request, form, room=room, view='list')}",
            "week_url": f"{address}?{_booking_query(self.request, form, room=room, view='week')}",
        }
        if form.rooms:
            shown |= _slot_context(form, room, first, week, f"{address}?{query}")
        return shown


def _slot_context(form: SlotForm, room: str, first: date, as_week: bool, address: str) -> dict[str, Any]:
    site, now = form.slot_query.site, timezone.now()
    rooms = [one for one in form.rooms if room in ("", str(one.pk))]
    monday = first - timedelta(days=first.weekday())
    today = calendar.local_day(site, now)
    start, days = (monday, _WEEK.days) if as_week else (first, slots.SEARCH_DAYS)
    free = slots.iter_free_slots(
        site, rooms, form.duration_minutes(), max(start, today), days, now, form.current_appointment
    )
    if as_week:
        known = {hours.weekday for one in rooms for hours in one.hours.all()}
        earlier = f"{address}&from={monday - _WEEK}" if monday > today else ""
        within = (one for one in free if calendar.local_day(site, one.starts_at) < monday + _WEEK)
        return {
            "week": build_slot_week(within, site, monday, known, now),
            "previous_url": earlier,
            "next_url": f"{address}&from={monday + _WEEK}",
        }
    found = _take_whole_days(free, site)
    listed = group_slots_by_day(found, site, now)
    last = calendar.local_day(site, found[-1].starts_at) if found else None
    return {"days": listed, "next_url": f"{address}&from={last + timedelta(days=1)}" if last else ""}


def _take_whole_days(free: Iterable[FreeSlot], site: Site) -> list[FreeSlot]:
    """Enough times for a list, to the end of a day: the next list begins with the day after."""
    found: list[FreeSlot] = []
    for _on, of_day in groupby(free, key=lambda one: calendar.local_day(site, one.starts_at)):
        if len({one.starts_at for one in found}) >= SLOTS_PER_PAGE:
            break
        found += of_day
    return found


def _booking_query(request: HttpRequest, form: SlotForm, *, room: str, view: str) -> str:
    """What the user looks for, as the address says it; names no patient."""
    query = QueryDict(mutable=True)
    query["site"], query["kind"], query["view"] = str(form.slot_query.site.pk), form.slot_query.kind.value, view
    for name in ("interpreter", "implants"):
        if getattr(form.slot_query, name):
            query[name] = "on"
    if room:
        query["room"] = room
    if list_url := return_list_url(request):
        query[RETURN_PARAM] = sign_list_url(list_url)
    return query.urlencode()


def _selected_room(room: str, form: SlotForm) -> str:
    return room if room in {str(one.pk) for one in form.rooms} else ""


def _parse_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min

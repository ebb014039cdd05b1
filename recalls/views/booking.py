"""Page that offers free times and books one."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import chain, groupby, islice, takewhile
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone

from clinic import calendar
from clinic.actors import actor_for
from clinic.models import OpeningHours, Site, User
from desk.return_list import RETURN_PARAM, return_list_url, sign_list_url
from recalls.enums import PartOfDay, State, VisitKind
from recalls.forms import STEP_FORMS, StepForm
from recalls.forms.slot_query import VISIT_KIND_CHOICES, SlotQuery
from recalls.forms.visits import MANUAL_TIME_FIELDS, TYPED_TIME_FIELDS, SlotForm
from recalls.models import Recall, RecallEvent, Room
from recalls.presenters import build_step_option, display_datetime
from recalls.presenters.booking.appointment_card import describe_booking
from recalls.presenters.booking.slot_picker import build_slot_week, group_slots_by_day, is_afternoon
from recalls.scheduling import slots
from recalls.scheduling.slots import FreeSlot
from recalls.scheduling.visit_parts import part_minutes, second_part_kinds, with_second_part
from recalls.views.steps import StepFormView

BOOKING_STEPS = ("book_appointment", "reschedule", "book_biopsy")
DAYS_PER_PAGE = 3
AFTERNOON = PartOfDay.AFTERNOON.value
HALF_DAYS = [(part.value, part.label) for part in (PartOfDay.MORNING, PartOfDay.AFTERNOON)]
_WEEK = timedelta(days=7)
WEEKDAYS = "0123456"  # Monday first


class BookingView(StepFormView):
    """Choosing books nothing: the time is given out when the form is sent, under the lock on its room."""

    template_name = "recalls/booking.html"

    def get(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        user, recall = self._open_recall(request, pk, step)
        button = build_step_option(recall, step, actor_for(user))
        form = STEP_FORMS[step](recall, user, asked=request.GET)
        return self._render_form(request, recall, form, button.blocked_reason, 200)

    def get_success_message(self, recall: Recall, form: StepForm, event: RecallEvent | None) -> str:
        """The visit itself, to be read out to the patient: day, time, room and how it is confirmed."""
        visit = recall.appointments.select_related("room", "site", "stop").latest("pk")
        return describe_booking(visit, recall.patient, timezone.now())

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
        week, visit = self.request.GET.get("view") == "week", form.current_appointment
        first = max(_first_day(self.request, recall), calendar.local_day(wish.site, timezone.now()))
        urls = {
            view: f"{address}?{_booking_query(self.request, form, room=room, view=view)}" for view in ("list", "week")
        }
        here = urls["week" if week else "list"]
        shown: dict[str, Any] = {
            "slot_query": wish,
            "visit_kinds": VISIT_KIND_CHOICES if "kind" in form.fields else (),
            "sites": user.own_sites if len(user.own_sites) > 1 else (),
            "rooms": form.rooms if len(form.rooms) > 1 else (),
            "selected_room": room,
            "parts_of_day": HALF_DAYS,
            "selected_part": _selected_part(self.request, recall),
            "second_parts": form.fields["second"].choices if "kind" in form.fields else (),  # type: ignore[attr-defined]
            "suggested_second": _suggested_second(wish, form),
            "visit_wish": str(getattr(recall.patient, "visit_wish", "")),
            "best_time": str(getattr(recall.patient, "call_preference", "")),
            "weekdays": [(str(day.value), day.label) for day in OpeningHours.Weekday],
            "selected_weekdays": _selected_weekdays(self.request, recall),
            "is_week": week,
            "duration_minutes": form.duration_minutes() if form.rooms else 0,
            "current_appointment": visit,
            "current_time": display_datetime(visit.site, visit.starts_at, timezone.now()) if visit else None,
            "selected_slot": form.data.get("slot", ""),
            "step_url": f"{here}&from={first}",
            "list_url": urls["list"],
            "week_url": urls["week"],
        }
        if form.rooms:
            shown["typed_time_fields"] = [
                form[name] for name in (*MANUAL_TIME_FIELDS, *TYPED_TIME_FIELDS) if name in form.fields
            ]
            shown |= self._slot_context(form, recall, room, first, here)
        return shown

    def _slot_context(self, form: SlotForm, recall: Recall, room: str, first: date, address: str) -> dict[str, Any]:
        """The free times of the list or of the week."""
        site, now = form.slot_query.site, timezone.now()
        rooms = [one for one in form.rooms if room in ("", str(one.pk))]
        as_week, is_asked = self.request.GET.get("view") == "week", "from" in self.request.GET
        if as_week and is_asked:  # the week is shown from its Monday on
            first = max(first - timedelta(days=first.weekday()), calendar.local_day(site, now))
        free = slots.iter_free_slots(
            site, rooms, form.duration_minutes(), first, slots.SEARCH_DAYS, now, form.current_appointment, recall
        )
        if part := _selected_part(self.request, recall):
            free = (one for one in free if is_afternoon(one.starts_at.astimezone(site.zone)) == (part == AFTERNOON))
        if weekdays := _selected_weekdays(self.request, recall):
            free = (one for one in free if str(calendar.local_day(site, one.starts_at).weekday()) in weekdays)
        if form.slot_query.then:
            minutes = part_minutes(site, form.slot_query.then, interpreter=form.slot_query.interpreter)
            free = with_second_part(free, site, form.slot_query.then, minutes, form.current_appointment, recall)
        if as_week:
            return _week_context(rooms, free, site, first, address, is_asked=is_asked)
        found = _take_whole_days(free, site)
        last = calendar.local_day(site, found[-1].starts_at) if found else None
        return {
            "days": group_slots_by_day(found, site, now),
            "next_url": f"{address}&from={last + timedelta(days=1)}" if last else "",
        }


def _week_context(
    rooms: list[Room], free: Iterator[FreeSlot], site: Site, first: date, address: str, *, is_asked: bool
) -> dict[str, Any]:
    """The week of that day; the first week with a free time where no day was asked for."""
    now = timezone.now()
    head = next(free, None)
    if head is not None:
        free = chain([head], free)
        first = first if is_asked else calendar.local_day(site, head.starts_at)
    monday, today = first - timedelta(days=first.weekday()), calendar.local_day(site, now)
    known = {hours.weekday for one in rooms for hours in one.hours.all()}
    within = takewhile(lambda one: calendar.local_day(site, one.starts_at) < monday + _WEEK, free)
    return {
        "week": build_slot_week(within, site, monday, known, now),
        "previous_url": f"{address}&from={monday - _WEEK}" if monday > today else "",
        "next_url": f"{address}&from={monday + _WEEK}",
    }


def _take_whole_days(free: Iterable[FreeSlot], site: Site) -> list[FreeSlot]:
    """The times of the first days that have any; the next list begins with the day after."""
    days = groupby(free, key=lambda one: calendar.local_day(site, one.starts_at))
    return [one for _on, of_day in islice(days, DAYS_PER_PAGE) for one in list(of_day)]


def _suggested_second(wish: SlotQuery, form: SlotForm) -> VisitKind | None:
    """The ultrasound that often follows the pictures, offered by one press where it is not chosen already."""
    kinds = second_part_kinds(wish.kind) if "kind" in form.fields else []
    return VisitKind.ULTRASOUND if VisitKind.ULTRASOUND in kinds and wish.then is None else None


def _booking_query(request: HttpRequest, form: SlotForm, *, room: str, view: str) -> str:
    """What the user looks for, as the address says it; names no patient."""
    query = QueryDict(mutable=True)
    query["site"], query["kind"], query["view"] = str(form.slot_query.site.pk), form.slot_query.kind.value, view
    for name in ("interpreter", "implants"):
        if getattr(form.slot_query, name):
            query[name] = "on"
    if room:
        query["room"] = room
    query["part"] = _selected_part(request, form.recall)
    query.setlist("weekday", _selected_weekdays(request, form.recall))
    query["second"] = form.slot_query.then.value if form.slot_query.then else ""
    if list_url := return_list_url(request):
        query[RETURN_PARAM] = sign_list_url(list_url)
    return query.urlencode()


def _selected_room(room: str, form: SlotForm) -> str:
    return room if room in {str(one.pk) for one in form.rooms} else ""


def _selected_part(request: HttpRequest, recall: Recall) -> str:
    """The half of the day asked for; where nothing was asked, the one in which the patient can come."""
    wish = getattr(recall.patient, "visit_wish", None)
    part = request.GET.get("part", wish.part if wish and "site" not in request.GET else "")
    return part if part in dict(HALF_DAYS) else ""


def _selected_weekdays(request: HttpRequest, recall: Recall) -> list[str]:
    """The weekdays asked for, Monday "0"; where nothing was asked, those on which the patient can come."""
    wish = getattr(recall.patient, "visit_wish", None)
    asked = request.GET.getlist("weekday") if "site" in request.GET else list(wish.weekdays) if wish else []
    return [digit for digit in asked if digit in WEEKDAYS]


def _first_day(request: HttpRequest, recall: Recall) -> date:
    """The day that the address names; else a follow-up begins with its own day."""
    if "from" in request.GET or recall.state != State.FOLLOW_UP or recall.follow_up_on is None:
        return _parse_date(request.GET.get("from", ""))
    return recall.follow_up_on


def _parse_date(text: str) -> date:
    try:
        return calendar.parse_day(text)
    except ValueError:
        return date.min

"""Pages of a day's appointments and of who waits for an earlier time, and the buttons that take a step at once."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.actors import actor_for
from clinic.models import Site
from clinic.roles import Page, can_open_page, get_roles
from desk.keyset import format_cursor, parse_cursor
from desk.saved_note import store_saved_note
from desk.views import DeskView, current_user, sites_by_id, sites_with_calendars
from recalls.actions import get_action
from recalls.actions.visit_day.room_entry import enter_room
from recalls.models import Appointment
from recalls.permissions import StepRefused
from recalls.presenters.booking.appointments import build_appointment_rows, count_arrivals, group_by_room
from recalls.presenters.booking.earlier_times import build_earlier_time_rows
from recalls.presenters.booking.offer_ledger import build_offer_rows
from recalls.presenters.datetime_display import display_datetime, format_day
from recalls.scheduling import day_schedule
from recalls.scheduling.earlier_times import HORIZON_DAYS, find_earlier_times, waiting_entries
from recalls.selectors.earlier_offers import LEDGER_DAYS, read_offer_ledger
from recalls.views.undo_offer import offer_undo, seen_version
from recalls.workflow import STEPS_BY_NAME


class AppointmentListView(DeskView):
    """One day of the user's sites; on the list of the next open day those come first who have not confirmed yet."""

    page = Page.APPOINTMENTS

    def get(self, request: HttpRequest, when: str = "today") -> HttpResponse:
        user, now = current_user(request), timezone.now()
        sites = sites_with_calendars(user)
        days, asked = days_by_site(sites, when, request.GET.get("day", ""))
        after = parse_cursor(day_schedule.DayScheduleCursor, request.GET.get("after", ""))
        found = day_schedule.list_appointments(days, unconfirmed_first=when == "tomorrow", after=after)
        shown = found[: day_schedule.PAGE_SIZE]
        rows = build_appointment_rows(shown, {site.pk: site for site in sites}, actor_for(user), now)
        first = next(iter(days.values()), calendar.earliest_today())
        unconfirmed = [row for row in rows if row.is_unconfirmed] if when == "tomorrow" else []
        groups = [(_("Not confirmed yet: call them first"), unconfirmed), (_("All others"), rows)]
        if when == "tomorrow":
            groups[1] = (groups[1][0], [row for row in rows if not row.is_unconfirmed])
        if when == "arrivals":
            groups = [(room, list(of_room)) for room, of_room in group_by_room(rows)]
        context: dict[str, Any] = {
            "arrival_counts": count_arrivals(rows) if when == "arrivals" else [],
            "when": when,
            "day": first,
            "day_words": format_day(first),
            "requested_day": asked,
            "groups": groups if when in ("tomorrow", "arrivals") else [("", rows)],
            "is_empty": not rows,
            "is_first_page": after is None,
            "return_url": request.get_full_path(),
            "next_page_url": _next_page_url(asked, shown[-1]) if len(found) > len(shown) else "",
            "printed": display_datetime(sites[0], now, now).full_text if sites else "",
            "may_close_days": can_open_page(user, Page.CLOSED_DAYS),
        }
        return render(request, "recalls/appointments.html", context)


class EarlierTimesView(DeskView):
    """Whom to ring, and the button that moves the visit once they agreed; the lock on the room decides again."""

    page = Page.APPOINTMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        user, now = current_user(request), timezone.now()
        sites = {site.pk: site for site in sites_with_calendars(user)}
        found = find_earlier_times(waiting_entries(sites, now), sites, now)
        context = {
            "rows": build_earlier_time_rows(found, sites, now),
            "horizon_days": HORIZON_DAYS,
            "may_move": bool(get_roles(user) & STEPS_BY_NAME["reschedule"].roles),
        }
        ledger = read_offer_ledger(sites, now)
        context |= {"ledger": ledger, "offer_rows": build_offer_rows(ledger.rows, now), "ledger_days": LEDGER_DAYS}
        return render(request, "recalls/earlier_times.html", context)


class AppointmentStepView(DeskView):
    """A button of the list: takes the step and comes back to the same list and row."""

    page = Page.APPOINTMENTS

    def post(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        user = current_user(request)
        visit = Appointment.objects.select_related("recall").filter(pk=pk, recall__site_id__in=user.site_ids).first()
        if visit is None or step not in STEPS_BY_NAME or not STEPS_BY_NAME[step].one_click_label:
            raise Http404
        recall = visit.recall
        recall.site = sites_by_id(user)[recall.site_id]
        try:
            event = get_action(step)(recall, by=user, seen=seen_version(request), key=request.POST.get("key", "")[:36])
        except StepRefused as refusal:
            messages.error(request, str(refusal))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            words = _("Saved: %(step)s.") % {"step": STEPS_BY_NAME[step].label}
            tags = (store_saved_note(request, recall.patient_id), offer_undo(request, user, event))
            messages.success(request, words, extra_tags=" ".join(filter(None, tags)))
        return redirect(f"{_return_url(request)}#visit-{pk}")


class RoomEntryView(DeskView):
    """A button of the list: the patient is in the room, or not yet after all."""

    page = Page.APPOINTMENTS

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        if not Appointment.objects.filter(pk=pk, recall__site_id__in=user.site_ids).exists():
            raise Http404
        try:
            enter_room(pk, by=user, inside=bool(request.POST.get("inside")))
        except StepRefused as refusal:
            messages.error(request, str(refusal))
        return redirect(f"{_return_url(request)}#visit-{pk}")


def days_by_site(sites: list[Site], when: str, asked: str) -> tuple[dict[Site, date], str]:
    """Each site's own day: the one asked for, its today or its next open day; and the day as the address says it."""
    if asked and when == "today":
        try:
            day = calendar.parse_day(asked)
        except ValueError:
            raise Http404 from None
        return dict.fromkeys(sites, day), str(day)
    if when in ("today", "arrivals"):
        return {site: calendar.local_day(site, timezone.now()) for site in sites}, ""
    return day_schedule.next_working_days(sites, timezone.now()), ""


def _next_page_url(asked: str, last: Appointment) -> str:
    query = {"day": asked} if asked else {}
    return f"?{urlencode(query | {'after': format_cursor(day_schedule.schedule_cursor(last))})}"


def _return_url(request: HttpRequest) -> str:
    asked = request.POST.get("back", "")
    if url_has_allowed_host_and_scheme(asked, allowed_hosts=None) and asked.startswith(reverse("appointments")):
        return asked
    return reverse("appointments")

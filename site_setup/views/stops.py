"""Page of the stops of a mobile unit: on which day it stands where."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from desk.datetime_display import format_clock_time
from desk.views import current_user
from recalls.models import Room, RoomStop
from recalls.presenters.datetime_display import format_day
from recalls.scheduling.mobile_stops import booked_reason
from site_setup.forms.rooms import StopForm
from site_setup.settings_log import log_form, log_words
from site_setup.views.base import SetupView

_MAX_STOPS = 200  # to come, on one page


class StopsView(SetupView):
    """The stops to come, and one more; the first stop makes a room without weekly hours a mobile unit."""

    def get(self, request: HttpRequest, pk: int, room_pk: int) -> HttpResponse:
        site = self.get_site(request, pk)
        room = _room(site, room_pk)
        return _show(request, site, room, StopForm(room))

    def post(self, request: HttpRequest, pk: int, room_pk: int) -> HttpResponse:
        site = self.get_site(request, pk)
        room = _room(site, room_pk)
        form = StopForm(room, request.POST)
        if not form.is_valid():
            return _show(request, site, room, form)
        stop = form.save()
        Room.objects.filter(pk=room.pk).update(is_mobile=True)
        log_form(current_user(request), stop, form, is_new=True)
        messages.success(request, _("Saved."))
        return redirect("setup_stops", pk, room_pk)


class StopDeleteView(SetupView):
    """Takes a stop back that nobody was ever booked for."""

    def post(self, request: HttpRequest, pk: int, room_pk: int, stop_pk: int) -> HttpResponse:
        room = _room(self.get_site(request, pk), room_pk)
        stop = get_object_or_404(RoomStop, pk=stop_pk, room=room)
        refused = booked_reason(stop) or (
            _("Visits took place at this stop: it stays.") if stop.appointments.exists() else ""
        )
        if refused:
            messages.error(request, refused)
        else:
            log_words(current_user(request), room, f"stop removed: {stop.day} {stop}.")
            stop.delete()
            messages.success(request, _("Saved."))
        return redirect("setup_stops", pk, room_pk)


def _room(site: Site, pk: int) -> Room:
    """With the site whose calendar is loaded."""
    room: Room = get_object_or_404(Room, pk=pk, site=site)
    room.site = site
    return room


def _show(request: HttpRequest, site: Site, room: Room, form: StopForm) -> HttpResponse:
    stops = room.stops.filter(day__gte=calendar.today(site))[:_MAX_STOPS]
    rows = [
        {
            "pk": stop.pk,
            "day": f"{format_day(stop.day)} {stop.day.year}",
            "hours": _("%(opens)s to %(closes)s")
            % {"opens": format_clock_time(stop.opens), "closes": format_clock_time(stop.closes)},
            "where": str(stop),
        }
        for stop in stops
    ]
    return render(request, "site_setup/stops.html", {"site": site, "room": room, "form": form, "rows": rows})

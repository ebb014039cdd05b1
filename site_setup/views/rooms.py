"""Pages of a site's rooms with their weeks, and of the lengths of its visits."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from clinic.models import Site
from desk.views import current_user
from recalls.models import Room, RoomHours
from site_setup.forms.rooms import RoomForm, VisitLengthsForm
from site_setup.forms.week import DEFAULT_WEEK, Span, WeekForm
from site_setup.settings_log import log_form, log_words
from site_setup.views.base import SetupView


class RoomsView(SetupView):
    """The rooms of a site, and how long its visits take."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        site = self.get_site(request, pk)
        return self._show(request, site, VisitLengthsForm(site=site))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        site = self.get_site(request, pk)
        lengths = VisitLengthsForm(request.POST, site=site)
        if not lengths.is_valid():
            return self._show(request, site, lengths)

        def save() -> None:
            lengths.save()
            log_form(current_user(request), site, lengths, is_new=False)

        return self.change(request, [pk], save, reverse("setup_rooms", args=[pk]))

    def _show(self, request: HttpRequest, site: Site, lengths: VisitLengthsForm) -> HttpResponse:
        rooms = Room.objects.filter(site=site).prefetch_related("hours")
        return render(request, "site_setup/rooms.html", {"site": site, "rooms": rooms, "lengths": lengths})


class RoomView(SetupView):
    """One room: its name, what it is for, when visits may start in it, and its week; without a number a new one."""

    def get(self, request: HttpRequest, pk: int, room_pk: int | None = None) -> HttpResponse:
        site, room = self.get_site(request, pk), self._room(pk, room_pk)
        hours = room.hours.all() if room.pk else site.opening_hours.all()
        spans = [Span(span.weekday, span.opens, span.closes) for span in hours]
        week = WeekForm(spans=spans or (() if room.pk else DEFAULT_WEEK))
        return self._show(request, site, room, RoomForm(instance=room), week)

    def post(self, request: HttpRequest, pk: int, room_pk: int | None = None) -> HttpResponse:
        site, room = self.get_site(request, pk), self._room(pk, room_pk)
        room.site = site
        form, week = RoomForm(request.POST, instance=room), WeekForm(request.POST)
        if not (form.is_valid() and week.is_valid()):
            return self._show(request, site, self._room(pk, room_pk), form, week)
        if room_pk is None:
            self._save(request, form, week, is_new=True)
            return redirect("setup_rooms", pk=pk)
        back = reverse("setup_rooms", args=[pk])
        return self.change(request, [pk], lambda: self._save(request, form, week, is_new=False), back)

    def _save(self, request: HttpRequest, form: RoomForm, week: WeekForm, *, is_new: bool) -> None:
        room = form.save()
        before = ", ".join(str(hours) for hours in room.hours.all())
        RoomHours.objects.filter(room=room).delete()
        RoomHours.objects.bulk_create(RoomHours(room=room, **span._asdict()) for span in week.cleaned_spans())
        after = ", ".join(str(hours) for hours in RoomHours.objects.filter(room=room))
        user = current_user(request)
        log_form(user, room, form, is_new=is_new)
        if before != after:
            log_words(user, room, f"room hours: from {before or 'nothing'} to {after}.")

    def _room(self, site_pk: int, pk: int | None) -> Room:
        return get_object_or_404(Room, pk=pk, site=site_pk) if pk else Room(site_id=site_pk)

    def _show(self, request: HttpRequest, site: Site, room: Room, form: RoomForm, week: WeekForm) -> HttpResponse:
        context: dict[str, Any] = {"site": site, "room": room, "form": form, "week": week}
        return render(request, "site_setup/room.html", context)

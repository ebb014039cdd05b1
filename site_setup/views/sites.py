"""Pages of a site: its details, its week, when its messages leave, and a new one, also as a copy."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.models import OpeningHours, Site
from desk.views import current_user
from recalls.models import Room, RoomHours, VisitLength
from site_setup.checklist import get_checklist, is_address_local
from site_setup.forms.sites import MessagesForm, SiteDetailsForm
from site_setup.forms.week import DEFAULT_WEEK, Span, WeekForm
from site_setup.settings_log import log_form, log_words
from site_setup.views.base import SetupView

# A copy is another house: what names this one is typed anew.
_NOT_COPIED = frozenset({"name", "legal_name", "code", "phone", "address_line", "postal_code", "assigning_authority"})
_SITE_RULES = (
    "send_from", "send_until", "lost_after", "page_link", "asks_contact_plan", "reviewed_translations_only",
    "reviewed_english_only",
)  # fmt: skip


class ChecklistView(SetupView):
    """What is set up and what is missing."""

    def get(self, request: HttpRequest) -> HttpResponse:
        points = get_checklist(current_user(request))
        done = sum(point.is_done for point in points)
        return render(request, "site_setup/checklist.html", {"points": points, "done": done, "total": len(points)})


class NewSiteView(SetupView):
    """A new site; `?copy=` names a site of the user whose week, rooms, lengths and rules it takes over."""

    def get(self, request: HttpRequest) -> HttpResponse:
        model = self._model(request)
        initial = {}
        if model is not None:
            names = [name for name in SiteDetailsForm.Meta.fields if name not in _NOT_COPIED]
            initial = {name: getattr(model, name) for name in names}
            initial["assigning_authority"] = model.mrn_authority
        return self._show(request, SiteDetailsForm(initial=initial), model)

    def post(self, request: HttpRequest) -> HttpResponse:
        form, model = SiteDetailsForm(request.POST), self._model(request)
        if not form.is_valid():
            return self._show(request, form, model)
        user = current_user(request)
        with transaction.atomic():
            if model is not None:
                for name in _SITE_RULES:
                    setattr(form.instance, name, getattr(model, name))
            site = form.save()
            user.sites.add(site)
            if model is not None:
                _copy_calendar_and_rooms(model, site)
            log_form(user, site, form, is_new=True)
        return redirect("setup_hours", pk=site.pk)

    def _model(self, request: HttpRequest) -> Site | None:
        asked = request.GET.get("copy", "")
        return self.get_site(request, int(asked)) if asked.isdecimal() else None

    def _show(self, request: HttpRequest, form: SiteDetailsForm, model: Site | None) -> HttpResponse:
        title = _("New site, as a copy of %(site)s") % {"site": model} if model else _("New site")
        return render(request, "site_setup/site.html", {"form": form, "title": title, "site": None})


def _copy_calendar_and_rooms(model: Site, site: Site) -> None:
    spans = (Span(hours.weekday, hours.opens, hours.closes) for hours in model.opening_hours.all())
    OpeningHours.objects.bulk_create(OpeningHours(site=site, **span._asdict()) for span in spans)
    site.closures.bulk_create(
        type(closure)(site=site, day=closure.day, reason=closure.reason, is_worked=closure.is_worked)
        for closure in model.closures.all()
    )
    VisitLength.objects.bulk_create(
        VisitLength(site=site, what=length.what, minutes=length.minutes) for length in model.visit_lengths.all()
    )
    for room in Room.objects.filter(site=model, in_use=True).prefetch_related("hours"):
        same = {name: getattr(room, name) for name in ("name", "modality", "grid_minutes", "languages")}
        copy = Room.objects.create(site=site, **same)
        RoomHours.objects.bulk_create(
            RoomHours(room=copy, weekday=hours.weekday, opens=hours.opens, closes=hours.closes)
            for hours in room.hours.all()
        )


class SiteView(SetupView):
    """Name, address, clock, holidays and codes of one site."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        site = self.get_site(request, pk)
        return self._show(request, SiteDetailsForm(instance=site), site)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        site = self.get_site(request, pk)
        form = SiteDetailsForm(request.POST, instance=site)
        if not form.is_valid():
            return self._show(request, form, self.get_site(request, pk))

        def save() -> None:
            form.save()
            log_form(current_user(request), site, form, is_new=False)

        return self.change(request, [pk], save, reverse("setup"))

    def _show(self, request: HttpRequest, form: SiteDetailsForm, site: Site) -> HttpResponse:
        return render(request, "site_setup/site.html", {"form": form, "title": site.name, "site": site})


class HoursView(SetupView):
    """The week of a site."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        site = self.get_site(request, pk)
        spans = [Span(hours.weekday, hours.opens, hours.closes) for hours in site.opening_hours.all()]
        return self._show(request, WeekForm(spans=spans or DEFAULT_WEEK), site)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        site = self.get_site(request, pk)
        form = WeekForm(request.POST)
        if not form.is_valid():
            return self._show(request, form, site)
        return self.change(request, [pk], lambda: self._save(request, site, form), reverse("setup"))

    def _save(self, request: HttpRequest, site: Site, form: WeekForm) -> None:
        before = ", ".join(str(hours) for hours in site.opening_hours.all())
        OpeningHours.objects.filter(site=site).delete()
        OpeningHours.objects.bulk_create(OpeningHours(site=site, **span._asdict()) for span in form.cleaned_spans())
        after = ", ".join(str(hours) for hours in OpeningHours.objects.filter(site=site))
        log_words(current_user(request), site, f"opening hours: from {before or 'nothing'} to {after}.")

    def _show(self, request: HttpRequest, form: WeekForm, site: Site) -> HttpResponse:
        return render(request, "site_setup/hours.html", {"form": form, "site": site})


class MessagesView(SetupView):
    """When messages of a site leave, and whether they carry the link to the patient's page."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        site = self.get_site(request, pk)
        return self._show(request, MessagesForm(instance=site), site)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        site = self.get_site(request, pk)
        form = MessagesForm(request.POST, instance=site)
        if not form.is_valid():
            return self._show(request, form, site)

        def save() -> None:
            form.save()
            log_form(current_user(request), site, form, is_new=False)

        return self.change(request, [pk], save, reverse("setup"))

    def _show(self, request: HttpRequest, form: MessagesForm, site: Site) -> HttpResponse:
        context: dict[str, Any] = {"form": form, "site": site, "is_address_local": is_address_local()}
        return render(request, "site_setup/messages.html", context)

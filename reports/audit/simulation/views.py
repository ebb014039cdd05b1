"""Page that plays a year of the clinic with other staff and places, and says what it leaves out."""

from datetime import date

from crispy_forms.helper import FormHelper
from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from clinic.models import Site
from clinic.roles import Page
from desk.read_copy import reading_from_copy
from desk.views import DeskView, current_user, sites_with_calendars
from reports.audit.files.response import file_response
from reports.audit.simulation.documents import SIMULATION_COLUMNS, simulation_rows
from reports.audit.simulation.history import load_history
from reports.audit.simulation.runs import SimulationDocument, changed_plan, simulate, size_for_page

# What a reader of the figures has to know that is not in them.
LEFT_OUT = (
    _("Biopsies, results and short-interval follow-ups: it ends with the first visit kept."),
    _("What letters, emails and the patient's page do: who books without a call does so as often as in the last year."),
    _("Rooms, radiologists and technologists: a place a day is a place, whatever the visit."),
    _("Holidays, illness, seasons and busy weekdays: every open day is like every other."),
    _("Differences between patients: language, distance, suspicion and age change nothing here."),
    _("Urgency: the first recall to come is the first to be called."),
    _("Who declines, moves away or dies: they are among those who are never booked."),
    _("A clinic that changes: the whole of the last year is taken as one, and the newest 20 open days are left out."),
    _("Half days: a visit, a call and a result have a day and no hour, and the last day is played to its end."),
    _("Why a visit is missed or cancelled, and who: each visit has the same odds, whatever came before it."),
    _("How people would change their habits with fewer colleagues or more places."),
)


class SimulationForm(forms.Form):
    """What is other than today."""

    schedulers = forms.IntegerField(label=_("Schedulers more or fewer"), min_value=-20, max_value=20, initial=0)
    slots = forms.IntegerField(label=_("Visits a day more or fewer"), min_value=-200, max_value=200, initial=0)
    same_day = forms.IntegerField(
        label=_("Per cent worked up on the day of the result"), min_value=0, max_value=100, initial=0
    )
    holds_dates = forms.BooleanField(label=_("Hold a date for each recall"), required=False, initial=False)
    offers_earlier = forms.BooleanField(label=_("Offer freed times to those who wait"), required=False, initial=False)
    seed = forms.IntegerField(label=_("Seed"), min_value=1, max_value=9999, initial=1)
    helper = FormHelper()
    helper.form_tag = False
    helper.disable_csrf = True


class SimulationView(DeskView):
    page = Page.SIMULATION

    def get(self, request: HttpRequest) -> HttpResponse:
        form = SimulationForm(request.GET if request.GET else None)
        document = _play(request, form)
        query = urlencode(request.GET.dict())
        context = {
            "form": form,
            "document": document,
            "left_out": LEFT_OUT,
            "file_urls": {kind: f"{reverse('simulation_file', args=[kind])}?{query}" for kind in ("csv", "json")},
        }
        return render(request, "reports/simulation.html", context, status=422 if form.errors else 200)


class SimulationFileView(DeskView):
    page = Page.SIMULATION

    def get(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        document = _play(request, SimulationForm(request.GET if request.GET else None))
        if document is None:
            raise Http404
        return file_response(document, kind, "simulated-year", SIMULATION_COLUMNS, simulation_rows(document))


def _play(request: HttpRequest, form: SimulationForm) -> SimulationDocument | None:
    """As today where nothing was asked; None for what cannot be, or without a site."""
    sites: list[Site] = sites_with_calendars(current_user(request))
    asked = {name: field.initial for name, field in form.fields.items()}
    if form.is_bound:
        if not form.is_valid():
            return None
        asked = form.cleaned_data
    if not sites:
        return None
    today: date = calendar.local_day(sites[0], timezone.now())
    with reading_from_copy():
        history = load_history(sites, today)
    plan = changed_plan(
        history, asked["schedulers"], asked["slots"], asked["same_day"], holds_dates=asked["holds_dates"],
        offers_earlier=asked["offers_earlier"],
    )  # fmt: skip
    runs, days = size_for_page(history)
    return simulate(history, plan, seed=asked["seed"], runs=runs, open_days=days)

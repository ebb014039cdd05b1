"""Base of the set-up's pages: who may open them, which site they are about, and the page that asks first."""

from collections.abc import Callable, Collection
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from clinic.models import Site
from clinic.roles import Page
from desk.views import DeskView, current_user, log_patient_view
from patients.models import Patient
from recalls.presenters.datetime_display import format_clock_time, format_day
from site_setup.agreements import MAX_COUNTED, Impact
from site_setup.changes import change_settings

MAX_SHOWN = 200  # visits on the page that asks
_CONFIRMED = "confirmed"
_NOT_SENT_AGAIN = frozenset({"csrfmiddlewaretoken", _CONFIRMED})


class SetupView(DeskView):
    """A page for administrators; a site is one of their own."""

    page = Page.SETUP

    def get_site(self, request: HttpRequest, pk: int) -> Site:
        sites = Site.objects.prefetch_related("opening_hours", "closures", "aliases")
        return get_object_or_404(sites, pk=pk, pk__in=current_user(request).permanent_site_ids)

    def change(
        self, request: HttpRequest, site_ids: Collection[int], save: Callable[[], None], back: str, about: str = ""
    ) -> HttpResponse:
        """Save and go back, or show whom the change touches and ask; `about` says there in words what is asked."""
        user = current_user(request)
        impact = change_settings(site_ids, save, by=user, confirmed=request.POST.get(_CONFIRMED, ""))
        if impact is None:
            messages.success(request, _("Saved."))
            return redirect(back)
        return _ask(request, impact, back, about)


def _ask(request: HttpRequest, impact: Impact, back: str, about: str) -> HttpResponse:
    user = current_user(request)
    shown = impact.visits[:MAX_SHOWN]
    own = [one for one in shown if one.visit.recall.site_id in user.permanent_site_ids]
    for patient_id in {one.visit.recall.patient_id for one in own}:
        log_patient_view(request, patient_id, "set-up: whom a change touches")
    context: dict[str, Any] = {
        "rows": [_visit_row(one, one.visit.recall.patient if one in own else None) for one in shown],
        "count": len(impact.visits),
        "hidden_count": len(impact.visits) - len(shown),
        "zone_changes": any(one.zone_changes for one in impact.visits),
        "has_problems": any(one.problem for one in impact.visits),
        "renamed": min(impact.renamed_patients, MAX_COUNTED),
        "more_renamed": impact.renamed_patients > MAX_COUNTED,
        "fields": [
            (name, value) for name, values in request.POST.lists() if name not in _NOT_SENT_AGAIN for value in values
        ],
        "limits": impact.limits,
        "about": about,
        "digest": impact.digest(),
        "back": back,
    }
    return render(request, "site_setup/confirm.html", context)


def _visit_row(one: Any, patient: Patient | None) -> dict[str, Any]:
    when = f"{format_day(one.clock_time.date())}, {format_clock_time(one.clock_time)}"
    return {
        "name": str(patient) if patient else _("A patient of another site"),
        "mrn": patient.mrn if patient else "",
        "site": one.site.name,
        "before": f"{when} ({one.zone_before})" if one.zone_changes else when,
        "after": f"{when} ({one.site.time_zone})" if one.zone_changes else "",
        "problem": one.problem,
    }

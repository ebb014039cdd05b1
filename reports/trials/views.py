"""Pages of trials: the list of each site, a draft, one trial as it stands, and the file of its result.

While it runs a page says how many are in each arm and nothing of how they fare: who knows an interim result calls and
books by it, and stops when chance looks best.
"""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from clinic.models import Site
from clinic.roles import Page
from desk.kept_forms import discard_kept_form, get_kept_form
from desk.views import DeskView, current_user
from notifications.enums import NotificationKind
from notifications.rendering.trial_text import load_version
from recalls.models import Trial
from reports.audit.files.response import file_response
from reports.trials.arms import describe_arm
from reports.trials.definition import (
    draft_trial,
    end_by_hand,
    may_run_trials,
    start_blocked_reason,
    start_trial,
)
from reports.trials.forms import EndTrialForm, TrialDraftForm
from reports.trials.results import COLUMNS, result_expected_at, result_rows
from reports.trials.standing import describe_standing

MAX_SHOWN = 50  # trials of a site


class TrialsView(DeskView):
    """What was drafted, runs and was found at the user's sites, those without a finding too."""

    page = Page.TRIALS

    def get(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        sites = [
            {"site": site, "trials": _rows(site), "may_draft": may_run_trials(user, site)} for site in user.own_sites
        ]
        return render(request, "reports/trials/list.html", {"sites": sites})


class DraftTrialView(DeskView):
    page = Page.TRIALS

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        site = _own_site(request, code)
        return self._render(request, site, TrialDraftForm(site, get_kept_form(request)))

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        site = _own_site(request, code)
        form = TrialDraftForm(site, request.POST)
        if form.is_valid():
            try:
                trial = draft_trial(site, form.get_draft(), by=current_user(request))
            except ValidationError as refusal:
                form.add_error(None, refusal)
            else:
                discard_kept_form(request)
                messages.success(request, _("Drafted. A colleague starts it."))
                return redirect("trial", trial.pk)
        return self._render(request, site, form, status=422)

    @staticmethod
    def _render(request: HttpRequest, site: Site, form: TrialDraftForm, status: int = 200) -> HttpResponse:
        if not may_run_trials(current_user(request), site):
            raise PermissionDenied
        return render(request, "reports/trials/draft.html", {"site": site, "form": form}, status=status)


class TrialView(DeskView):
    """One trial: its definition, how many were taken in, and once it is over what was found."""

    page = Page.TRIALS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return _render_trial(request, _own_trial(request, pk), EndTrialForm())


class StartTrialView(DeskView):
    page = Page.TRIALS

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        trial = _own_trial(request, pk)
        try:
            start_trial(trial, by=current_user(request))
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            messages.success(request, _("Started. Recalls are taken in from now on."))
        return redirect("trial", trial.pk)


class EndTrialView(DeskView):
    page = Page.TRIALS

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        trial, form = _own_trial(request, pk), EndTrialForm(request.POST)
        if not may_run_trials(current_user(request), trial.site):
            raise PermissionDenied
        if not form.is_valid():
            return _render_trial(request, trial, form, status=422)
        try:
            end_by_hand(trial, form.cleaned_data["words"], by=current_user(request))
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return redirect("trial", trial.pk)


class TrialFileView(DeskView):
    page = Page.TRIALS

    def get(self, request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
        trial = _own_trial(request, pk)
        result = getattr(trial, "result", None)
        if result is None:
            raise Http404
        rows = result_rows(result.document, {arm: describe_arm(trial, arm) for arm in "ab"})
        return file_response(result.document, kind, f"trial-{trial.pk}", COLUMNS, rows)


def _own_site(request: HttpRequest, code: str) -> Site:
    found = next((site for site in current_user(request).own_sites if site.code == code), None)
    if found is None:
        raise Http404
    return found


def _own_trial(request: HttpRequest, pk: int) -> Trial:
    rows = Trial.objects.select_related("site", "start", "end", "result")
    trial: Trial = get_object_or_404(rows, pk=pk, site__in=current_user(request).site_ids)
    return trial


def _rows(site: Site) -> list[dict[str, Any]]:
    rows = Trial.objects.filter(site=site).select_related("start", "end", "result")
    rows = rows.annotate(taken_in=Count("places"))[:MAX_SHOWN]
    return [{"trial": trial, "standing": describe_standing(trial)} for trial in rows]


def _render_trial(request: HttpRequest, trial: Trial, form: EndTrialForm, status: int = 200) -> HttpResponse:
    user, ended, result = current_user(request), getattr(trial, "end", None), getattr(trial, "result", None)
    may_run = may_run_trials(user, trial.site)
    counts = dict(trial.places.order_by("arm").values_list("arm").annotate(count=Count("pk")))
    is_text = trial.subject == Trial.Subject.TEXT
    arms: list[dict[str, Any]] = [
        {
            "name": arm.upper(), "what": describe_arm(trial, arm), "count": counts.get(arm, 0),
            "figures": result.document["arms"][arm] if result else None,
            "text": load_version(trial, str(trial.arms[arm])) if is_text else None,
        }
        for arm in "ab"
    ]  # fmt: skip
    started = getattr(trial, "start", None)
    context = {
        "trial": trial, "standing": describe_standing(trial), "start": started, "end": ended, "result": result,
        "arms": arms, "form": form,
        "message": NotificationKind(trial.arms["kind"]).label if is_text else "",
        "taken_in": sum(counts.values()), "may_end": may_run and ended is None,
        "may_run": may_run and started is None and ended is None,
        "blocked": start_blocked_reason(trial, user) if may_run else "",
        "expected_at": result_expected_at(trial) if ended and not result else None,
    }  # fmt: skip
    return render(request, "reports/trials/trial.html", context, status=status)

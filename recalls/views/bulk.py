"""Pages that preview a step on many recalls and then take it."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.models import User
from clinic.roles import Page
from desk.views import DeskView, current_user, sites_by_id
from recalls.forms import BULK_FORMS
from recalls.forms.bulk import (
    MAX_BULK_RECALLS,
    BulkActionResult,
    BulkForm,
    preview_bulk_action,
    run_bulk_action,
)
from recalls.models import Recall
from recalls.workflow import STEPS_BY_NAME


class BulkActionView(DeskView):
    """GET is the preview and changes nothing; POST acts and says what became of each recall."""

    page = Page.BULK

    def get(self, request: HttpRequest) -> HttpResponse:
        name, chosen = _bulk_step_or_404(request.GET.get("do", "")), request.GET.getlist("recall")
        if not chosen:
            return redirect(_return_url(request.GET.get("back", "")))
        form, user = BULK_FORMS[name](), current_user(request)
        lines = preview_bulk_action(form, _get_recalls(user, _parse_ids(chosen[:MAX_BULK_RECALLS])), user)
        return _render_preview(request, name, form, lines, request.GET.get("back", ""), len(chosen) - len(lines))

    def post(self, request: HttpRequest) -> HttpResponse:
        name, user = _bulk_step_or_404(request.POST.get("do", "")), current_user(request)
        seen = _parse_versions(request.POST.getlist("seen")[:MAX_BULK_RECALLS])
        recalls = _get_recalls(user, list(seen))
        form, back = BULK_FORMS[name](request.POST), request.POST.get("back", "")
        if not form.is_valid():
            return _render_preview(request, name, form, preview_bulk_action(form, recalls, user), back, 0)
        lines = run_bulk_action(form, recalls, seen, user)
        context = _split_by_refusal(lines) | {"step": STEPS_BY_NAME[name], "return_url": _return_url(back)}
        return render(request, "recalls/bulk_done.html", context)


def _render_preview(
    request: HttpRequest, name: str, form: BulkForm, lines: list[BulkActionResult], back: str, left_out: int
) -> HttpResponse:
    context = _split_by_refusal(lines) | {
        "step": STEPS_BY_NAME[name],
        "form": form,
        "return_url": _return_url(back),
        "left_out": max(left_out, 0),
        "most": MAX_BULK_RECALLS,
        "submit_label": _("%(step)s: %(count)d") % {"step": STEPS_BY_NAME[name].label, "count": _count_allowed(lines)},
    }
    return render(request, "recalls/bulk.html", context)


def _count_allowed(lines: list[BulkActionResult]) -> int:
    return sum(not line.refusal_reason for line in lines)


def _split_by_refusal(lines: list[BulkActionResult]) -> dict[str, Any]:
    return {
        "allowed": [line for line in lines if not line.refusal_reason],
        "refused": [line for line in lines if line.refusal_reason],
    }


def _bulk_step_or_404(name: str) -> str:
    if name not in BULK_FORMS:
        raise Http404
    return name


def _return_url(address: str) -> str:
    """To the list the user came from, and to no other place."""
    queue = reverse("queue")
    return address if address.startswith(queue) else queue


def _parse_ids(texts: list[str]) -> list[int]:
    return [int(text) for text in texts if text.isdecimal() and len(text) < 19]


def _parse_versions(texts: list[str]) -> dict[int, int]:
    """ "12.5": recall 12 as it stood after its fifth event."""
    pairs = (text.partition(".") for text in texts)
    return {
        int(number): int(version)
        for number, _dot, version in pairs
        if number.isdecimal() and version.isdecimal() and len(number) < 19 and len(version) < 10
    }


def _get_recalls(user: User, numbers: list[int]) -> list[Recall]:
    """Those of them at the user's sites, with what the preview asks of them; a fixed number of queries."""
    rows = Recall.objects.for_user(user).filter(pk__in=numbers).select_related("patient", "exam")
    rows = rows.prefetch_related(
        "patient__contact_points", "patient__consents", "contact_attempts", "work_items", "events"
    )
    recalls: list[Recall] = list(rows.order_by("target_at", "pk"))
    for recall in recalls:
        recall.site = sites_by_id(user)[recall.site_id]
    return recalls

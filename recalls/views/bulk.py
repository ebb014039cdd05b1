"""Pages that preview a step on many recalls and then take it."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.models import User
from clinic.roles import Page, get_roles
from desk.kept_forms import discard_kept_form, restore_kept_form
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
        kept = restore_kept_form(request) if not request.GET else None
        if kept is not None:
            return self._preview_kept(request, kept)
        name, chosen = _bulk_step_or_404(request, request.GET.get("do", "")), request.GET.getlist("recall")
        if not chosen:
            return redirect(_return_url(request.GET.get("back", "")))
        user = current_user(request)
        form = BULK_FORMS[name](user)
        lines = preview_bulk_action(form, _get_recalls(user, _parse_ids(chosen[:MAX_BULK_RECALLS])), user)
        return _render_preview(request, name, form, lines, request.GET.get("back", ""), len(chosen) - len(lines))

    def post(self, request: HttpRequest) -> HttpResponse:
        name, user = _bulk_step_or_404(request, request.POST.get("do", "")), current_user(request)
        seen = _parse_versions(request.POST.getlist("seen")[:MAX_BULK_RECALLS])
        recalls = _get_recalls(user, list(seen))
        form, back = BULK_FORMS[name](user, request.POST), request.POST.get("back", "")
        if not form.is_valid():
            return _render_preview(request, name, form, preview_bulk_action(form, recalls, user), back, 0)
        lines = run_bulk_action(form, recalls, seen, user)
        discard_kept_form(request)
        context = _split_by_refusal(lines) | {"step": STEPS_BY_NAME[name], "return_url": _return_url(back)}
        return render(request, "recalls/bulk_done.html", context)

    @staticmethod
    def _preview_kept(request: HttpRequest, kept: QueryDict) -> HttpResponse:
        """The preview anew, for the recalls as they stand now, with what was typed before the session ended."""
        name, user = _bulk_step_or_404(request, kept.get("do", "")), current_user(request)
        form = BULK_FORMS[name](user, kept)
        recalls = _get_recalls(user, list(_parse_versions(kept.getlist("seen")[:MAX_BULK_RECALLS])))
        return _render_preview(request, name, form, preview_bulk_action(form, recalls, user), kept.get("back", ""), 0)


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


def _bulk_step_or_404(request: HttpRequest, name: str) -> str:
    """The step, known and for the user's role."""
    if name not in BULK_FORMS:
        raise Http404
    if not STEPS_BY_NAME[name].roles & get_roles(request.user):
        raise PermissionDenied
    return name


def _return_url(address: str) -> str:
    """To the list the user came from, and to no other place."""
    lists = (reverse("queue"), reverse("late_list"))
    return address if address.startswith(lists) else lists[0]


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

"""How is one thing done with many recalls? The page says for whom it will not be done and why; then it is done."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.models import User
from clinic.roles import Page
from recalls.forms.bulk import BULK, MOST, BulkForm, Line, preview, run
from recalls.models import Recall
from recalls.views.access import DeskView, sites_by_id, staff
from recalls.workflow import STEP


class Bulk(DeskView):
    """GET is the preview and changes nothing; POST acts and says what became of each recall."""

    page = Page.BULK

    def get(self, request: HttpRequest) -> HttpResponse:
        name, chosen = _named(request.GET.get("do", "")), request.GET.getlist("recall")
        if not chosen:
            return redirect(_back(request.GET.get("back", "")))
        lines = preview(name, _recalls(staff(request), _numbers(chosen[:MOST])), staff(request))
        return _page(request, name, BULK[name](), lines, request.GET.get("back", ""), len(chosen) - len(lines))

    def post(self, request: HttpRequest) -> HttpResponse:
        name, user = _named(request.POST.get("do", "")), staff(request)
        seen = _seen(request.POST.getlist("seen")[:MOST])
        recalls = _recalls(user, list(seen))
        form, back = BULK[name](request.POST), request.POST.get("back", "")
        if not form.is_valid():
            return _page(request, name, form, preview(name, recalls, user), back, 0)
        lines = run(form, recalls, seen, user)
        context = _sorted(lines) | {"step": STEP[name], "back": _back(back)}
        return render(request, "recalls/bulk_done.html", context)


def _page(request: HttpRequest, name: str, form: BulkForm, lines: list[Line], back: str, left_out: int) -> HttpResponse:
    context = _sorted(lines) | {
        "step": STEP[name],
        "form": form,
        "back": _back(back),
        "left_out": max(left_out, 0),
        "most": MOST,
        "action": _("%(step)s: %(count)d") % {"step": STEP[name].label, "count": _may(lines)},
    }
    return render(request, "recalls/bulk.html", context)


def _may(lines: list[Line]) -> int:
    return sum(not line.refused for line in lines)


def _sorted(lines: list[Line]) -> dict[str, Any]:
    return {
        "will": [line for line in lines if not line.refused],
        "will_not": [line for line in lines if line.refused],
    }


def _named(name: str) -> str:
    if name not in BULK:
        raise Http404
    return name


def _back(address: str) -> str:
    """To the list she came from, and to no other place."""
    queue = reverse("queue")
    return address if address.startswith(queue) else queue


def _numbers(texts: list[str]) -> list[int]:
    return [int(text) for text in texts if text.isdecimal() and len(text) < 19]


def _seen(texts: list[str]) -> dict[int, int]:
    """ "12.5": recall 12 as it stood after its fifth event."""
    pairs = (text.partition(".") for text in texts)
    return {
        int(number): int(version)
        for number, _dot, version in pairs
        if number.isdecimal() and version.isdecimal() and len(number) < 19 and len(version) < 10
    }


def _recalls(user: User, numbers: list[int]) -> list[Recall]:
    """Those of them at her sites, with what the preview asks of them; a fixed number of queries."""
    rows = Recall.objects.for_user(user).filter(pk__in=numbers).select_related("patient", "exam")
    rows = rows.prefetch_related(
        "patient__contact_points", "patient__consents", "contact_attempts", "work_items", "events"
    )
    recalls: list[Recall] = list(rows.order_by("target_at", "pk"))
    for recall in recalls:
        recall.site = sites_by_id(user)[recall.site_id]
    return recalls

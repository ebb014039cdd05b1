"""Where is this patient? By name, birth date, MRN, accession or phone, among the person's own sites."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinic.roles import Page
from recalls.presenters.found import found_rows
from recalls.search import LIMIT, matching
from recalls.views.access import DeskView, sites_by_id, staff

ASKED = "search"


class Search(DeskView):
    """What was typed is sent in the body and kept in the session: a name must not stand in an address or a log."""

    page = Page.RECALL

    def post(self, request: HttpRequest) -> HttpResponse:
        request.session[ASKED] = request.POST.get("q", "").strip()[:100]
        return redirect("search")

    def get(self, request: HttpRequest) -> HttpResponse:
        user, asked = staff(request), str(request.session.get(ASKED, ""))
        found = matching(user, asked) if asked else []
        context = {
            "asked": asked,
            "rows": found_rows(found[:LIMIT], sites_by_id(user), timezone.now()),
            "has_more": len(found) > LIMIT,
        }
        return render(request, "recalls/search.html", context)

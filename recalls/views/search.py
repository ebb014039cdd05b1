"""Search page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinic.roles import Page
from desk.views import DeskView, current_user, sites_by_id
from recalls.presenters.search_results import build_search_results
from recalls.selectors.search import MAX_RESULTS, search_patients

SEARCH_SESSION_KEY = "search"


class SearchView(DeskView):
    """What was typed is sent in the body and kept in the session: a name must not stand in an address or a log."""

    page = Page.RECALL

    def post(self, request: HttpRequest) -> HttpResponse:
        request.session[SEARCH_SESSION_KEY] = request.POST.get("q", "").replace("\0", "").strip()[:100]
        return redirect("search")

    def get(self, request: HttpRequest) -> HttpResponse:
        user, asked = current_user(request), str(request.session.get(SEARCH_SESSION_KEY, ""))
        found = search_patients(user, asked) if asked else []
        context = {
            "asked": asked,
            "rows": build_search_results(found[:MAX_RESULTS], sites_by_id(user), timezone.now()),
            "has_more": len(found) > MAX_RESULTS,
        }
        return render(request, "recalls/search.html", context)

"""Middleware that writes whom an answer names into the access log, before it is sent."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from clinic.access import page_views
from clinic.access.page_views import PageViews
from desk.write_refusals import tolerate_write_refusal

_READABLE = ("text/", "application/json")
SEARCH_SESSION_KEYS = ("search", "admin_searches", "hl7_search", "letter_search")


class AccessLogMiddleware:
    """One statement for each answer that shows a patient: what the page recorded itself, and one row for its list.

    While the database refuses to write, reading goes on and the record is a line of the log, by numbers alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        views = PageViews(address=request.META.get("REMOTE_ADDR", ""))
        before = page_views.begin(views)
        try:
            response = self.get_response(request)
            _add_list(request, response, views)
        finally:
            page_views.begin(before)
        _write(views)
        return response


def _add_list(request: HttpRequest, response: HttpResponse, views: PageViews) -> None:
    """A row for the patients whom the answer names and the page did not record."""
    user = request.user
    if not user.is_authenticated or not (views.loaded or views.pending):
        return
    views.session = page_views.digest_session(request.session.session_key)
    views.filter = _digest_filter(request)
    for row in views.pending:
        row.session, row.filter = views.session, views.filter
    is_readable = response.headers.get("Content-Type", "").startswith(_READABLE)
    if response.streaming or not is_readable or not views.loaded:
        return
    named = page_views.find_named(views, response.content.decode(response.charset or "utf-8", "replace"))
    if named:
        match = request.resolver_match
        row = page_views.build_row(user, match.view_name if match else request.path, views)
        row.patient_ids = named
        views.pending.append(row)


def _digest_filter(request: HttpRequest) -> str:
    """Of what the list was narrowed to: the address, and the words that are kept out of it."""
    kept = [str(request.session[key]) for key in SEARCH_SESSION_KEYS if key in request.session]
    query = request.META.get("QUERY_STRING", "")
    return page_views.digest_filter(f"{request.path}?{query} {kept}") if query or kept else ""


def _write(views: PageViews) -> None:
    shown = "; ".join(
        f"account {row.user_id}, page {row.page}, patients {row.patient_ids or [row.patient_id or row.subject]}"
        for row in views.pending
    )
    with tolerate_write_refusal(f"page views not in the access log: {shown}"):
        page_views.write(views.pending)

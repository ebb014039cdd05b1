"""Pages of the manager's lists and of each person's work, and their CSV files."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from clinic.access import page_views
from clinic.models import User
from clinic.roles import Page, can_open_page
from desk.keyset import format_cursor, parse_cursor
from desk.views import DeskView, current_user, sites_by_id
from recalls.assignment import assignable_users, display_name, is_everybodys
from recalls.enums import OPEN_STATES, State
from reports.manager import csv_files, staff_work
from reports.manager.list_rows import ManagerRow, build_manager_rows, csv_header
from reports.manager.navigator_minutes import count_case_minutes
from reports.manager.recall_lists import ListCursor, ListQuery, RecallList, get_list_page
from reports.models import ExportLog

EXPORT_CHUNK = 500
NOBODY = "nobody"
MAX_DAYS_AWAY = timedelta(days=3660)
_ABOUT = {
    RecallList.LATE: _("Open recalls past their target or with an overdue next action: a result of 4 or 5 first."),
    RecallList.OVERDUE: _("Open recalls whose next action was due before now: a result of 4 or 5 first."),
    RecallList.PAST_TARGET: _("Open recalls for which this part of the way takes longer than it should."),
    RecallList.LOST: _("Recalls closed as lost to follow-up, the newest first."),
    RecallList.ELSEWHERE: _("Recalls that the patient declined or another clinic took over, the newest first."),
}


class RecallListView(DeskView):
    """One list; whose phone numbers it shows is written down before they are shown."""

    page = Page.MANAGER_LISTS

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        wanted = _parse_list_query(request, name)
        return _render_list(request, wanted, csv_files.ExportForm())


class RecallListExportView(DeskView):
    """The same list as a file, whole."""

    page = Page.EXPORT

    def post(self, request: HttpRequest, name: str) -> HttpResponseBase:
        wanted, form, user = _parse_list_query(request, name), csv_files.ExportForm(request.POST), current_user(request)
        if not form.is_valid():
            return _render_list(request, wanted, form)
        export = csv_files.record_export(user, wanted.kind, form)
        with_mark = form.cleaned_data["for_excel"]
        return csv_files.csv_response(
            wanted.kind, csv_header(), _export_rows(wanted, user, export), with_mark=with_mark
        )


class StaffWorkView(DeskView):
    page = Page.MANAGER_LISTS

    def get(self, request: HttpRequest) -> HttpResponse:
        return _render_work(request, csv_files.ExportForm())


class StaffWorkExportView(DeskView):
    page = Page.EXPORT

    def post(self, request: HttpRequest) -> HttpResponseBase:
        form, user = csv_files.ExportForm(request.POST), current_user(request)
        if not form.is_valid():
            return _render_work(request, form)
        csv_files.record_export(user, "work", form)
        window = _parse_window(request)
        rows = (staff_work.work_cells(row, window) for row in staff_work.count_staff_work(user.own_sites, window))
        return csv_files.csv_response("work", staff_work.work_header(), rows, with_mark=form.cleaned_data["for_excel"])


def _parse_list_query(request: HttpRequest, name: str) -> ListQuery:
    """404 for an unknown list, state or site."""
    query, user = request.GET, current_user(request)
    state, site = query.get("state", ""), query.get("site", "")
    sites = tuple(each for each in user.own_sites if site in ("", str(each.pk)))
    if name not in RecallList or (state and state not in OPEN_STATES) or (site and not sites):
        raise Http404
    return ListQuery(
        RecallList(name), sites, timezone.now(), State(state) if state else None,
        month_only=query.get("since") == "month", owner=_owner_condition(user, query.get("who", "")),
        after=parse_cursor(ListCursor, query.get("after", "")),
    )  # fmt: skip


def _owner_condition(user: User, who: str) -> Q | None:
    """404 for somebody who works at none of the user's sites."""
    if not who:
        return None
    today = calendar.earliest_today()
    if who == NOBODY:
        return is_everybodys(today)
    if who not in {str(person.pk) for person in assignable_users(user.own_sites, today)}:
        raise Http404
    return Q(assigned_to=int(who))


def _render_list(request: HttpRequest, wanted: ListQuery, form: csv_files.ExportForm) -> HttpResponse:
    user = current_user(request)
    recalls, following = get_list_page(wanted)
    rows = build_manager_rows(recalls, sites_by_id(user), wanted.now)
    log_rows_shown(user, wanted.kind, rows)
    narrowed = _narrowing(request.GET)
    more = narrowed.copy()
    more["after"] = format_cursor(following) if following else ""
    context: dict[str, Any] = {
        "kind": wanted.kind,
        "about": _ABOUT[wanted.kind],
        "rows": rows,
        "is_open": not wanted.kind.is_of_closed,
        "tabs": _list_links(wanted.kind, narrowed),
        "states": OPEN_STATES,
        "owners": _owners(user) if not wanted.kind.is_of_closed else (),
        "narrowed": narrowed.dict(),
        "next_page_url": f"?{more.urlencode()}" if following else "",
        "may_assign": not wanted.kind.is_of_closed and can_open_page(user, Page.ASSIGN_TASKS),
        "may_open_recall": can_open_page(user, Page.RECALL),
        "export_form": form if can_open_page(user, Page.EXPORT) else None,
        "export_url": _with_query(reverse("recall_list_export", args=[wanted.kind.value]), narrowed),
    }
    return render(request, "reports/recall_list.html", context, status=200 if not form.errors else 422)


def _owners(user: User) -> list[tuple[str, Any]]:
    people = assignable_users(user.own_sites, calendar.earliest_today())
    return [
        ("", _("Anybody")),
        (NOBODY, _("Assigned to nobody")),
        *((str(one.pk), display_name(one)) for one in people),
    ]


def _list_links(current: RecallList, narrowed: QueryDict) -> list[dict[str, Any]]:
    return [
        {
            "label": kind.label,
            "url": _with_query(reverse("recall_list", args=[kind.value]), narrowed),
            "is_current": kind == current,
        }
        for kind in RecallList
    ]


def _narrowing(query: QueryDict) -> QueryDict:
    kept = QueryDict(mutable=True)
    for word in ("state", "site", "since", "who"):
        if value := query.get(word, ""):
            kept[word] = value
    return kept


def _with_query(url: str, query: QueryDict) -> str:
    return f"{url}?{query.urlencode()}" if query else url


def log_rows_shown(user: User, name: str, rows: list[ManagerRow]) -> None:
    """One row of the access log for each patient whose phone number is shown."""
    page_views.record(user, f"list {name}", [row.patient_id for row in rows])


def _export_rows(wanted: ListQuery, user: User, export: ExportLog) -> Iterator[list[str]]:
    """Page by page as the list itself, so that a list of any length takes little memory."""
    sites, after = sites_by_id(user), None
    while True:
        query = ListQuery(wanted.kind, wanted.sites, wanted.now, wanted.state, wanted.month_only, wanted.owner, after)
        recalls, after = get_list_page(query, EXPORT_CHUNK)
        rows = build_manager_rows(recalls, sites, wanted.now)
        csv_files.record_patients(export, (row.patient_id for row in rows))
        yield from (row.cells for row in rows)
        if after is None:
            return


def _parse_window(request: HttpRequest) -> staff_work.Window:
    """The day or week of the address; today for none. 404 for what is no day of these years."""
    user, asked = current_user(request), request.GET.get("on", "")
    site = next(iter(user.own_sites), None)
    try:
        today = calendar.local_day(site, timezone.now()) if site else calendar.earliest_today()
        day = date.fromisoformat(asked) if asked else today
    except ValueError as fault:
        raise Http404 from fault
    if abs(day - today) > MAX_DAYS_AWAY:
        raise Http404
    return staff_work.Window.of(day, is_week=request.GET.get("by") == "week")


def _render_work(request: HttpRequest, form: csv_files.ExportForm) -> HttpResponse:
    user, window = current_user(request), _parse_window(request)
    is_week = len(window.days) > 1
    by = "week" if is_week else "day"
    step = timedelta(days=len(window.days))
    context = {
        "window": window,
        "is_week": is_week,
        "rows": staff_work.count_staff_work(user.own_sites, window),
        "case_rows": count_case_minutes(user.own_sites, window),
        "labels": staff_work.WORK_LABELS.values(),
        "earlier_url": f"?by={by}&on={window.first - step}",
        "later_url": f"?by={by}&on={window.first + step}",
        "day_url": f"?by=day&on={window.first}",
        "week_url": f"?by=week&on={window.first}",
        "export_form": form if can_open_page(user, Page.EXPORT) else None,
        "export_url": f"{reverse('staff_work_export')}?by={by}&on={window.first}",
    }
    return render(request, "reports/staff_work.html", context, status=200 if not form.errors else 422)

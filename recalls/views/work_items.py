"""Page of the open work items, the button that marks one as done, and giving them to a person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic import calendar
from clinic.access import page_views
from clinic.models import User
from clinic.roles import Page, can_open_page
from desk.keyset import format_cursor, parse_cursor, rows_after
from desk.return_list import add_return_list, return_list_url
from desk.saved_note import store_saved_note
from desk.views import DeskView, current_user, sites_by_id
from recalls import actions
from recalls.assignment import is_everybodys
from recalls.enums import WorkItemKind
from recalls.forms.assigning import AssignTasksForm
from recalls.models import WorkItem
from recalls.presenters.work_items import build_work_item_rows
from recalls.selectors import queue

MAX_ASSIGNED_AT_ONCE = 100
MINE, EVERYBODYS = "mine", "everybodys"
_ORDER = ("due_at", "pk")


class WorkItemCursor(NamedTuple):
    """Where one page ended."""

    due_at: datetime
    pk: int


class WorkItemListView(DeskView):
    """The open small tasks of the person's sites, the first due first; phones shown are written down before."""

    page = Page.QUEUE

    def get(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        form = AssignTasksForm(user) if can_open_page(user, Page.ASSIGN_TASKS) else None
        return _render_list(request, user, form)


class AssignTasksView(DeskView):
    """Gives the ticked tasks to one person, or back to everybody."""

    page = Page.ASSIGN_TASKS

    def post(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        form = AssignTasksForm(user, request.POST)
        if not form.is_valid():
            return _render_list(request, user, form)
        chosen = [int(one) for one in request.POST.getlist("task") if one.isdecimal() and len(one) < 19]
        items = WorkItem.objects.filter(site_id__in=user.site_ids, done_at=None, pk__in=chosen[:MAX_ASSIGNED_AT_ONCE])
        given = 0
        for item in items:
            item.site = sites_by_id(user)[item.site_id]
            try:
                actions.assign_work_item(item, form.cleaned_data["assignee"], by=user)
                given += 1
            except ValidationError as error:
                messages.error(request, f"{item}: {' '.join(error.messages)}")
        words = ngettext("%(count)d task is assigned.", "%(count)d tasks are assigned.", given)
        messages.success(request, words % {"count": given})
        return redirect(f"{reverse('work_items')}?{parse_narrowing(request.GET).urlencode()}")


def _render_list(request: HttpRequest, user: User, form: AssignTasksForm | None) -> HttpResponse:
    now, narrowed = timezone.now(), parse_narrowing(request.GET)
    items = open_items(user, narrowed, now)
    after = parse_cursor(WorkItemCursor, request.GET.get("after", ""))
    if after is not None:
        items = items.filter(rows_after(_ORDER, after))
    found = list(items[: queue.PAGE_SIZE + 1])
    shown = found[: queue.PAGE_SIZE]
    patients = dict.fromkeys(item.patient_id for item in shown)
    page_views.record(user, "tasks", patients)
    more = narrowed.copy()
    more["after"] = format_cursor(WorkItemCursor(shown[-1].due_at, shown[-1].pk)) if shown else ""
    context: dict[str, Any] = {
        "work_items": build_work_item_rows(shown, sites_by_id(user), now),
        "next_page_url": f"?{more.urlencode()}" if len(found) > len(shown) else "",
        "kinds": WorkItemKind,
        "kind": narrowed.get("kind", ""),
        "owners": [("", _("All")), (MINE, _("Assigned to me")), (EVERYBODYS, _("Assigned to nobody"))],
        "owner": narrowed.get("owner", ""),
        "query": narrowed.urlencode(),
        "assign_form": form,
    }
    return render(request, "recalls/work_items.html", context, status=422 if form is not None and form.errors else 200)


def open_items(user: User, narrowed: QueryDict, now: datetime) -> QuerySet[WorkItem]:
    items = WorkItem.objects.filter(site_id__in=user.site_ids, done_at=None)
    if narrowed.get("kind"):
        items = items.filter(kind=narrowed["kind"])
    items = items.filter(_owner_condition(user, narrowed.get("owner", ""), now))
    items = items.select_related("patient", "assigned_to", "assigned_by")
    return items.prefetch_related("patient__contact_points", "patient__consents").order_by(*_ORDER)


def _owner_condition(user: User, owner: str, now: datetime) -> Q:
    site = next(iter(user.own_sites), None)
    today = calendar.local_day(site, now) if site else calendar.earliest_today()
    return {MINE: Q(assigned_to=user), EVERYBODYS: is_everybodys(today)}.get(owner, Q())


def parse_narrowing(query: Mapping[str, str]) -> QueryDict:
    """The filters that the address names; 404 for an unknown one."""
    kind, owner = query.get("kind", ""), query.get("owner", "")
    if (kind and kind not in WorkItemKind) or owner not in ("", MINE, EVERYBODYS):
        raise Http404
    kept = QueryDict(mutable=True)
    for name, value in (("kind", kind), ("owner", owner)):
        if value:
            kept[name] = value
    return kept


class WorkItemDoneView(DeskView):
    """Ticks a task off. Ticking it twice does nothing twice."""

    page = Page.QUEUE

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        item = WorkItem.objects.filter(site_id__in=user.site_ids, pk=pk).first()
        if item is None:
            raise Http404
        if item.kind == WorkItemKind.BARRIER and item.recall and actions.has_unsettled_barrier(item.recall):
            messages.info(request, _("Say what came of it: that closes the task."))
            help_url = reverse("step", args=[item.recall_id, "help_with_barrier"])
            return redirect(add_return_list(help_url, return_list_url(request)))
        actions.finish_work_item(item, by=user)
        words = _("Done: %(task)s.") % {"task": item.get_kind_display()}
        messages.success(request, words, extra_tags=store_saved_note(request, item.patient_id))
        recall = request.POST.get("recall", "")
        if not recall.isdecimal():
            return redirect("work_items")
        return redirect(add_return_list(reverse("recall", args=[int(recall)]), return_list_url(request)))

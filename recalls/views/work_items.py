"""Page of the open work items, and the button that marks one as done."""

from typing import NamedTuple

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.roles import Page
from desk.keyset import format_cursor, parse_cursor, rows_after
from desk.return_list import add_return_list, return_list_url
from desk.views import DeskView, current_user, sites_by_id
from recalls import actions
from recalls.models import WorkItem
from recalls.presenters.work_items import build_work_item_rows
from recalls.selectors import queue


class WorkItemCursor(NamedTuple):
    """Where one page ended."""

    pk: int


class WorkItemListView(DeskView):
    """The open small tasks of the person's sites, oldest first."""

    page = Page.QUEUE

    def get(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        after = parse_cursor(WorkItemCursor, request.GET.get("after", ""))
        items = (
            WorkItem.objects.filter(site_id__in=user.site_ids, done_at=None).select_related("patient").order_by("pk")
        )
        if after is not None:
            items = items.filter(rows_after(("pk",), after))
        found = list(items.select_related("patient")[: queue.PAGE_SIZE + 1])
        shown = found[: queue.PAGE_SIZE]
        context = {
            "work_items": build_work_item_rows(shown, sites_by_id(user), timezone.now()),
            "next_page_url": f"?after={format_cursor(WorkItemCursor(shown[-1].pk))}" if len(found) > len(shown) else "",
        }
        return render(request, "recalls/work_items.html", context)


class WorkItemDoneView(DeskView):
    """Ticks a task off. Ticking it twice does nothing twice."""

    page = Page.QUEUE

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        item = WorkItem.objects.filter(site_id__in=user.site_ids, pk=pk).first()
        if item is None:
            raise Http404
        actions.finish_work_item(item, by=user)
        messages.success(request, _("Done: %(task)s.") % {"task": item.get_kind_display()})
        recall = request.POST.get("recall", "")
        if not recall.isdecimal():
            return redirect("work_items")
        return redirect(add_return_list(reverse("recall", args=[int(recall)]), return_list_url(request)))

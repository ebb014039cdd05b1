"""Whom do we call next, and which small tasks are open? The callback queue by state, and the list of tasks."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from clinic.models import User
from clinic.roles import Page
from recalls import actions, queues
from recalls.models import Recall, WorkItem
from recalls.models.querysets import Position
from recalls.presenters import empty_words, rows_of
from recalls.presenters.work import tasks_of
from recalls.states import OPEN_STATES, State
from recalls.views.access import DeskView, sites_by_id, staff


class Queue(DeskView):
    """One state's recalls of the person's sites, most urgent first."""

    page = Page.QUEUE

    def get(self, request: HttpRequest, state: str = State.TO_CONTACT) -> HttpResponse:
        if state not in OPEN_STATES:
            raise Http404
        user, now = staff(request), timezone.now()
        site_ids = _chosen_sites(user, request.GET.get("site", ""))
        recalls = queues.queue_page(site_ids, State(state), position_from(request.GET.get("after", "")))
        shown, more = recalls[: queues.PAGE_SIZE], recalls[queues.PAGE_SIZE :]
        rows = rows_of(shown, sites_by_id(user), now)
        context = {
            "state": State(state),
            "tabs": _tabs(queues.tallies(site_ids, now), State(state), request.GET.get("site", "")),
            "due": [row for row in rows if row.is_due_today],
            "later": [row for row in rows if not row.is_due_today],
            "sites": user.own_sites if len(user.own_sites) > 1 else (),
            "site": request.GET.get("site", ""),
            "older": _older(request, shown) if more else "",
            "empty": empty_words(State(state)),
            "is_first_page": "after" not in request.GET,
        }
        return render(request, "recalls/queue.html", context)


def _chosen_sites(user: User, wanted: str) -> frozenset[int]:
    """All her sites, or the one she filtered by; a site that is not hers is not found."""
    if not wanted:
        return user.site_ids
    if not wanted.isdecimal() or int(wanted) not in user.site_ids:
        raise Http404
    return frozenset({int(wanted)})


def _tabs(tallies: dict[State, queues.Tally], current: State, site: str) -> list[dict[str, Any]]:
    """The callback queue first, then the others in the order of the way through."""
    query = f"?{urlencode({'site': site})}" if site else ""
    return [
        {
            "label": state.label,
            "url": reverse("queue_state", args=[state.value]) + query,
            "tally": tally,
            "is_current": state == current,
        }
        for state, tally in sorted(tallies.items(), key=lambda entry: entry[0] != State.TO_CONTACT)
    ]


def position_of(recall: Recall) -> str:
    """A place in due order, for the address of the next page; names no patient."""
    return f"{recall.due_at.isoformat() if recall.due_at else ''}~{recall.pk}"


def position_from(text: str) -> Position | None:
    """The place an address names; the start of the list when it names none that can be read."""
    due_at, _tilde, pk = text.partition("~")
    try:
        return datetime.fromisoformat(due_at), int(pk)
    except ValueError:
        return None


def _older(request: HttpRequest, shown: list[Recall]) -> str:
    query = request.GET.copy()
    query["after"] = position_of(shown[-1])
    return f"?{query.urlencode()}"


class Work(DeskView):
    """The open small tasks of the person's sites, oldest first."""

    page = Page.QUEUE

    def get(self, request: HttpRequest) -> HttpResponse:
        user = staff(request)
        after = request.GET.get("after", "")
        items = (
            WorkItem.objects.filter(site_id__in=user.site_ids, done_at=None).select_related("patient").order_by("pk")
        )
        if after.isdecimal():
            items = items.filter(pk__gt=int(after))
        found = list(items.select_related("patient")[: queues.PAGE_SIZE + 1])
        shown = found[: queues.PAGE_SIZE]
        context = {
            "tasks": tasks_of(shown, sites_by_id(user), timezone.now()),
            "older": f"?after={shown[-1].pk}" if len(found) > len(shown) else "",
        }
        return render(request, "recalls/work.html", context)


class WorkDone(DeskView):
    """Ticks a task off. Ticking it twice does nothing twice."""

    page = Page.QUEUE

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = staff(request)
        item = WorkItem.objects.filter(site_id__in=user.site_ids, pk=pk).first()
        if item is None:
            raise Http404
        actions.finish_work_item(item, by=user)
        messages.success(request, _("Done: %(task)s.") % {"task": item.get_kind_display()})
        recall = request.POST.get("recall", "")
        return redirect("recall", int(recall)) if recall.isdecimal() else redirect("work")

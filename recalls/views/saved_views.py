"""Saves and deletes a user's named filters of the queue."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from clinic.roles import Page
from desk.views import DeskView, current_user
from recalls.enums import State
from recalls.forms.saved import SavedViewForm
from recalls.models import SavedView
from recalls.presenters import queue_links
from recalls.views.queue_query import parse_filter_params


class SavedViewCreateView(DeskView):
    """Back to the same list, which now stands among their views; a name that will not do is said on top of it."""

    page = Page.QUEUE

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SavedViewForm(current_user(request), request.POST)
        narrowed = parse_filter_params(QueryDict(request.POST.get("query", "")[:200]))
        if form.is_valid():
            form.save()
            messages.success(request, _("The view is saved."))
        else:
            for errors in form.errors.values():
                messages.error(request, " ".join(str(error) for error in errors))
        state = request.POST.get("state", "")
        return redirect(queue_links.queue_url(State(state) if state in State.values else State.TO_CONTACT, narrowed))


class SavedViewDeleteView(DeskView):
    """The user's own only."""

    page = Page.QUEUE

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        get_object_or_404(SavedView, pk=pk, user=current_user(request)).delete()
        messages.success(request, _("The view is deleted."))
        return redirect("queue")

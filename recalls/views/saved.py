"""How does a person keep a view of the queue under a name, and delete it again?"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from clinic.roles import Page
from recalls.forms.saved import SaveViewForm
from recalls.models import SavedView
from recalls.presenters import narrow
from recalls.states import State
from recalls.views.access import DeskView, staff
from recalls.views.queue import narrowed_by


class SaveView(DeskView):
    """Back to the same list, which now stands among her views; a name that will not do is said on top of it."""

    page = Page.QUEUE

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SaveViewForm(staff(request), request.POST)
        narrowed = narrowed_by(QueryDict(request.POST.get("query", "")[:200]))
        if form.is_valid():
            form.save()
            messages.success(request, _("The view is saved."))
        else:
            for errors in form.errors.values():
                messages.error(request, " ".join(str(error) for error in errors))
        state = request.POST.get("state", "")
        return redirect(narrow.address(State(state) if state in State.values else State.TO_CONTACT, narrowed))


class DeleteView(DeskView):
    """Her own only."""

    page = Page.QUEUE

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        get_object_or_404(SavedView, pk=pk, user=staff(request)).delete()
        messages.success(request, _("The view is deleted."))
        return redirect("queue")

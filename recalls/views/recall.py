"""What does one recall look like: who she is, what to do now and why, and what happened so far?"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinic.actors import actor_for
from clinic.models import User
from clinic.roles import Page
from recalls import claims
from recalls.forms import FORMS
from recalls.models import Recall
from recalls.presenters import head_of, ladder_of, offer_of, reason_of, standing_of, story_of
from recalls.presenters.script import script_of
from recalls.presenters.work import tasks_of
from recalls.states import State
from recalls.views.access import DeskView, log_view, sites_by_id, staff
from recalls.views.way import is_queue, list_of, next_in_list, remember_list
from recalls.views.whole import whole_recall
from recalls.workflow import DESK


class RecallPage(DeskView):
    """The page of one recall. Looking moves nothing: it puts down who looked, and who has it open now."""

    page = Page.RECALL

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = staff(request)
        recall = whole_recall(user, pk)
        log_view(request, recall, "recall")
        remember_list(request)
        if actor_for(user).roles & DESK:
            claims.claim(recall, user)
        now = timezone.now()
        offer = offer_of(recall, actor_for(user), FORMS)
        context = common_context(recall, user) | {
            "offer": offer,
            "form": FORMS[offer.form.name](recall, user) if offer.form else None,
            "form_button": offer.form,
            "story": story_of(recall, now),
            "tasks": tasks_of(getattr(recall, "open_work_items", ()), sites_by_id(user), now),
            "list_url": list_of(request),
            "passes_over": is_queue(list_of(request)),
        }
        return render(request, "recalls/recall.html", context)


class NextRecall(DeskView):
    """Passes this recall over: leads to the next one of the list she came from."""

    page = Page.RECALL

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = staff(request)
        recall = whole_recall(user, pk)
        claims.release(recall, user)
        return redirect(next_in_list(request, user, recall) or "queue")


class StillHere(DeskView):
    """A sign of life from the page of somebody who is typing: her claim goes on."""

    page = Page.RECALL

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = staff(request)
        claims.claim(whole_recall(user, pk), user)
        return HttpResponse(status=204)


def common_context(recall: Recall, user: User) -> dict[str, Any]:
    """What the page of a recall and the page of a step both show."""
    now = timezone.now()
    return {
        "recall": recall,
        "head": head_of(recall, now),
        "reason": reason_of(recall, now),
        "standing": standing_of(recall, now),
        "ladder": ladder_of(recall, now) if recall.state == State.TO_CONTACT else [],
        "script": script_of(recall, user),
        "holder": claims.holder(recall, user, now),
    }

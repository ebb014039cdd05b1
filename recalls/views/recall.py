"""What does one recall look like: who she is, what to do now and why, and what happened so far?"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinic.actors import actor_for
from clinic.models import User
from clinic.roles import Page
from recalls.forms import FORMS
from recalls.models import Recall
from recalls.presenters import head_of, ladder_of, offer_of, reason_of, standing_of, story_of
from recalls.presenters.work import tasks_of
from recalls.states import State
from recalls.views.access import DeskView, log_view, sites_by_id, staff
from recalls.views.whole import whole_recall


class RecallPage(DeskView):
    """The page of one recall. Looking changes nothing; that somebody looked is on record."""

    page = Page.RECALL

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = staff(request)
        recall = whole_recall(user, pk)
        log_view(request, recall, "recall")
        now = timezone.now()
        offer = offer_of(recall, actor_for(user), FORMS)
        context = common_context(recall, user) | {
            "offer": offer,
            "form": FORMS[offer.form.name](recall, user) if offer.form else None,
            "form_button": offer.form,
            "story": story_of(recall, now),
            "tasks": tasks_of(getattr(recall, "open_work_items", ()), sites_by_id(user), now),
        }
        return render(request, "recalls/recall.html", context)


def common_context(recall: Recall, user: User) -> dict[str, Any]:
    """What the page of a recall and the page of a step both show."""
    now = timezone.now()
    return {
        "recall": recall,
        "head": head_of(recall, now),
        "reason": reason_of(recall, now),
        "standing": standing_of(recall, now),
        "ladder": ladder_of(recall) if recall.state == State.TO_CONTACT else [],
    }

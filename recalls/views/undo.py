"""How is a slip taken back from a page? One button beside the words that say what was saved, for ten seconds."""

from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.models import User
from clinic.roles import Page
from desk.views import DeskView, current_user, log_patient_view, seen_version
from recalls import actions
from recalls.models import RecallEvent
from recalls.permissions import StepRefused
from recalls.selectors.recall_detail import get_recall_detail
from recalls.undo_snapshot import can_be_undone
from recalls.workflow import STEPS_BY_NAME

# How a message says that it can be undone: the frame of every page makes a button of it (`undo_action`).
UNDO_TAG = "undo"


class UndoStepView(DeskView):
    """Takes back one's own last step; the recall as it was is shown, or the reason why the step stands."""

    page = Page.RECALL

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        recall = get_recall_detail(user, pk)
        log_patient_view(request, recall, "step: undo")
        try:
            event = actions.undo(
                recall,
                by=user,
                seen=seen_version(request),
                key=request.POST.get("key", "")[:36] or None,
            )
        except StepRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Undone: %(step)s.") % {"step": STEPS_BY_NAME[event.data["step"]].label})
        return redirect("recall", recall.pk)


def undo_message_tag(user: User, event: RecallEvent | None) -> str:
    """The tag of the message about a step that can still be undone; empty for any other."""
    if event is None or not can_be_undone(event, user.pk, timezone.now()):
        return ""
    return f"{UNDO_TAG} {event.recall_id} {event.version} {uuid4()}"

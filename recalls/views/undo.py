"""Takes back the last step of the user, within ten seconds."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.roles import Page
from desk.return_list import add_return_list, return_list_url
from desk.saved_note import store_saved_note
from desk.views import DeskView, current_user, log_patient_view
from recalls import actions
from recalls.permissions import StepRefused
from recalls.selectors.recall_detail import get_recall_detail
from recalls.views.undo_offer import seen_version
from recalls.workflow import STEPS_BY_NAME


class UndoStepView(DeskView):
    """Takes back one's own last step; the recall as it was is shown, or the reason why the step stands."""

    page = Page.RECALL

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        recall = get_recall_detail(user, pk)
        log_patient_view(request, recall.patient_id, "step: undo")
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
            words = _("Undone: %(step)s.") % {"step": STEPS_BY_NAME[event.data["step"]].label}
            messages.success(request, words, extra_tags=store_saved_note(request, recall.patient_id))
        return redirect(add_return_list(reverse("recall", args=[recall.pk]), return_list_url(request)))

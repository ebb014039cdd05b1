"""Page on which a radiologist answers a case; the next case follows."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import User
from clinic.roles import Page, can_open_page
from desk.return_list import add_return_list, return_list_url
from recalls.enums import State
from recalls.forms import StepForm
from recalls.models import Recall, RecallEvent
from recalls.presenters.reading_case import build_reading_case
from recalls.presenters.worklist_rows import answer_url
from recalls.selectors import reading_worklist
from recalls.views.list_navigation import is_queue_url
from recalls.views.steps import StepFormView
from recalls.workflow import STEPS_BY_NAME

RADIOLOGIST_STEPS = (
    "record_outcome",
    "amend_outcome",
    "release_outcome",
    "result_told",
    "sign_concordance",
    "resolve_by_priors",
    "need_imaging",
)
# After these the next case opens; amending and releasing are done between cases.
_OPENS_NEXT_CASE = frozenset({"record_outcome", "result_told", "sign_concordance", "resolve_by_priors", "need_imaging"})
# Earlier pictures are answered one way or the other, from one screen, each with its key: the first is what Enter sends
# once an assessment is chosen.
_PRIORS_ANSWERS = {
    "resolve_by_priors": ("", _("They explain the finding: save the assessment")),
    "need_imaging": ("D", _("Diagnostic visit needed")),
}


@dataclass(frozen=True, slots=True)
class SubmitButton:
    """A button that sends the form: where to, and the key that leads to it."""

    label: Any
    url: str
    key: str = ""
    # The form's required fields are not this answer's: the browser is not to ask for them.
    asks_for_nothing: bool = False


class RadiologistStepView(StepFormView):
    """One screen for every answer of a radiologist. It is a plain form; reading.js only makes it quicker.

    Whoever came from a queue, such as a navigator who tells results, goes on in that queue.
    """

    template_name = "recalls/radiologist_step.html"

    def get_extra_context(self, recall: Recall, user: User) -> dict[str, Any]:
        name = self.kwargs["step"]
        compares = _is_priors_comparison(recall, name)
        return {
            "reading_case": build_reading_case(recall, reading_worklist.earlier_recalls(user, recall), timezone.now()),
            "title": _("Prior images to compare") if compares else STEPS_BY_NAME[name].label,
            "rules": [STEPS_BY_NAME[answer].rule for answer in (_PRIORS_ANSWERS if compares else (name,))],
            "submit_buttons": _submit_buttons(recall, name),
            "has_worklist": can_open_page(user, Page.WORKLIST),
            "return_url": return_list_url(self.request),
            "can_return_to_list": can_open_page(user, Page.WORKLIST) and name in _OPENS_NEXT_CASE and not compares,
        }

    def get_success_response(
        self, recall: Recall, user: User, before: State, form: StepForm, event: RecallEvent | None
    ) -> HttpResponse:
        if not can_open_page(user, Page.WORKLIST) or is_queue_url(return_list_url(self.request)):
            return super().get_success_response(recall, user, before, form, event)
        if self.kwargs["step"] in _OPENS_NEXT_CASE and self.request.POST.get("then") != "list":
            following = reading_worklist.next_recall_to_read(user, timezone.now(), before, recall.pk)
            if following is not None:
                return redirect(add_return_list(answer_url(following), return_list_url(self.request)))
        return redirect("worklist")


def _is_priors_comparison(recall: Recall, step: str) -> bool:
    return recall.state == State.AWAITING_PRIORS and step in _PRIORS_ANSWERS


def _submit_buttons(recall: Recall, step: str) -> list[SubmitButton]:
    if _is_priors_comparison(recall, step):
        return [
            SubmitButton(label, reverse("step", args=[recall.pk, name]), key, asks_for_nothing=name == "need_imaging")
            for name, (key, label) in _PRIORS_ANSWERS.items()
        ]
    label = _("Save and next") if step in _OPENS_NEXT_CASE else _("Save")
    return [SubmitButton(label, reverse("step", args=[recall.pk, step]))]

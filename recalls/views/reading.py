"""Page on which a radiologist answers a case; the next case follows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import User
from desk.return_list import add_return_list, return_list_url
from recalls.enums import State
from recalls.forms import StepForm
from recalls.models import Recall, RecallEvent
from recalls.presenters.reading_case import build_reading_case
from recalls.presenters.worklist_rows import answer_url
from recalls.selectors import reading_worklist
from recalls.views.steps import StepFormView
from recalls.workflow import STEPS_BY_NAME

RADIOLOGIST_STEPS = (
    "record_outcome",
    "amend_outcome",
    "release_outcome",
    "sign_concordance",
    "resolve_by_priors",
    "need_imaging",
)
# After these the next case opens; amending and releasing are done between cases.
_OPENS_NEXT_CASE = frozenset({"record_outcome", "sign_concordance", "resolve_by_priors", "need_imaging"})
# Earlier pictures are answered one way or the other, from one screen.
_PRIORS_ANSWERS = {
    "resolve_by_priors": _("They explain the finding: close, no diagnostic visit"),
    "need_imaging": _("Diagnostic visit needed"),
}


@dataclass(frozen=True, slots=True)
class SubmitButton:
    """A button that sends the form: where to, and the key that leads to it."""

    label: Any
    url: str
    key: str = ""


class RadiologistStepView(StepFormView):
    """One screen for every answer of a radiologist. It is a plain form; reading.js only makes it quicker."""

    template_name = "recalls/radiologist_step.html"

    # Where the case lay on the worklist before it was answered.
    _worklist_position: tuple[State, datetime | None]

    def _open_recall(self, request: HttpRequest, pk: int, step: str) -> tuple[User, Recall]:
        user, recall = super()._open_recall(request, pk, step)
        self._worklist_position = (State(recall.state), recall.to_read_at)
        return user, recall

    def get_extra_context(self, recall: Recall, user: User) -> dict[str, Any]:
        name = self.kwargs["step"]
        compares = _is_priors_comparison(recall, name)
        return {
            "reading_case": build_reading_case(recall, reading_worklist.earlier_recalls(user, recall), timezone.now()),
            "title": _("Prior images to compare") if compares else STEPS_BY_NAME[name].label,
            "rules": [STEPS_BY_NAME[answer].rule for answer in (_PRIORS_ANSWERS if compares else (name,))],
            "submit_buttons": _submit_buttons(recall, name),
            "can_return_to_list": name in _OPENS_NEXT_CASE and not compares,
        }

    def get_success_response(
        self, recall: Recall, user: User, before: State, form: StepForm, event: RecallEvent | None
    ) -> HttpResponse:
        if self.kwargs["step"] in _OPENS_NEXT_CASE and self.request.POST.get("then") != "list":
            state, since = self._worklist_position
            following = reading_worklist.next_recall_to_read(user, timezone.now(), state, since, recall.pk)
            if following is not None:
                return redirect(add_return_list(answer_url(following), return_list_url(self.request)))
        return redirect("worklist")


def _is_priors_comparison(recall: Recall, step: str) -> bool:
    return recall.state == State.AWAITING_PRIORS and step in _PRIORS_ANSWERS


def _submit_buttons(recall: Recall, step: str) -> list[SubmitButton]:
    if _is_priors_comparison(recall, step):
        answers = enumerate(_PRIORS_ANSWERS.items(), start=1)
        return [
            SubmitButton(label, reverse("step", args=[recall.pk, name]), str(key)) for key, (name, label) in answers
        ]
    label = _("Save and next") if step in _OPENS_NEXT_CASE else _("Save")
    return [SubmitButton(label, reverse("step", args=[recall.pk, step]))]

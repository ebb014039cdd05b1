"""How does a radiologist answer a case? What to look at on the left, the answer on the right, then the next case."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import User
from recalls import reading
from recalls.forms import StepForm
from recalls.models import Recall, RecallEvent
from recalls.presenters.case import case_of
from recalls.presenters.readings import answer_url
from recalls.states import State
from recalls.views.steps import StepPage
from recalls.workflow import STEP

ANSWERS = (
    "record_outcome",
    "amend_outcome",
    "release_outcome",
    "sign_concordance",
    "resolve_by_priors",
    "need_imaging",
)
# After these the next case opens; amending and releasing are done between cases.
_GOES_ON = frozenset({"record_outcome", "sign_concordance", "resolve_by_priors", "need_imaging"})
# Earlier pictures are answered one way or the other, from one screen.
_BY_PRIORS = {
    "resolve_by_priors": _("They explain it: close, no visit"),
    "need_imaging": _("A visit is needed"),
}


@dataclass(frozen=True, slots=True)
class Send:
    """A button that sends the form: where to, and the key that leads to it."""

    label: Any
    url: str
    key: str = ""


class AnswerPage(StepPage):
    """One screen for every answer of a radiologist. It is a plain form; reading.js only makes it quicker."""

    template = "recalls/reading.html"

    # Where the case lay on the worklist before it was answered.
    _lay: tuple[State, datetime | None]

    def _opened(self, request: HttpRequest, pk: int, step: str) -> tuple[User, Recall]:
        user, recall = super()._opened(request, pk, step)
        self._lay = (State(recall.state), recall.to_read_at)
        return user, recall

    def shown_beside(self, recall: Recall, user: User) -> dict[str, Any]:
        name = self.kwargs["step"]
        compares = _compares(recall, name)
        return {
            "case": case_of(recall, reading.earlier_recalls(user, recall), timezone.now()),
            "title": _("Earlier pictures to compare") if compares else STEP[name].label,
            "rules": [STEP[answer].rule for answer in (_BY_PRIORS if compares else (name,))],
            "sends": _sends(recall, name),
            "may_go_back": name in _GOES_ON and not compares,
        }

    def where_next(
        self, recall: Recall, user: User, before: State, form: StepForm, event: RecallEvent | None
    ) -> HttpResponse:
        if self.kwargs["step"] in _GOES_ON and self.request.POST.get("then") != "list":
            state, since = self._lay
            following = reading.next_to_read(user, timezone.now(), state, since, recall.pk)
            if following is not None:
                return redirect(answer_url(following))
        return redirect("worklist")


def _compares(recall: Recall, step: str) -> bool:
    return recall.state == State.AWAITING_PRIORS and step in _BY_PRIORS


def _sends(recall: Recall, step: str) -> list[Send]:
    if _compares(recall, step):
        answers = enumerate(_BY_PRIORS.items(), start=1)
        return [Send(label, reverse("step", args=[recall.pk, name]), str(key)) for key, (name, label) in answers]
    label = _("Save and next") if step in _GOES_ON else _("Save")
    return [Send(label, reverse("step", args=[recall.pk, step]))]

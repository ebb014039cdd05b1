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
_BY_PRIORS = (
    ("resolve_by_priors", "1", _("They explain it: close, no visit")),
    ("need_imaging", "2", _("A visit is needed")),
)


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
        step = self.kwargs["step"]
        return {
            "case": case_of(recall, reading.earlier_recalls(user, recall), timezone.now()),
            "sends": _sends(recall, step),
            "goes_on": step in _GOES_ON,
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


def _sends(recall: Recall, step: str) -> list[Send]:
    by_priors = [name for name, _key, _label in _BY_PRIORS]
    if recall.state == State.AWAITING_PRIORS and step in by_priors:
        return [Send(label, reverse("step", args=[recall.pk, name]), key) for name, key, label in _BY_PRIORS]
    label = _("Save and next") if step in _GOES_ON else _("Save")
    return [Send(label, reverse("step", args=[recall.pk, step]))]

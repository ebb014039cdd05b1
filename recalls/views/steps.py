"""How is a step taken from a page? One view for all of them: show its form, run its action, say what came of it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from clinic.models import User
from clinic.roles import Page, Role, roles_of
from recalls import claims
from recalls.forms import FORMS, StepForm
from recalls.models import Recall, RecallEvent
from recalls.permissions import NotPermitted, Stale, StepRefused, check_permitted, why_not
from recalls.presenters import button_of, moment, story_of
from recalls.states import ContactResult, State
from recalls.views.access import DeskView, log_view, staff
from recalls.views.recall import common_context
from recalls.views.undo import undo_offer
from recalls.views.way import next_in_list, remember_list
from recalls.views.whole import whole_recall
from recalls.workflow import DESK, STEP

_BOOKING = {State.TO_CONTACT: "book_appointment", State.BIOPSY_TO_BOOK: "book_biopsy"}
_STORY_ON_A_STEP = 5  # the newest lines, enough to decide by


class StepPage(DeskView):
    """GET shows what the step asks for and its rule; POST takes it. Whatever goes wrong, nothing typed is lost."""

    page = Page.RECALL
    template = "recalls/step.html"

    def get(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        user, recall = self._opened(request, pk, step)
        remember_list(request)
        button = button_of(recall, step, actor_for(user))
        return self._page(request, recall, FORMS[step](recall, user), button.reason, 200)

    def post(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        user, recall = self._opened(request, pk, step)
        before, form = State(recall.state), FORMS[step](recall, user, request.POST)
        try:
            check_permitted(recall, STEP[step], actor_for(user))
            if not form.is_valid():
                return self._page(request, recall, form, "", 200)
            event = form.run()
        except ValidationError:
            return self._page(request, whole_recall(user, pk), form, "", 200)
        except Stale as refusal:
            return self._somebody_was_first(request, user, pk, step, refusal)
        except StepRefused as refusal:
            status = 403 if isinstance(refusal, NotPermitted) else 409
            return self._page(request, whole_recall(user, pk), form, str(refusal), status)
        messages.success(request, _what_was_saved(recall, step, event), extra_tags=undo_offer(user, event))
        claims.release(recall, user)
        return self.where_next(recall, user, before, form, event)

    def where_next(
        self, recall: Recall, user: User, before: State, form: StepForm, event: RecallEvent | None
    ) -> HttpResponse:
        return _where_next(self.request, recall, user, before, form)

    def shown_beside(self, recall: Recall, user: User) -> dict[str, Any]:
        """What a screen of its own shows beside the form."""
        return {}

    def _opened(self, request: HttpRequest, pk: int, step: str) -> tuple[User, Recall]:
        if step not in FORMS:
            raise Http404
        user = staff(request)
        recall = whole_recall(user, pk)
        log_view(request, recall, f"step: {step}")
        if actor_for(user).roles & DESK:
            claims.claim(recall, user)
        return user, recall

    def _somebody_was_first(self, request: HttpRequest, user: User, pk: int, step: str, refusal: Stale) -> HttpResponse:
        """The same words on a form for the recall as it stands now: she reads who did what, then decides."""
        recall = whole_recall(user, pk)
        again = FORMS[step](recall, user)
        typed = request.POST.copy()
        for name in ("version", "key"):
            typed[name] = str(again.initial[name])
        form = FORMS[step](recall, user, typed)
        form.is_valid()
        reason = why_not(recall, STEP[step], actor_for(user))
        return self._page(request, recall, form, reason, 409, first=str(refusal))

    def _page(
        self, request: HttpRequest, recall: Recall, form: StepForm, reason: str, status: int, first: str = ""
    ) -> HttpResponse:
        step = STEP[self.kwargs["step"]]
        context: dict[str, Any] = common_context(recall, form.user) | {
            "step": step,
            "form": form,
            "why_not": reason,
            "first": first,
            "story": story_of(recall, timezone.now())[:_STORY_ON_A_STEP],
        }
        context |= self.shown_beside(recall, form.user)
        return render(request, self.template, context, status=status)


def _what_was_saved(recall: Recall, step: str, event: RecallEvent | None) -> str:
    """In words without a patient's name: messages travel in a cookie."""
    saved = _("Saved: %(step)s.") % {"step": STEP[step].label}
    if event is None or recall.due_at is None:
        return saved
    due = moment(recall.site, recall.due_at, timezone.now())
    words = {"saved": saved, "state": State(recall.state).label, "due": due}
    return _("%(saved)s Now “%(state)s”, next action by %(due)s.") % words


def _where_next(request: HttpRequest, recall: Recall, user: User, before: State, form: StepForm) -> HttpResponse:
    """To the booking when she is ready to book, else on to the next of the list the person came from."""
    ready = form.cleaned_data.get("result") == ContactResult.REACHED_WILL_BOOK
    if ready and recall.state in _BOOKING:
        return redirect("step", recall.pk, _BOOKING[State(recall.state)])
    if request.POST.get("then") == "stay":
        return redirect("recall", recall.pk)
    following = next_in_list(request, user, recall)
    if following:
        return redirect(following)
    roles = roles_of(user)
    if roles & {Role.SCHEDULER, Role.NAVIGATOR} and before != State.CLOSED:
        return redirect("queue_state", before.value)
    if Role.RADIOLOGIST in roles:
        return redirect("worklist")
    return redirect("recall", recall.pk)

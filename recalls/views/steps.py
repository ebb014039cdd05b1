"""Page of one step: shows its form and takes the step."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from clinic.models import User
from clinic.roles import Page, Role, get_roles
from desk.return_list import add_return_list, return_list_url
from desk.views import DeskView, current_user, log_patient_view
from recalls import edit_presence
from recalls.enums import ContactResult, State
from recalls.forms import STEP_FORMS, StepForm
from recalls.models import Recall, RecallEvent
from recalls.permissions import NotPermitted, StaleVersion, StepRefused, check_actor_permitted, step_blocked_reason
from recalls.presenters import build_recall_history, build_step_option, display_datetime
from recalls.presenters.recall_header import build_recall_context
from recalls.selectors.recall_detail import get_recall_detail
from recalls.views.list_navigation import next_recall_url
from recalls.views.undo_offer import offer_undo
from recalls.workflow import DESK_ROLES, STEPS_BY_NAME

_BOOKING_STEP_BY_STATE = {State.TO_CONTACT: "book_appointment", State.BIOPSY_TO_BOOK: "book_biopsy"}
_HISTORY_LINES_ON_STEP_PAGE = 5  # the newest lines, enough to decide by


class StepFormView(DeskView):
    """GET shows what the step asks for and its rule; POST takes it. Whatever goes wrong, nothing typed is lost."""

    page = Page.RECALL
    template_name = "recalls/step.html"

    def get(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        user, recall = self._open_recall(request, pk, step)
        button = build_step_option(recall, step, actor_for(user))
        return self._render_form(request, recall, STEP_FORMS[step](recall, user), button.blocked_reason, 200)

    def post(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        user, recall = self._open_recall(request, pk, step)
        before, form = State(recall.state), STEP_FORMS[step](recall, user, request.POST)
        try:
            if not form.is_valid():
                check_actor_permitted(recall, STEPS_BY_NAME[step], actor_for(user))
                return self._render_form(request, recall, form, "", 200)
            event = form.save()
        except ValidationError:
            return self._render_form(request, get_recall_detail(user, pk), form, "", 200)
        except StaleVersion as refusal:
            return self._render_stale_form(request, user, pk, step, refusal)
        except StepRefused as refusal:
            status = 403 if isinstance(refusal, NotPermitted) else 409
            return self._render_form(request, get_recall_detail(user, pk), form, str(refusal), status)
        messages.success(request, _success_message(recall, step, event), extra_tags=offer_undo(request, user, event))
        edit_presence.release_claim(recall, user)
        return self.get_success_response(recall, user, before, form, event)

    def get_success_response(
        self, recall: Recall, user: User, before: State, form: StepForm, event: RecallEvent | None
    ) -> HttpResponse:
        return _success_response(self.request, recall, user, before, form)

    def get_extra_context(self, recall: Recall, user: User) -> dict[str, Any]:
        """What a screen of its own shows beside the form."""
        return {}

    def _open_recall(self, request: HttpRequest, pk: int, step: str) -> tuple[User, Recall]:
        if step not in STEP_FORMS:
            raise Http404
        user = current_user(request)
        recall = get_recall_detail(user, pk)
        log_patient_view(request, recall.patient_id, f"step: {step}")
        if get_roles(user) & DESK_ROLES:
            edit_presence.claim_recall(recall, user)
        return user, recall

    def _render_stale_form(
        self, request: HttpRequest, user: User, pk: int, step: str, refusal: StaleVersion
    ) -> HttpResponse:
        """The same words on a form for the recall as it stands now: the user reads who did what, then decides."""
        recall = get_recall_detail(user, pk)
        again = STEP_FORMS[step](recall, user)
        typed = request.POST.copy()
        for name in ("version", "key"):
            typed[name] = str(again.initial[name])
        form = STEP_FORMS[step](recall, user, typed)
        form.is_valid()
        reason = step_blocked_reason(recall, STEPS_BY_NAME[step], actor_for(user))
        return self._render_form(request, recall, form, reason, 409, conflict_message=str(refusal))

    def _render_form(
        self,
        request: HttpRequest,
        recall: Recall,
        form: StepForm,
        blocked_reason: str,
        status: int,
        conflict_message: str = "",
    ) -> HttpResponse:
        step = STEPS_BY_NAME[self.kwargs["step"]]
        context: dict[str, Any] = build_recall_context(recall, form.user, timezone.now()) | {
            "step": step,
            "form": form,
            "blocked_reason": blocked_reason,
            "conflict_message": conflict_message,
            "history": build_recall_history(recall, timezone.now())[:_HISTORY_LINES_ON_STEP_PAGE],
        }
        context |= self.get_extra_context(recall, form.user)
        return render(request, self.template_name, context, status=status)


def _success_message(recall: Recall, step: str, event: RecallEvent | None) -> str:
    """In words without a patient's name: messages travel in a cookie."""
    saved = _("Saved: %(step)s.") % {"step": STEPS_BY_NAME[step].label}
    if event is None or recall.due_at is None:
        return saved
    due = display_datetime(recall.site, recall.due_at, timezone.now())
    words = {"saved": saved, "state": State(recall.state).label, "due": due}
    return _("%(saved)s Now “%(state)s”, next action by %(due)s.") % words


def _success_response(request: HttpRequest, recall: Recall, user: User, before: State, form: StepForm) -> HttpResponse:
    """To the booking when the patient is ready to book, else on to the next of the list the person came from."""
    ready = form.cleaned_data.get("result") == ContactResult.REACHED_WILL_BOOK
    if ready and recall.state in _BOOKING_STEP_BY_STATE:
        booking = reverse("step", args=[recall.pk, _BOOKING_STEP_BY_STATE[State(recall.state)]])
        return redirect(add_return_list(booking, return_list_url(request)))
    if request.POST.get("then") == "stay":
        return redirect(add_return_list(reverse("recall", args=[recall.pk]), return_list_url(request)))
    following = next_recall_url(request, user, recall)
    if following:
        return redirect(following)
    roles = get_roles(user)
    if roles & {Role.SCHEDULER, Role.NAVIGATOR} and before != State.CLOSED:
        return redirect("queue_state", before.value)
    if Role.RADIOLOGIST in roles:
        return redirect("worklist")
    return redirect("recall", recall.pk)

"""Page of one step: shows its form and takes the step."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.actors import actor_for
from clinic.models import User
from clinic.roles import Page, Role, get_roles
from desk.kept_forms import discard_kept_form, restore_kept_form
from desk.return_list import add_return_list, return_list_url
from desk.saved_note import store_saved_note
from desk.views import DeskView, current_user, log_patient_view
from recalls import edit_presence
from recalls.enums import ContactResult, State, WorkItemKind
from recalls.forms import STEP_FORMS, StepForm
from recalls.models import Recall, RecallEvent
from recalls.permissions import NotPermitted, StaleVersion, StepRefused, check_actor_permitted, step_blocked_reason
from recalls.presenters import build_recall_history, build_step_option, display_datetime
from recalls.presenters.recall_header import build_recall_context
from recalls.selectors.recall_detail import get_recall_detail, other_open_recalls
from recalls.selectors.repeated_step import RepeatedStep, find_repeated_step
from recalls.views.contact_details import build_contact_form
from recalls.views.list_navigation import next_recall_url
from recalls.views.undo_offer import offer_undo
from recalls.workflow import DESK_ROLES, STEPS_BY_NAME

_BOOKING_STEP_BY_STATE = {
    State.TO_CONTACT: "book_appointment",
    State.FOLLOW_UP: "book_appointment",
    State.BIOPSY_TO_BOOK: "book_biopsy",
}
# Here the visit is offered as soon as a step has led to it: what is booked with the answer is the visit that happens.
_BOOKED_AT_ONCE = (State.FOLLOW_UP, State.BIOPSY_TO_BOOK)
REPEAT_FIELD = "again"  # sent by whoever wants to save the same once more
_HISTORY_LINES_ON_STEP_PAGE = 5  # the newest lines, enough to decide by


class StepFormView(DeskView):
    """GET shows what the step asks for and its rule; POST takes it. Whatever goes wrong, nothing typed is lost."""

    page = Page.RECALL
    template_name = "recalls/step.html"

    def get(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        user, recall = self._open_recall(request, pk, step)
        button = build_step_option(recall, step, actor_for(user))
        form = STEP_FORMS[step](recall, user, restore_kept_form(request), asked=request.GET)
        return self._render_form(request, recall, form, button.blocked_reason, 200)

    def post(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        user, recall = self._open_recall(request, pk, step)
        before, form = State(recall.state), STEP_FORMS[step](recall, user, request.POST, files=request.FILES)
        try:
            if not form.is_valid():
                check_actor_permitted(recall, STEPS_BY_NAME[step], actor_for(user))
                return self._render_form(request, recall, form, "", 200)
            repeated = find_repeated_step(recall, user, step, form.cleaned_data["key"], form.cleaned_data)
            if repeated is not None and REPEAT_FIELD not in request.POST:
                return self._render_repeat_question(request, recall, repeated, form.cleaned_data["version"])
            event = form.save()
        except ValidationError:
            return self._render_form(request, get_recall_detail(user, pk), form, "", 200)
        except StaleVersion as refusal:
            return self._render_stale_form(request, user, pk, step, refusal)
        except StepRefused as refusal:
            status = 403 if isinstance(refusal, NotPermitted) else 409
            return self._render_form(request, get_recall_detail(user, pk), form, str(refusal), status)
        tags = [_note_saved(request, user, recall, form, event), offer_undo(request, user, event)]
        messages.success(
            request, self.get_success_message(recall, form, event), extra_tags=" ".join(filter(None, tags))
        )
        edit_presence.release_claim(recall, user)
        discard_kept_form(request)
        return self.get_success_response(recall, user, before, form, event)

    def get_success_message(self, recall: Recall, form: StepForm, event: RecallEvent | None) -> str:
        return _success_message(recall, form, event)

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

    def _render_repeat_question(
        self, request: HttpRequest, recall: Recall, repeated: RepeatedStep, seen: int
    ) -> HttpResponse:
        """Back brought a form again that was saved: the same fields, to be sent once more or not at all."""
        typed = request.POST.copy()
        typed["key"] = str(uuid4())
        # What the person saved after opening the form is known to them; what a colleague saved since is not.
        typed["version"] = str(max(repeated.version, seen))
        sent = [(name, value) for name, values in typed.lists() for value in values if name != "csrfmiddlewaretoken"]
        context = {
            "recall": recall,
            "repeated": repeated,
            "saved_at": display_datetime(recall.site, repeated.at, timezone.now()),
            "fields": [*sent, (REPEAT_FIELD, "yes")],
            "note": typed.get("note", ""),
        }
        return render(request, "recalls/repeat_question.html", context)

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
        others = other_open_recalls(form.user, recall)
        context: dict[str, Any] = build_recall_context(recall, form.user, timezone.now(), others) | {
            "step": step,
            "form": form,
            "blocked_reason": blocked_reason,
            "conflict_message": conflict_message,
            "contact_form": build_contact_form(recall, form.user) if step.name == "log_contact" else None,
            "history": build_recall_history(recall, timezone.now())[:_HISTORY_LINES_ON_STEP_PAGE],
        }
        context |= self.get_extra_context(recall, form.user)
        return render(request, self.template_name, context, status=status)


def _note_saved(request: HttpRequest, user: User, recall: Recall, form: StepForm, event: RecallEvent | None) -> str:
    """Keep whom it was about for the message, with the booking that the step has made possible for this person."""
    if event is not None and event.data.get("also_marked"):
        url = f"{reverse('work_items')}?kind={WorkItemKind.VERIFY_CONTACT}"
        return store_saved_note(request, recall.patient_id, url, _("Whom else it concerns"))
    if _said_no(form):
        url = reverse("step", args=[recall.pk, "ask_doctor"])
        return store_saved_note(request, recall.patient_id, url, _("Ask the doctor to call"))
    booking = _BOOKING_STEP_BY_STATE.get(State(recall.state)) if recall.state in _BOOKED_AT_ONCE else None
    if booking is None or not get_roles(user) & STEPS_BY_NAME[booking].roles:
        return store_saved_note(request, recall.patient_id)
    url = reverse("step", args=[recall.pk, booking])
    return store_saved_note(request, recall.patient_id, url, _("Book the visit now"))


def _said_no(form: StepForm) -> bool:
    return form.cleaned_data.get("result") == ContactResult.REFUSED


def _success_message(recall: Recall, form: StepForm, event: RecallEvent | None) -> str:
    """In words without a patient's name: messages travel in a cookie."""
    if event is not None and event.step == "ask_sign_off":
        waits = _(
            "“%(step)s” waits for a second signature, on the radiologists' worklist. The recall stays where it is."
        )
        return waits % {"step": form.step.label}
    saved = form.describe_saved()
    if event is not None and "unusable" in event.data:
        saved = f"{saved} {_wrong_number_words(event)}"
    if event is None or recall.due_at is None:
        return saved
    due = display_datetime(recall.site, recall.due_at, timezone.now())
    words = {"saved": saved, "state": State(recall.state).label, "due": due}
    return _("%(saved)s Now “%(state)s”, next action by %(due)s.") % words


def _wrong_number_words(event: RecallEvent) -> str:
    """What the wrong number means, also for others who have it."""
    said = _("The number is marked as wrong: nobody dials it again.")
    others = event.data.get("also_marked", 0)
    if not others:
        return said
    also = ngettext(
        "%(count)d other patient has it too: it is marked there as well, with a task for an open recall.",
        "%(count)d other patients have it too: it is marked there as well, with a task for each open recall.",
        others,
    )
    return f"{said} {also % {'count': others}}"


def _success_response(request: HttpRequest, recall: Recall, user: User, before: State, form: StepForm) -> HttpResponse:
    """To the booking when the patient is ready to book, else on to the next of the list the person came from."""
    ready = form.cleaned_data.get("result") == ContactResult.REACHED_WILL_BOOK
    if ready and recall.state in _BOOKING_STEP_BY_STATE:
        booking = reverse("step", args=[recall.pk, _BOOKING_STEP_BY_STATE[State(recall.state)]])
        return redirect(add_return_list(booking, return_list_url(request)))
    if request.POST.get("then") == "stay" or _said_no(form):
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

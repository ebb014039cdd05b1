"""How does staff see a message of a recall, stop it, or send it by hand? For the sites and roles of the reader."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from clinic.models import User
from clinic.roles import Page
from desk.return_list import add_return_list, return_list_url
from desk.views import DeskView, current_user, log_patient_view
from notifications.models import Notification, RenderedMessage
from notifications.planning import manual_actions
from notifications.planning.plan import MANUAL_MESSAGE_STEP
from notifications.planning.snapshot import RecallSnapshot, load_snapshot
from notifications.presenters import message_history
from notifications.rendering import letter_pdf
from notifications.views.html_frame import SANDBOXED_FRAME
from recalls.actions import ActionKwargs
from recalls.forms.base import ReasonForm
from recalls.models import Recall, RecallEvent
from recalls.permissions import NotPermitted, StepRefused, step_blocked_reason
from recalls.presenters import DisplayDateTime, build_patient_header, build_recall_status, display_datetime
from recalls.selectors.recall_detail import get_recall_detail
from recalls.workflow import STEPS_BY_NAME


class ManualMessageForm(ReasonForm):
    """The form with which a person stops or sends a message; its note becomes the reason in the recall's history."""

    def __init__(self, recall: Recall, user: User, data: Any = None) -> None:
        super().__init__(STEPS_BY_NAME[MANUAL_MESSAGE_STEP], recall, user, data)

    def get_action_kwargs(self) -> ActionKwargs:
        """Who acts, the version of the recall that they saw, the idempotency key and the reason."""
        cleaned = self.cleaned_data
        return ActionKwargs(by=self.user, seen=cleaned["version"], key=cleaned["key"], note=self.get_note())

    def rebind(self, recall: Recall) -> Self:
        """A form for the current version of the recall that keeps the typed reason."""
        fresh = type(self)(recall, self.user).initial
        form = type(self)(recall, self.user, {**fresh, "note": self.get_note()})
        form.is_valid()
        return form


@dataclass(frozen=True, slots=True)
class MessageDraft:
    """A message that a person may send: not stored; `why_not` forbids it; `copy_of` was sent before, or is new."""

    situation: RecallSnapshot
    row: Notification
    blocked_reason: str
    original: Notification


class MessageView(DeskView):
    """Finds the message and its recall among those of the reader's sites, and records that the reader looked."""

    page: ClassVar[Page] = Page.RECALL
    access_log_label: ClassVar[str] = "message"

    def get_notification(self, pk: int) -> tuple[Notification, Recall]:
        row = Notification.objects.filter(pk=pk, recall__site__in=current_user(self.request).site_ids).first()
        if row is None:
            raise Http404
        row.recall = self.get_recall(row.recall_id)
        return row, row.recall

    def get_recall(self, pk: int) -> Recall:
        recall = get_recall_detail(current_user(self.request), pk)
        log_patient_view(self.request, recall.patient_id, self.access_log_label)
        return recall

    def get_role_blocked_reason(self, recall: Recall) -> str:
        """The sentence for a person whose role may not touch messages."""
        return step_blocked_reason(recall, STEPS_BY_NAME[MANUAL_MESSAGE_STEP], actor_for(current_user(self.request)))

    def get_header_context(self, recall: Recall) -> dict[str, Any]:
        now = timezone.now()
        return {
            "recall": recall,
            "head": build_patient_header(recall, now),
            "standing": build_recall_status(recall, now),
        }


class MessageListView(MessageView):
    """All messages of one recall: to come, sent, and those that were not."""

    access_log_label = "messages"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        recall = self.get_recall(pk)
        found = list(Notification.objects.filter(recall=recall))
        context = self.get_header_context(recall) | {
            "rows": message_history.build_message_rows(found, recall.site, timezone.now()),
            "why_not": self.get_role_blocked_reason(recall)
            or manual_actions.send_now_blocked_reason(load_snapshot(recall)),
        }
        return render(request, "notifications/message_list.html", context)


class MessageDetailView(MessageView):
    """One message: what it says, what became of it, and what may be done about it. Sending the form stops it."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, recall = self.get_notification(pk)
        return self.render_message(row, recall, ManualMessageForm(recall, current_user(request)))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, recall = self.get_notification(pk)
        form = ManualMessageForm(recall, current_user(request), request.POST)
        if not form.is_valid():
            return self.render_message(row, recall, form)
        try:
            manual_actions.stop_message(row, **form.get_action_kwargs())
        except StepRefused as refusal:
            row, recall = self.get_notification(pk)
            return self.render_message(row, recall, form.rebind(recall), refusal)
        messages.success(request, _("Stopped. It is not going to be sent."))
        return redirect(add_return_list(reverse("message", args=[pk]), return_list_url(request)))

    def render_message(
        self, row: Notification, recall: Recall, form: ManualMessageForm, refusal: StepRefused | None = None
    ) -> HttpResponse:
        now, situation, role = timezone.now(), load_snapshot(recall), self.get_role_blocked_reason(recall)
        words, was_sent = message_history.get_message_content(row, situation)
        context = self.get_header_context(recall) | {
            "row": row,
            "life": list(
                message_history.message_history(
                    row, list(row.attempts.all()), list(row.reports.all()), recall.site, now
                )
            ),
            "meaning": message_history.explain_state(row),
            "words": words,
            "was_sent": was_sent,
            "earlier": message_history.get_earlier_copies(row),
            "page_url": reverse("message_html", args=[row.pk]),
            "pdf_url": reverse("message_pdf", args=[row.pk]),
            "form": form,
            "refusal": str(refusal or ""),
            "why_not_stop": role or manual_actions.stop_blocked_reason(row),
            "why_not_again": role or manual_actions.resend_blocked_reason(row, situation),
        }
        return render(self.request, "notifications/message_detail.html", context, status=get_refusal_status(refusal))


@method_decorator(SANDBOXED_FRAME, name="dispatch")
class MessageHtmlView(MessageView):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, recall = self.get_notification(pk)
        return html_response(message_history.get_message_content(row, load_snapshot(recall))[0])


class MessagePdfView(MessageView):
    """The letter as it was printed, or as it would be now."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, recall = self.get_notification(pk)
        words = message_history.get_message_content(row, load_snapshot(recall))[0]
        if words is None or not words.letter:
            raise Http404
        response = HttpResponse(letter_pdf.render_pdf([words.letter]), content_type="application/pdf")
        response["Content-Disposition"] = 'inline; filename="letter.pdf"'
        return response


class SendNowView(MessageView):
    """A request to call, of the recall with that number: preview and reason first."""

    access_log_label = "message by hand"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        asked = self.get_draft(pk)
        return self.render_draft(asked, ManualMessageForm(asked.situation.recall, current_user(request)))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        asked = self.get_draft(pk)
        recall = asked.situation.recall
        form = ManualMessageForm(recall, current_user(request), request.POST)
        if not form.is_valid():
            return self.render_draft(asked, form)
        try:
            self.send(asked, form)
        except StepRefused as refusal:
            asked = self.get_draft(pk)
            return self.render_draft(asked, form.rebind(asked.situation.recall), refusal)
        messages.success(request, _("Saved. It leaves %(when)s.") % {"when": _display_send_time(asked)})
        return redirect(add_return_list(reverse("messages", args=[recall.pk]), return_list_url(request)))

    def get_draft(self, pk: int) -> MessageDraft:
        situation = load_snapshot(self.get_recall(pk))
        row = manual_actions.build_send_now_draft(situation)
        return MessageDraft(situation, row, manual_actions.send_now_blocked_reason(situation), row)

    def send(self, asked: MessageDraft, form: ManualMessageForm) -> RecallEvent:
        return manual_actions.send_now(asked.situation.recall, **form.get_action_kwargs())

    def render_draft(
        self, asked: MessageDraft, form: ManualMessageForm, refusal: StepRefused | None = None
    ) -> HttpResponse:
        recall = asked.situation.recall
        context = self.get_header_context(recall) | {
            "row": asked.row,
            "leaves": _display_send_time(asked),
            "words": message_history.render_current_preview(asked.row, asked.situation),
            "page_url": f"{self.request.path}page/",
            "form": form,
            "refusal": str(refusal or ""),
            "why_not": self.get_role_blocked_reason(recall) or asked.blocked_reason,
        }
        return render(self.request, "notifications/message_send.html", context, status=get_refusal_status(refusal))


class SendAgainView(SendNowView):
    """The message with that number once more."""

    def get_draft(self, pk: int) -> MessageDraft:
        row, recall = self.get_notification(pk)
        situation = load_snapshot(recall)
        return MessageDraft(
            situation,
            manual_actions.build_resend_draft(row, situation),
            manual_actions.resend_blocked_reason(row, situation),
            row,
        )

    def send(self, asked: MessageDraft, form: ManualMessageForm) -> RecallEvent:
        return manual_actions.send_again(asked.original, **form.get_action_kwargs())


@method_decorator(SANDBOXED_FRAME, name="dispatch")
class SendNowHtmlView(SendNowView):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        asked = self.get_draft(pk)
        return html_response(message_history.render_current_preview(asked.row, asked.situation))


@method_decorator(SANDBOXED_FRAME, name="dispatch")
class SendAgainHtmlView(SendAgainView):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        asked = self.get_draft(pk)
        return html_response(message_history.render_current_preview(asked.row, asked.situation))


def html_response(words: RenderedMessage | None) -> HttpResponse:
    if words is None:
        raise Http404
    return HttpResponse(words.html)


def get_refusal_status(refusal: StepRefused | None) -> int:
    if refusal is None:
        return 200
    return 403 if isinstance(refusal, NotPermitted) else 409


def _display_send_time(asked: MessageDraft) -> DisplayDateTime:
    return display_datetime(asked.situation.site, asked.row.due_at, timezone.now())

"""Pages of the messages of a recall: list, detail, stop, and send by hand."""

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
from notifications.enums import StatusReason
from notifications.models import Notification, RenderedMessage
from notifications.planning import manual_actions
from notifications.planning.plan import MANUAL_MESSAGE_STEP
from notifications.planning.snapshot import RecallSnapshot, load_snapshot
from notifications.presenters import message_history
from notifications.rendering import letter_pdf
from notifications.tracking_numbers import with_tracking_number
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
    """A message that a person may send.

    `notification` is not stored; `blocked_reason` forbids sending it unless empty; `original` is the message that is
    sent again, or the new one itself.
    """

    snapshot: RecallSnapshot
    notification: Notification
    blocked_reason: str
    original: Notification


class MessageView(DeskView):
    """Finds the message and its recall among those of the user's sites, and writes the access log."""

    page: ClassVar[Page] = Page.RECALL
    access_log_label: ClassVar[str] = "message"

    def get_notification(self, pk: int) -> tuple[Notification, Recall]:
        own = Notification.objects.filter(pk=pk, recall__site__in=current_user(self.request).site_ids)
        notification = with_tracking_number(own).first()
        if notification is None:
            raise Http404
        notification.recall = self.get_recall(notification.recall_id)
        return notification, notification.recall

    def get_recall(self, pk: int) -> Recall:
        recall = get_recall_detail(current_user(self.request), pk)
        log_patient_view(self.request, recall.patient_id, self.access_log_label)
        return recall

    def get_role_blocked_reason(self, recall: Recall) -> str:
        """Why the user's role may not send or stop messages; empty where it may."""
        return step_blocked_reason(recall, STEPS_BY_NAME[MANUAL_MESSAGE_STEP], actor_for(current_user(self.request)))

    def get_header_context(self, recall: Recall) -> dict[str, Any]:
        now = timezone.now()
        return {
            "recall": recall,
            "patient_header": build_patient_header(recall, now),
            "printed_at": display_datetime(recall.site, now, now),
            "recall_status": build_recall_status(recall, now),
        }


class MessageListView(MessageView):
    """All messages of one recall: planned, sent, and not sent."""

    access_log_label = "messages"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        recall = self.get_recall(pk)
        notifications = list(with_tracking_number(Notification.objects.filter(recall=recall)))
        context = self.get_header_context(recall) | {
            "rows": message_history.build_message_rows(notifications, recall.site, timezone.now()),
            "blocked_reason": self.get_role_blocked_reason(recall)
            or manual_actions.send_now_blocked_reason(load_snapshot(recall)),
        }
        return render(request, "notifications/message_list.html", context)


class MessageDetailView(MessageView):
    """One message: its content, its history, and what may be done about it. A POST stops it."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        notification, recall = self.get_notification(pk)
        return self.render_message(notification, recall, ManualMessageForm(recall, current_user(request)))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        notification, recall = self.get_notification(pk)
        form = ManualMessageForm(recall, current_user(request), request.POST)
        if not form.is_valid():
            return self.render_message(notification, recall, form)
        try:
            manual_actions.stop_message(notification, **form.get_action_kwargs())
        except StepRefused as refusal:
            notification, recall = self.get_notification(pk)
            return self.render_message(notification, recall, form.rebind(recall), refusal)
        messages.success(request, _("Stopped. It is not going to be sent."))
        return redirect(add_return_list(reverse("message", args=[pk]), return_list_url(request)))

    def render_message(
        self, notification: Notification, recall: Recall, form: ManualMessageForm, refusal: StepRefused | None = None
    ) -> HttpResponse:
        now, snapshot, role = timezone.now(), load_snapshot(recall), self.get_role_blocked_reason(recall)
        content, is_sent_copy = message_history.get_message_content(notification, snapshot)
        context = self.get_header_context(recall) | {
            "notification": notification,
            "history": list(
                message_history.message_history(
                    notification, list(notification.attempts.all()), list(notification.reports.all()), recall.site, now
                )
            ),
            "explanations": message_history.explain_state(notification),
            "content": content,
            "is_sent_copy": is_sent_copy,
            "earlier_copies": message_history.get_earlier_copies(notification),
            "html_url": reverse("message_html", args=[notification.pk]),
            "pdf_url": reverse("message_pdf", args=[notification.pk]),
            "form": form,
            "refusal": str(refusal or ""),
            "stop_blocked_reason": role or manual_actions.stop_blocked_reason(notification),
            "resend_blocked_reason": role or manual_actions.resend_blocked_reason(notification, snapshot),
        }
        return render(self.request, "notifications/message_detail.html", context, status=get_refusal_status(refusal))


@method_decorator(SANDBOXED_FRAME, name="dispatch")
class MessageHtmlView(MessageView):
    """The HTML of a message, as sent or as it would be sent, for the frame of its page."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        notification, recall = self.get_notification(pk)
        return html_response(message_history.get_message_content(notification, load_snapshot(recall))[0])


class MessagePdfView(MessageView):
    """The letter as it was printed, or as it would be printed now."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        notification, recall = self.get_notification(pk)
        content = message_history.get_message_content(notification, load_snapshot(recall))[0]
        if content is None or not content.letter:
            raise Http404
        try:
            pdf = letter_pdf.render_pdf([content.letter])
        except letter_pdf.LetterNotSettable:
            messages.error(request, StatusReason.NOT_SETTABLE.label)
            return redirect("message", pk=pk)
        response = HttpResponse(pdf, content_type="application/pdf")
        response["Content-Disposition"] = 'inline; filename="letter.pdf"'
        return response


class SendNowView(MessageView):
    """Preview and send a request to call to the patient of a recall; `pk` is that of the recall."""

    access_log_label = "message by hand"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        draft = self.get_draft(pk)
        return self.render_draft(draft, ManualMessageForm(draft.snapshot.recall, current_user(request)))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        draft = self.get_draft(pk)
        recall = draft.snapshot.recall
        form = ManualMessageForm(recall, current_user(request), request.POST)
        if not form.is_valid():
            return self.render_draft(draft, form)
        try:
            self.send(draft, form)
        except StepRefused as refusal:
            draft = self.get_draft(pk)
            return self.render_draft(draft, form.rebind(draft.snapshot.recall), refusal)
        messages.success(request, _("Saved. It leaves %(when)s.") % {"when": _display_send_time(draft)})
        return redirect(add_return_list(reverse("messages", args=[recall.pk]), return_list_url(request)))

    def get_draft(self, pk: int) -> MessageDraft:
        snapshot = load_snapshot(self.get_recall(pk))
        notification = manual_actions.build_send_now_draft(snapshot)
        return MessageDraft(snapshot, notification, manual_actions.send_now_blocked_reason(snapshot), notification)

    def send(self, draft: MessageDraft, form: ManualMessageForm) -> RecallEvent:
        return manual_actions.send_now(draft.snapshot.recall, **form.get_action_kwargs())

    def render_draft(
        self, draft: MessageDraft, form: ManualMessageForm, refusal: StepRefused | None = None
    ) -> HttpResponse:
        recall = draft.snapshot.recall
        context = self.get_header_context(recall) | {
            "notification": draft.notification,
            "sends_at": _display_send_time(draft),
            "content": message_history.render_current_preview(draft.notification, draft.snapshot),
            "html_url": f"{self.request.path}page/",
            "form": form,
            "refusal": str(refusal or ""),
            "blocked_reason": self.get_role_blocked_reason(recall) or draft.blocked_reason,
        }
        return render(self.request, "notifications/message_send.html", context, status=get_refusal_status(refusal))


class SendAgainView(SendNowView):
    """Preview a message and send it again; `pk` is that of the message."""

    def get_draft(self, pk: int) -> MessageDraft:
        notification, recall = self.get_notification(pk)
        snapshot = load_snapshot(recall)
        return MessageDraft(
            snapshot,
            manual_actions.build_resend_draft(notification, snapshot),
            manual_actions.resend_blocked_reason(notification, snapshot),
            notification,
        )

    def send(self, draft: MessageDraft, form: ManualMessageForm) -> RecallEvent:
        return manual_actions.send_again(draft.original, **form.get_action_kwargs())


@method_decorator(SANDBOXED_FRAME, name="dispatch")
class SendNowHtmlView(SendNowView):
    """The HTML of the request to call that `SendNowView` previews, for its frame."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        draft = self.get_draft(pk)
        return html_response(message_history.render_current_preview(draft.notification, draft.snapshot))


@method_decorator(SANDBOXED_FRAME, name="dispatch")
class SendAgainHtmlView(SendAgainView):
    """The HTML of the message that `SendAgainView` previews, for its frame."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        draft = self.get_draft(pk)
        return html_response(message_history.render_current_preview(draft.notification, draft.snapshot))


def html_response(content: RenderedMessage | None) -> HttpResponse:
    """The HTML of a message; 404 where it has no content."""
    if content is None:
        raise Http404
    return HttpResponse(content.html)


def get_refusal_status(refusal: StepRefused | None) -> int:
    """The HTTP status of a page that shows a refusal: 403 without permission, 409 for a state that changed."""
    if refusal is None:
        return 200
    return 403 if isinstance(refusal, NotPermitted) else 409


def _display_send_time(draft: MessageDraft) -> DisplayDateTime:
    return display_datetime(draft.snapshot.site, draft.notification.due_at, timezone.now())

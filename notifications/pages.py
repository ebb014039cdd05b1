"""How does staff see a message of a recall, stop it, or send it by hand? For the sites and roles of the reader."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from csp.decorators import csp
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from clinic.actors import actor_for
from clinic.roles import Page
from notifications import by_hand, letters, life
from notifications.forms import ByHandForm
from notifications.models import Notification, RenderedMessage
from notifications.plan import BY_HAND
from notifications.situation import Situation, situation_of
from notifications.views import ONLY_STYLES
from recalls.models import Recall, RecallEvent
from recalls.permissions import NotPermitted, StepRefused, why_not
from recalls.presenters import Moment, head_of, moment, standing_of
from recalls.views.access import DeskView, log_view, staff
from recalls.views.whole import whole_recall
from recalls.workflow import STEP

# A message's own HTML, in a frame that can do nothing.
AS_A_PAGE: list[Callable[..., Callable[..., Any]]] = [csp(ONLY_STYLES), xframe_options_sameorigin]


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that a person may send: not stored; `why_not` forbids it; `copy_of` was sent before, or is new."""

    situation: Situation
    row: Notification
    why_not: str
    copy_of: Notification


class MessagePage(DeskView):
    """Finds the message and its recall among those of the reader's sites, and puts on record that she looked."""

    page: ClassVar[Page] = Page.RECALL
    looked_at: ClassVar[str] = "message"

    def opened(self, pk: int) -> tuple[Notification, Recall]:
        row = Notification.objects.filter(pk=pk, recall__site__in=staff(self.request).site_ids).first()
        if row is None:
            raise Http404
        row.recall = self.recall(row.recall_id)
        return row, row.recall

    def recall(self, pk: int) -> Recall:
        recall = whole_recall(staff(self.request), pk)
        log_view(self.request, recall, self.looked_at)
        return recall

    def why_not(self, recall: Recall) -> str:
        """The sentence for a person whose role may not touch messages."""
        return why_not(recall, STEP[BY_HAND], actor_for(staff(self.request)))

    def head(self, recall: Recall) -> dict[str, Any]:
        now = timezone.now()
        return {"recall": recall, "head": head_of(recall, now), "standing": standing_of(recall, now)}


class Messages(MessagePage):
    """All messages of one recall: to come, sent, and those that were not."""

    looked_at = "messages"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        recall = self.recall(pk)
        found = list(Notification.objects.filter(recall=recall))
        context = self.head(recall) | {
            "rows": life.rows_of(found, recall.site, timezone.now()),
            "why_not": self.why_not(recall) or by_hand.why_not_now(situation_of(recall)),
        }
        return render(request, "notifications/messages.html", context)


class Message(MessagePage):
    """One message: what it says, what became of it, and what may be done about it. Sending the form stops it."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, recall = self.opened(pk)
        return self.show(row, recall, ByHandForm(recall, staff(request)))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, recall = self.opened(pk)
        form = ByHandForm(recall, staff(request), request.POST)
        if not form.is_valid():
            return self.show(row, recall, form)
        try:
            by_hand.stop(row, **form.asked())
        except StepRefused as refusal:
            row, recall = self.opened(pk)
            return self.show(row, recall, form.on(recall), refusal)
        messages.success(request, _("Stopped. It is not going to be sent."))
        return redirect("message", pk)

    def show(
        self, row: Notification, recall: Recall, form: ByHandForm, refusal: StepRefused | None = None
    ) -> HttpResponse:
        now, situation, role = timezone.now(), situation_of(recall), self.why_not(recall)
        words, was_sent = life.words_of(row, situation)
        context = self.head(recall) | {
            "row": row,
            "life": list(life.life_of(row, list(row.attempts.all()), list(row.reports.all()), recall.site, now)),
            "meaning": life.meaning_of(row),
            "words": words,
            "was_sent": was_sent,
            "earlier": life.earlier_of(row),
            "page_url": reverse("message_page", args=[row.pk]),
            "pdf_url": reverse("message_pdf", args=[row.pk]),
            "form": form,
            "refusal": str(refusal or ""),
            "why_not_stop": role or by_hand.why_not_stop(row),
            "why_not_again": role or by_hand.why_not_again(row, situation),
        }
        return render(self.request, "notifications/message.html", context, status=status_of(refusal))


@method_decorator(AS_A_PAGE, name="dispatch")
class MessageHtml(MessagePage):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, recall = self.opened(pk)
        return html_of(life.words_of(row, situation_of(recall))[0])


class MessagePdf(MessagePage):
    """The letter as it was printed, or as it would be now."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, recall = self.opened(pk)
        words = life.words_of(row, situation_of(recall))[0]
        if words is None or not words.letter:
            raise Http404
        response = HttpResponse(letters.pdf([words.letter]), content_type="application/pdf")
        response["Content-Disposition"] = 'inline; filename="letter.pdf"'
        return response


class SendNow(MessagePage):
    """A request to call, of the recall with that number: preview and reason first."""

    looked_at = "message by hand"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        asked = self.asked(pk)
        return self.show(asked, ByHandForm(asked.situation.recall, staff(request)))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        asked = self.asked(pk)
        recall = asked.situation.recall
        form = ByHandForm(recall, staff(request), request.POST)
        if not form.is_valid():
            return self.show(asked, form)
        try:
            self.send(asked, form)
        except StepRefused as refusal:
            asked = self.asked(pk)
            return self.show(asked, form.on(asked.situation.recall), refusal)
        messages.success(request, _("Saved. It leaves %(when)s.") % {"when": _leaves(asked)})
        return redirect("messages", recall.pk)

    def asked(self, pk: int) -> Draft:
        situation = situation_of(self.recall(pk))
        row = by_hand.request_to_be(situation)
        return Draft(situation, row, by_hand.why_not_now(situation), row)

    def send(self, asked: Draft, form: ByHandForm) -> RecallEvent:
        return by_hand.send_now(asked.situation.recall, **form.asked())

    def show(self, asked: Draft, form: ByHandForm, refusal: StepRefused | None = None) -> HttpResponse:
        recall = asked.situation.recall
        context = self.head(recall) | {
            "row": asked.row,
            "leaves": _leaves(asked),
            "words": life.as_it_would_look(asked.row, asked.situation),
            "page_url": f"{self.request.path}page/",
            "form": form,
            "refusal": str(refusal or ""),
            "why_not": self.why_not(recall) or asked.why_not,
        }
        return render(self.request, "notifications/send.html", context, status=status_of(refusal))


class SendAgain(SendNow):
    """The message with that number once more."""

    def asked(self, pk: int) -> Draft:
        row, recall = self.opened(pk)
        situation = situation_of(recall)
        return Draft(situation, by_hand.copy_to_be(row, situation), by_hand.why_not_again(row, situation), row)

    def send(self, asked: Draft, form: ByHandForm) -> RecallEvent:
        return by_hand.send_again(asked.copy_of, **form.asked())


@method_decorator(AS_A_PAGE, name="dispatch")
class SendNowHtml(SendNow):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        asked = self.asked(pk)
        return html_of(life.as_it_would_look(asked.row, asked.situation))


@method_decorator(AS_A_PAGE, name="dispatch")
class SendAgainHtml(SendAgain):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        asked = self.asked(pk)
        return html_of(life.as_it_would_look(asked.row, asked.situation))


def html_of(words: RenderedMessage | None) -> HttpResponse:
    if words is None:
        raise Http404
    return HttpResponse(words.html)


def status_of(refusal: StepRefused | None) -> int:
    if refusal is None:
        return 200
    return 403 if isinstance(refusal, NotPermitted) else 409


def _leaves(asked: Draft) -> Moment:
    return moment(asked.situation.site, asked.row.due_at, timezone.now())

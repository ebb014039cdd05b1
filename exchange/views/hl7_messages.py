"""Pages of HL7 messages: what came and what waits, and one message to mend and replay, accept or dismiss."""

from datetime import tzinfo
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.access import page_views
from clinic.models import User
from clinic.roles import Page, Role, get_roles
from desk.keyset import format_cursor, parse_cursor, rows_after
from desk.views import DeskView, current_user, log_patient_view
from exchange.errors import Confirmation
from exchange.hl7.applying.results import REPLACED
from exchange.hl7.message_forms import MessageFilterForm, MessageForm
from exchange.hl7.segment_table import MessageLayout, encode_text, lay_out
from exchange.hl7.silent_feeds import check_feeds
from exchange.mending.parked_messages import dismiss_message, replay_message
from exchange.models import Hl7Message
from exchange.schema import LABELS

PAGE_SIZE = 25
SEARCH_SESSION_KEY = "hl7_search"


class MessageCursor(NamedTuple):
    """Where one page ended."""

    pk: int


class Hl7MessageListView(DeskView):
    """Messages of the person's sites: those that wait oldest first, all others newest first.

    A control id or a record number is posted and kept in the session: it must not stand in an address.
    """

    page = Page.HL7_MESSAGES

    def post(self, request: HttpRequest) -> HttpResponse:
        request.session[SEARCH_SESSION_KEY] = request.POST.get("q", "").strip()[:200]
        return redirect(f"{request.path}?state=&found=1")

    def get(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        form = MessageFilterForm(user, request.GET if "state" in request.GET else {"state": Hl7Message.State.PARKED})
        asked = str(request.session.get(SEARCH_SESSION_KEY, "")) if "found" in request.GET else ""
        rows = form.narrow(messages_here(request)) if form.is_valid() else messages_here(request).none()
        if asked:
            rows = rows.filter(Q(control_id=asked) | Q(patient__mrn=asked))
        order = "pk" if form.is_valid() and form.cleaned_data["state"] == Hl7Message.State.PARKED else "-pk"
        after = parse_cursor(MessageCursor, request.GET.get("after", ""))
        if after is not None:
            rows = rows.filter(rows_after((order,), after))
        found = list(rows.order_by(order)[: PAGE_SIZE + 1])
        query = request.GET.copy()
        if len(found) > PAGE_SIZE:
            query["after"] = format_cursor(MessageCursor(found[PAGE_SIZE - 1].pk))
        context = {
            "form": form,
            "asked": asked,
            "silent": [sign for sign in check_feeds(user.own_sites, timezone.now()) if sign.is_silent],
            "rows": found[:PAGE_SIZE],
            "next_page_url": f"?{query.urlencode()}" if len(found) > PAGE_SIZE else "",
        }
        with timezone.override(_own_zone(request)):
            return render(request, "exchange/hl7_messages.html", context)


class Hl7MessageView(DeskView):
    """One message, its segments laid out; while it waits, what a person may do about it."""

    page = Page.HL7_MESSAGES

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        message = get_message(request, pk)
        layout = lay_out(message)
        return self._page(request, message, layout, MessageForm(initial={"text": layout.text}))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        message = get_message(request, pk)
        layout = lay_out(message)
        form = MessageForm(request.POST, initial={"text": layout.text})
        if not form.is_valid():
            return self._page(request, message, layout, form)
        try:
            if "_dismiss" in request.POST:
                dismiss_message(message, form.cleaned_data["note"], by=current_user(request))
                messages.success(request, _("The message was dismissed."))
                return redirect("hl7_messages")
            row = self._replay(request, message, layout, form)
        except ValidationError as refusal:
            form.add_error("note" if "_dismiss" in request.POST else "text", refusal)
            return self._page(request, message, layout, form)
        if row.state == Hl7Message.State.PARKED:
            messages.error(request, _("The message is not in yet: %(reason)s") % {"reason": row.reason})
            return redirect("hl7_message", pk)
        messages.success(request, _("The message is settled: %(state)s.") % {"state": row.get_state_display()})
        return redirect("hl7_message", pk) if row.recall_id else redirect("hl7_messages")

    @staticmethod
    def _replay(request: HttpRequest, message: Hl7Message, layout: MessageLayout, form: MessageForm) -> Hl7Message:
        user, text = current_user(request), form.cleaned_data["text"]
        if "_accept" in request.POST:
            return replay_message(message, by=user, accepts_proposal=True)
        is_mended = "_mend" in request.POST and not layout.is_long and text.split() != layout.text.split()
        try:
            body = encode_text(text, layout.codec) if is_mended else None
        except UnicodeEncodeError:
            words = _("A letter in this text does not exist in the message's character set (%(codec)s).")
            raise ValidationError(words % {"codec": layout.codec}) from None
        return replay_message(message, by=user, body=body)

    @staticmethod
    def _page(request: HttpRequest, message: Hl7Message, layout: MessageLayout, form: MessageForm) -> HttpResponse:
        if message.patient_id is not None:
            log_patient_view(request, message.patient_id, "hl7_message")
        else:
            page_views.record_subject(current_user(request), "hl7_message", f"HL7 message {message.pk}")
        context = {
            "message": message,
            "layout": layout,
            "form": form,
            "versions": message.mends.select_related("by").defer("body") if message.mended is not None else (),
            "waits": message.state == Hl7Message.State.PARKED,
            "proposed": _name_proposal(message.proposal or {}),
        }
        with timezone.override(_own_zone(request)):
            return render(request, "exchange/hl7_message.html", context)


def _own_zone(request: HttpRequest) -> tzinfo:
    """For the times of messages of which nobody knows the site."""
    return next((site.zone for site in current_user(request).own_sites), timezone.get_default_timezone())


def _name_proposal(proposal: dict[str, Any]) -> list[tuple[str, str]]:
    """What a person may accept: the name of the column, or a sentence to confirm, and the value."""
    labels = dict(Confirmation.choices)
    named = []
    for name, value in proposal.items():
        if isinstance(value, list):
            named += [(str(labels.get(word, word)), "") for word in value]
        elif value:
            named.append((str(_("In place of") if name == REPLACED else LABELS.get(name, name)), str(value)))
    return named


def messages_here(request: HttpRequest) -> QuerySet[Hl7Message]:
    return messages_of(current_user(request))


def messages_of(user: User) -> QuerySet[Hl7Message]:
    """Messages at the person's sites; an administrator also sees those of which nobody knows the site."""
    seen = Q(site__in=user.site_ids)
    if Role.ADMINISTRATOR in get_roles(user):
        seen |= Q(site__isnull=True)
    return Hl7Message.objects.select_related("site", "sender").defer("raw", "mended").filter(seen)


def get_message(request: HttpRequest, pk: int) -> Hl7Message:
    rows = messages_here(request).defer(None).select_related("site", "sender", "recall", "settled_by")
    message = rows.filter(pk=pk).first()
    if message is None:
        raise Http404
    return message

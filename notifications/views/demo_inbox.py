"""Pages of the demo inbox, which show the mail of an installation without a mail server to staff of its sites.

They answer 404 where a mail server is set. The HTML of a message is shown in a sandboxed frame.
"""

from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator

from clinic.roles import Page
from desk.views import DeskView, current_user, log_patient_view, sites_by_id
from notifications.backends import maildir
from notifications.presenters import demo_inbox
from notifications.presenters.demo_inbox import InboxItem
from notifications.views.html_frame import FRAME_WITH_LINKS, SANDBOXED_FRAME_WITH_LINKS
from recalls.presenters import display_datetime

SHOWN_HEADERS = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "X-Notification-ID",
    "Auto-Submitted",
    "Content-Language",
)


class InboxView(DeskView):
    """Base of the pages; they exist only where the Maildir backend is set."""

    page: ClassVar[Page] = Page.INBOX

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not maildir.is_maildir_backend_active():
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def get_item(self, key: str) -> InboxItem:
        item = demo_inbox.get_inbox_item(current_user(self.request), key)
        if item is None:
            raise Http404
        return item


class InboxListView(InboxView):
    """A page of the stored mail, the newest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user, now = current_user(request), timezone.now()
        found, next_key = demo_inbox.get_inbox_page(user, request.GET.get("before", ""))
        sites = sites_by_id(user)
        items = [(item, display_datetime(sites[item.site_id], item.mail.received_at, now)) for item in found]
        return render(request, "notifications/inbox_list.html", {"items": items, "next_key": next_key})


class InboxMessageView(InboxView):
    """One stored mail with its headers, text and attachments; writes the access log."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        item = self.get_item(key)
        log_patient_view(request, item.patient_id, self.page)
        message = item.mail.message
        context = {
            "item": item,
            "headers": [(name, message[name]) for name in SHOWN_HEADERS if message[name]],
            "text": item.mail.get_text_part("plain"),
            "frame": FRAME_WITH_LINKS,
            "attachments": [part.get_filename() for part in item.mail.attachments],
        }
        return render(request, "notifications/inbox_message.html", context)


@method_decorator(SANDBOXED_FRAME_WITH_LINKS, name="dispatch")
class InboxHtmlView(InboxView):
    """The HTML part of a stored mail, for the frame of its page."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        words = self.get_item(key).mail.get_text_part("html")
        return HttpResponse(words.replace("<head>", '<head><base target="_blank">', 1))


class InboxAttachmentView(InboxView):
    """Download of one attachment; `number` counts from 0."""

    def get(self, request: HttpRequest, key: str, number: int) -> HttpResponse:
        parts = self.get_item(key).mail.attachments
        if number >= len(parts):
            raise Http404
        part = parts[number]
        content = part.get_payload(decode=True)
        response = HttpResponse(content, content_type=part.get_content_type())
        response["Content-Disposition"] = f'attachment; filename="{part.get_filename() or "attachment"}"'
        return response

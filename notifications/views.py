"""How does staff read the mail of an installation without a mail server? The demo inbox, for the sites of the reader.

There is no such page where a mail server is set. A message's own page of HTML is shown in a frame that can do nothing.
"""

from typing import Any, ClassVar

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.clickjacking import xframe_options_sameorigin

from clinic.models import AccessLog
from clinic.roles import Page
from notifications import inbox, maildir
from notifications.inbox import Letter
from recalls.presenters import moment
from recalls.views.access import DeskView, sites_by_id, staff

HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "X-Notification-ID", "Auto-Submitted", "Content-Language")
# The message's own styles and nothing else: no script, no picture from elsewhere, no link into the app's frames.
ONLY_STYLES = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [SELF],
    "sandbox": [],
}


class InboxPage(DeskView):
    page: ClassVar[Page] = Page.INBOX

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not maildir.is_in_use():
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def letter(self, key: str) -> Letter:
        found = inbox.letter(staff(self.request), key)
        if found is None:
            raise Http404
        return found


class InboxList(InboxPage):
    def get(self, request: HttpRequest) -> HttpResponse:
        user, now = staff(request), timezone.now()
        letters, older = inbox.letters_before(user, request.GET.get("before", ""))
        sites = sites_by_id(user)
        shown = [(one, moment(sites[one.notification.recall.site_id], one.kept.at, now)) for one in letters]
        return render(request, "notifications/inbox.html", {"letters": shown, "older": older})


class InboxMessage(InboxPage):
    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        letter = self.letter(key)
        AccessLog.objects.create(user=staff(request), page=self.page, patient_id=letter.notification.patient_id)
        message = letter.kept.message
        context = {
            "letter": letter,
            "headers": [(name, message[name]) for name in HEADERS if message[name]],
            "text": letter.kept.part("plain"),
            "attachments": [part.get_filename() for part in letter.kept.attachments],
        }
        return render(request, "notifications/inbox_message.html", context)


@method_decorator([csp(ONLY_STYLES), xframe_options_sameorigin], name="dispatch")
class InboxHtml(InboxPage):
    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        return HttpResponse(self.letter(key).kept.part("html"))


class InboxAttachment(InboxPage):
    def get(self, request: HttpRequest, key: str, number: int) -> HttpResponse:
        parts = self.letter(key).kept.attachments
        if number >= len(parts):
            raise Http404
        part = parts[number]
        content = part.get_payload(decode=True)
        response = HttpResponse(content, content_type=part.get_content_type())
        response["Content-Disposition"] = f'attachment; filename="{part.get_filename() or "attachment"}"'
        return response

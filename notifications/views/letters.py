"""Page on which schedulers make PDFs of the letters to print and record them as printed."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.access import page_views
from clinic.models import User
from clinic.roles import Page
from desk.views import DeskView, current_user, sites_by_id
from notifications.delivery import print_queue
from notifications.delivery.print_queue import MAX_LETTERS_PER_PDF
from notifications.models import Notification
from notifications.tracking_numbers import find_letters, format_tracking_number
from recalls.presenters import DisplayDateTime, display_datetime

SEARCH_SESSION_KEY = "letter_search"


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter and, in the time zone of its site, when it was due and printed and until when it is of use."""

    notification: Notification
    due_at: DisplayDateTime
    printed_at: DisplayDateTime | None
    valid_until: DisplayDateTime | None
    tracking: str = ""


class LetterView(DeskView):
    """Base of the letter pages: the chosen letters and the access log."""

    page: ClassVar[Page] = Page.LETTERS

    def get_selected_ids(self, request: HttpRequest) -> list[int]:
        return [int(word) for word in request.POST.getlist("letter") if word.isdecimal() and len(word) < 19]

    def log_access(self, user: User, rows: list[Notification]) -> None:
        """Write an access log row for each letter before it is shown: a letter that was seen is always on record."""
        page_views.record(user, self.page, [row.patient_id for row in rows])


class LetterListView(LetterView):
    """Letters to print, letters in a PDF, the latest 50 that were printed, and those that were looked for.

    What was typed is sent in the body and kept in the session: a number that leads to a patient must not stand in an
    address or a log.
    """

    def post(self, request: HttpRequest) -> HttpResponse:
        request.session[SEARCH_SESSION_KEY] = request.POST.get("q", "").strip()[:60]
        return redirect("letters")

    def get(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        rows = list(print_queue.get_letters_to_print(user)[:MAX_LETTERS_PER_PDF])
        printed = list(print_queue.get_printed_letters(user)[:50])
        asked = str(request.session.get(SEARCH_SESSION_KEY, ""))
        found = find_letters(user, asked)
        self.log_access(user, [*rows, *printed, *found])
        waiting = _build_letter_rows(rows, user)
        context = {
            "to_print": [letter for letter in waiting if letter.notification.pdf_made_at is None],
            "in_pdf": [letter for letter in waiting if letter.notification.pdf_made_at is not None],
            "printed_letters": _build_letter_rows(printed, user),
            "letter_asked": asked,
            "found_letters": _build_letter_rows(found, user),
            "sites_with_letters": print_queue.get_sites_with_letters(user),
            "batches": print_queue.get_latest_batches(user),
            "sends_lay_summaries": any(site.sends_lay_summaries for site in user.own_sites),
        }
        return render(request, "notifications/letter_list.html", context)


def _build_letter_rows(rows: list[Notification], user: User) -> list[LetterRow]:
    sites, now = sites_by_id(user), timezone.now()

    def display(row: Notification, instant: datetime | None) -> DisplayDateTime | None:
        return display_datetime(sites[row.recall.site_id], instant, now) if instant else None

    return [
        LetterRow(
            notification=row,
            due_at=display_datetime(sites[row.recall.site_id], row.due_at, now),
            printed_at=display(row, row.accepted_at),
            valid_until=display(row, row.expires_at),
            tracking=format_tracking_number(getattr(row, "tracking_number", "")),
        )
        for row in rows
    ]


class LettersPdfView(LetterView):
    """Makes one PDF of the chosen letters."""

    def post(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        made = print_queue.make_pdf(user, self.get_selected_ids(request))
        for row in made.failed:
            words = _("%(letter)s could not be written and is set aside. The page of the message says why.")
            link = format_html('<a href="{}">{} {}</a>', reverse("message", args=[row.pk]), _("Letter"), row.pk)
            messages.error(request, format_html(words.replace("%(letter)s", "{}"), link))
        if not made.pdf:
            messages.warning(request, _("No letter was made: choose one that is still to be printed."))
            return redirect("letters")
        self.log_access(user, list(made.notifications))
        if made.dropped_count:
            count = made.dropped_count
            words = ngettext("%(count)d letter was left out.", "%(count)d letters were left out.", count)
            messages.warning(request, words % {"count": count})
        return _pdf_response(made.pdf)


class MarkLettersPrintedView(LetterView):
    """Records the chosen letters as printed."""

    def post(self, request: HttpRequest) -> HttpResponse:
        chosen = self.get_selected_ids(request)
        count = print_queue.mark_printed(current_user(request), chosen)
        if count:
            words = ngettext("%(count)d letter is noted as printed.", "%(count)d letters are noted as printed.", count)
            messages.success(request, words % {"count": count})
        if left := len(set(chosen)) - count:
            words = ngettext(
                "%(count)d letter is not true any more: take it out of the pile.",
                "%(count)d letters are not true any more: take them out of the pile.",
                left,
            )
            messages.warning(request, words % {"count": left})
        return redirect("letters")


class ReprintLetterView(LetterView):
    """Makes the PDF of a printed letter again, from its stored copy."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        found = print_queue.reprint_letter(user, pk)
        if found is None:
            raise Http404
        pdf, row = found
        self.log_access(user, [row])
        return _pdf_response(pdf)


def _pdf_response(pdf: bytes) -> HttpResponse:
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = 'attachment; filename="letters.pdf"'
    return response

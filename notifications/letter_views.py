"""How does a scheduler get the day's letters onto paper? One page: make a PDF of many, say that they are printed."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.models import AccessLog, User
from clinic.roles import Page
from notifications import print_queue
from notifications.models import Notification
from notifications.print_queue import AT_ONCE
from recalls.presenters import Moment, moment
from recalls.views.access import DeskView, sites_by_id, staff


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter and, by the clock of its site, when it was due and printed and until when it is of use."""

    row: Notification
    due: Moment
    printed: Moment | None
    until: Moment | None


class LettersPage(DeskView):
    page: ClassVar[Page] = Page.LETTERS

    def chosen(self, request: HttpRequest) -> list[int]:
        return [int(word) for word in request.POST.getlist("letter") if word.isdecimal() and len(word) < 19]

    def note(self, user: User, rows: list[Notification]) -> None:
        """Written before the letter is shown: a letter that was seen is always on record."""
        AccessLog.objects.bulk_create(AccessLog(user=user, page=self.page, patient_id=r.patient_id) for r in rows)


class Letters(LettersPage):
    def get(self, request: HttpRequest) -> HttpResponse:
        user = staff(request)
        rows = list(print_queue.waiting(user)[:AT_ONCE])
        done = list(print_queue.printed(user)[:50])
        self.note(user, [*rows, *done])
        shown = _in_words(rows, user)
        context = {
            "new": [letter for letter in shown if letter.row.pdf_made_at is None],
            "in_pdf": [letter for letter in shown if letter.row.pdf_made_at is not None],
            "printed": _in_words(done, user),
        }
        return render(request, "notifications/letters.html", context)


def _in_words(rows: list[Notification], user: User) -> list[Letter]:
    sites, now = sites_by_id(user), timezone.now()

    def when(row: Notification, instant: datetime | None) -> Moment | None:
        return moment(sites[row.recall.site_id], instant, now) if instant else None

    return [
        Letter(
            row=row,
            due=moment(sites[row.recall.site_id], row.due_at, now),
            printed=when(row, row.accepted_at),
            until=when(row, row.expires_at),
        )
        for row in rows
    ]


class LettersPdf(LettersPage):
    def post(self, request: HttpRequest) -> HttpResponse:
        user = staff(request)
        made = print_queue.make_pdf(user, self.chosen(request))
        if not made.pdf:
            messages.warning(request, _("No letter was made: choose one that is still to be printed."))
            return redirect("letters")
        self.note(user, list(made.letters))
        if made.dropped:
            count = made.dropped
            words = ngettext("%(count)d letter was left out.", "%(count)d letters were left out.", count)
            messages.warning(request, words % {"count": count})
        return _as_file(made.pdf)


class LettersPrinted(LettersPage):
    def post(self, request: HttpRequest) -> HttpResponse:
        chosen = self.chosen(request)
        count = print_queue.mark_printed(staff(request), chosen)
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


class LetterAgain(LettersPage):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = staff(request)
        found = print_queue.reprint(user, pk)
        if found is None:
            raise Http404
        pdf, row = found
        self.note(user, [row])
        return _as_file(pdf)


def _as_file(pdf: bytes) -> HttpResponse:
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = 'attachment; filename="letters.pdf"'
    return response

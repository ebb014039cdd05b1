"""Pages of letters printed in bulk: start and watch a batch, fetch its files, note it as posted, read tracking back."""

from pathlib import Path

from django.contrib import messages
from django.db.models import Count
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.access import page_views
from clinic.roles import Page
from desk.views import DeskView, current_user
from notifications.letter_batches import files, jobs
from notifications.letter_batches.tracking import MAX_BYTES, UnreadableTracking, read_tracking
from notifications.models import BatchLetter, LetterBatch

PROGRESS_SECONDS = 2  # how often a page that watches a batch looks again
_MAX_NAMED = 200  # rows of a file, or letters, that a page names


class LetterBatchPage(DeskView):
    """Base: the batch, if it is of one of the user's sites."""

    page = Page.LETTERS

    def get_batch(self, request: HttpRequest, pk: int) -> LetterBatch:
        rows = LetterBatch.objects.select_related("site", "made_by", "posted_by")
        return get_object_or_404(rows, pk=pk, site__in=current_user(request).site_ids)


class StartBatchView(LetterBatchPage):
    """Asks for all letters of a site that wait."""

    def post(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        site = next((site for site in user.own_sites if str(site.pk) == request.POST.get("site")), None)
        if site is None:
            raise Http404
        batch = jobs.queue_batch(user, site)
        if batch is None:
            messages.warning(request, _("No letter of this site waits to be made."))
            return redirect("letters")
        return redirect("letter_batch", batch.pk)


class LetterBatchView(LetterBatchPage):
    """How far a batch is, its files, and the letters that are not in it."""

    template = "notifications/letter_batch.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.show(request, self.get_batch(request, pk))

    def show(self, request: HttpRequest, batch: LetterBatch, *, left_out: list[str] | None = None) -> HttpResponse:
        rows = batch.letters.order_by("state").values_list("state").annotate(count=Count("pk"))
        counts = dict(rows.values_list("state", "count"))
        state = BatchLetter.State
        amiss = batch.letters.filter(state__in=(state.FAILED, state.LEFT_OUT))
        named = amiss.select_related("notification__patient", "notification__recall")[:_MAX_NAMED]
        if self.template == LetterBatchView.template:
            numbers = [letter.notification.patient_id for letter in named]
            page_views.record(current_user(request), self.page, numbers)
        context = {
            "batch": batch,
            "total": sum(counts.values()),
            "done": sum(counts.values()) - counts.get(state.WAITING, 0),
            "counts": [(label, counts[value]) for value, label in state.choices if counts.get(value)],
            "has_letters": bool(counts.get(state.READY) or counts.get(state.POSTED)),
            "amiss": named,
            "is_posting": batch.posted_at is not None and bool(counts.get(state.READY)),
            "left_out": (left_out or [])[:_MAX_NAMED],
            "refresh_seconds": PROGRESS_SECONDS,
        }
        return render(request, self.template, context)


class LetterBatchProgressView(LetterBatchView):
    """The part of the page that changes while the batch is made."""

    template = "notifications/_letter_batch_progress.html"


class LetterBatchFileView(LetterBatchPage):
    """The pile as one PDF, or the mail house's file; each patient in it is in the access log before it leaves."""

    name = files.PILE

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        batch = self.get_batch(request, pk)
        path = Path(files.folder_of(batch) / self.name) if batch.files_deleted_at is None else None
        if path is None or not path.exists():
            raise Http404
        states = (BatchLetter.State.READY, BatchLetter.State.POSTED)
        patients = batch.letters.filter(state__in=states).values_list("notification__patient", flat=True)
        user = current_user(request)
        page_views.record(user, f"{self.page}: {self.name}", patients)
        return FileResponse(path.open("rb"), as_attachment=True, filename=self.name)


class MailHouseFileView(LetterBatchFileView):
    name = files.MAIL_HOUSE


class BatchPostedView(LetterBatchPage):
    """The pile was printed and posted."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch = self.get_batch(request, pk)
        if jobs.queue_posted(batch, by=current_user(request)):
            messages.success(request, _("Noted. Each letter that is still true is now written down as posted."))
        return redirect("letter_batch", pk)


class TrackingNumbersView(LetterBatchView):
    """Reads the carrier's numbers back."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch = self.get_batch(request, pk)
        upload = request.FILES.get("file")
        if upload is None:
            messages.error(request, _("Choose the carrier's CSV file."))
            return redirect("letter_batch", pk)
        try:
            result = read_tracking(batch, upload.read(MAX_BYTES + 1))
        except UnreadableTracking as unreadable:
            messages.error(request, str(unreadable))
            return redirect("letter_batch", pk)
        words = ngettext("%(count)d letter has its number.", "%(count)d letters have their number.", result.matched)
        messages.success(request, words % {"count": result.matched})
        if result.replaced:
            words = ngettext(
                "%(count)d of them had another number before.", "%(count)d of them had another number before.",
                result.replaced,
            )  # fmt: skip
            messages.warning(request, words % {"count": result.replaced})
        return self.show(request, batch, left_out=result.left_out)

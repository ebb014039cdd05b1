"""Pages on which lay summaries are printed in batches, noted as posted, and looked at one by one."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.access import page_views
from clinic.models import Site
from clinic.roles import Page
from desk.views import DeskView, current_user, log_patient_view, sites_by_id
from notifications.delivery import lay_summary_batches as batches
from notifications.delivery import lay_summary_by_hand as by_hand
from notifications.enums import StatusReason, SummaryEventKind
from notifications.models import LaySummary, LaySummaryBatch
from notifications.presenters import lay_summaries as presenter
from notifications.rendering import letter_pdf
from recalls.presenters import DisplayDateTime, display_datetime

SHOWN_ROWS = 50


class ByHandForm(forms.Form):
    """What a person says of one summary, and why."""

    kind = forms.ChoiceField(choices=[(kind.value, kind.label) for kind in by_hand.BY_HAND_KINDS])
    note = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


class LaySummaryView(DeskView):
    """Base of the pages: the batches and summaries of the person's sites, and the access log."""

    page: ClassVar[Page] = Page.LETTERS

    def get_batch(self, pk: int) -> LaySummaryBatch:
        rows = LaySummaryBatch.objects.filter(pk=pk, site__in=current_user(self.request).site_ids)
        batch = rows.select_related("site", "made_by", "posted_by").first()
        if batch is None:
            raise Http404
        return batch

    def log_access(self, summaries: "list[LaySummary]") -> None:
        """Write an access log row for each patient before the page or the PDF is shown."""
        user = current_user(self.request)
        page_views.record(user, "lay summaries", sorted(row.exam.patient_id for row in summaries))

    def respond_with_pdf(self, made: batches.SummaryPdf) -> HttpResponseBase:
        """The PDF, streamed; a message says how many letters were left out."""
        if not made.pdf:
            messages.warning(self.request, _("No letter was made: none is left to be printed."))
            return redirect("lay_summaries")
        self.log_access(list(made.summaries))
        if made.dropped_count:
            words = ngettext("%(count)d letter was left out.", "%(count)d letters were left out.", made.dropped_count)
            messages.warning(self.request, words % {"count": made.dropped_count})
        return _pdf_response(made.pdf)


class LaySummaryListView(LaySummaryView):
    """What waits to be printed at each site, PDFs that are still to be posted, and what is late or held back."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user, now = current_user(request), timezone.now()
        sites = sites_by_id(user)
        attention = list(presenter.summaries_needing_attention(user, now)[:SHOWN_ROWS])
        self.log_access(attention)
        context = {
            "waiting": [
                WaitingRow(sites[pk], count, display_datetime(sites[pk], nearest, now))
                for pk, count, nearest in batches.count_to_print(user)
            ],
            "open_batches": [_batch_row(batch, batch.made_at, now) for batch in batches.open_batches(user)],
            "posted_batches": [
                _batch_row(batch, batch.posted_at or now, now) for batch in batches.posted_batches(user)[:SHOWN_ROWS]
            ],
            "attention": presenter.build_rows(attention, sites, now),
            "batch_size": batches.LETTERS_PER_BATCH,
        }
        return render(request, "notifications/lay_summary_list.html", context)


class MakeBatchView(LaySummaryView):
    """Makes the PDF of the letters of a site that come next."""

    def post(self, request: HttpRequest) -> HttpResponseBase:
        user = current_user(request)
        number = request.POST.get("site", "")
        site = sites_by_id(user).get(int(number)) if number.isdecimal() and len(number) < 19 else None
        if site is None:
            raise Http404
        return self.respond_with_pdf(batches.make_batch(user, site))


class BatchView(LaySummaryView):
    """The letters of one PDF. A POST records those that are chosen as printed and posted."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch, now = self.get_batch(pk), timezone.now()
        rows = list(batches.summaries_in_batch(batch))
        self.log_access(rows)
        context = {
            "batch": batch,
            "made_at": display_datetime(batch.site, batch.made_at, now),
            "posted_at": display_datetime(batch.site, batch.posted_at, now) if batch.posted_at else None,
            "rows": presenter.build_rows(rows, {batch.site_id: batch.site}, now),
        }
        return render(request, "notifications/lay_summary_batch.html", context)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        chosen = {int(word) for word in request.POST.getlist("summary") if word.isdecimal() and len(word) < 19}
        if request.POST.get("all"):
            count, left = batches.mark_posted(current_user(request), self.get_batch(pk), None)
        else:
            count, left = batches.mark_posted(current_user(request), self.get_batch(pk), chosen)
        words = ngettext("%(count)d letter is noted as posted.", "%(count)d letters are noted as posted.", count)
        messages.success(request, words % {"count": count})
        if left:
            words = ngettext(
                "%(count)d letter is not true any more: take it out of the pile.",
                "%(count)d letters are not true any more: take them out of the pile.",
                left,
            )
            messages.warning(request, words % {"count": left})
        return redirect("lay_summaries")


class BatchPdfView(LaySummaryView):
    """Makes the PDF of a batch again."""

    def post(self, _request: HttpRequest, pk: int) -> HttpResponseBase:
        return self.respond_with_pdf(batches.remake_pdf(self.get_batch(pk)))


class SummaryDetailView(LaySummaryView):
    """One summary with its history. A POST records what a person says of it."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.render_summary(self.get_summary(pk), ByHandForm())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, form = self.get_summary(pk), ByHandForm(request.POST)
        if not form.is_valid():
            return self.render_summary(row, form, status=422)
        kind = SummaryEventKind(form.cleaned_data["kind"])
        refusal = by_hand.record_by_hand(row, kind, current_user(request), form.cleaned_data["note"])
        if refusal:
            return self.render_summary(self.get_summary(pk), form, refusal, status=409)
        messages.success(request, _("Noted."))
        return redirect("lay_summary", pk=pk)

    def get_summary(self, pk: int) -> LaySummary:
        """Http404 at a site that is not the person's; the access log is written."""
        rows = LaySummary.objects.filter(pk=pk, site__in=current_user(self.request).site_ids)
        row = rows.select_related("site", "exam__patient", "outcome", "copy", "sent_by", "superseded_by").first()
        if row is None:
            raise Http404
        log_patient_view(self.request, row.exam.patient_id, "lay summary")
        return row

    def render_summary(self, row: LaySummary, form: ByHandForm, refusal: str = "", status: int = 200) -> HttpResponse:
        now, user = timezone.now(), current_user(self.request)
        context: dict[str, Any] = {
            "summary": row,
            "facts": presenter.build_rows([row], {row.site_id: row.site}, now)[0],
            "sent_text": row.copy.text if hasattr(row, "copy") else "",
            "history": presenter.build_history(row, now),
            "recall_id": row.exam.recalls.order_by("-pk").values_list("pk", flat=True).first(),
            "form": form,
            "refusal": refusal,
            "choices": [(kind, by_hand.blocked_reason(row, kind, user)) for kind in by_hand.BY_HAND_KINDS],
        }
        return render(self.request, "notifications/lay_summary_detail.html", context, status=status)


class SummaryPdfView(SummaryDetailView):
    """The letter as it was printed, or as it would be printed now."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        letter = presenter.letter_as_it_stands(self.get_summary(pk))
        if letter is None:
            raise Http404
        try:
            pdf = letter_pdf.render_pdf([letter])
        except letter_pdf.LetterNotSettable:
            messages.error(request, StatusReason.NOT_SETTABLE.label)
            return redirect("lay_summary", pk=pk)
        response = HttpResponse(pdf, content_type="application/pdf")
        response["Content-Disposition"] = 'inline; filename="summary.pdf"'
        return response


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """How many letters of a site wait for the printer, and the nearest time limit among them."""

    site: Site
    count: int
    nearest_limit: DisplayDateTime


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A PDF and when it was made, or posted."""

    batch: LaySummaryBatch
    time: DisplayDateTime


def _batch_row(batch: LaySummaryBatch, at: datetime, now: datetime) -> BatchRow:
    return BatchRow(batch, display_datetime(batch.site, at, now))


def _pdf_response(pdf: bytes) -> FileResponse:
    return FileResponse(BytesIO(pdf), content_type="application/pdf", as_attachment=True, filename="summaries.pdf")

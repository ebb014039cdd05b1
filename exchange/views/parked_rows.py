"""Pages of parked rows: what waits, and one row to mend and replay or to dismiss."""

from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.access import page_views
from clinic.models import User
from clinic.roles import Page, Role, get_roles
from desk.keyset import format_cursor, parse_cursor, rows_after
from desk.saved_note import store_saved_note
from desk.views import DeskView, current_user, log_patient_view
from exchange.errors import Confirmation
from exchange.forms import CELL_PREFIX, ParkedRowForm, get_cells
from exchange.mending.parked_rows import dismiss_parked_row, replay_parked_row
from exchange.models import ParkedRow
from exchange.schema import COLUMNS
from recalls.models import Recall

PAGE_SIZE = 25


class ParkedRowCursor(NamedTuple):
    """Where one page ended."""

    pk: int


class ParkedRowListView(DeskView):
    """What waits at the person's sites, oldest first; of one file where one is named."""

    page = Page.UPLOADS

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = parked_rows_here(request).filter(state=ParkedRow.State.PARKED)
        file = request.GET.get("file", "")
        if file.isdecimal():
            rows = rows.filter(file=int(file))
        after = parse_cursor(ParkedRowCursor, request.GET.get("after", ""))
        if after is not None:
            rows = rows.filter(rows_after(("pk",), after))
        found = list(rows.order_by("pk")[: PAGE_SIZE + 1])
        shown = found[:PAGE_SIZE]
        next_url = (
            f"?file={file}&after={format_cursor(ParkedRowCursor(shown[-1].pk))}" if len(found) > PAGE_SIZE else ""
        )
        return render(request, "exchange/parked_rows.html", {"rows": shown, "next_page_url": next_url})


class ParkedRowView(DeskView):
    """One row; what is wrong stands first."""

    page = Page.UPLOADS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = get_parked_row(request, pk)
        page_views.record_subject(current_user(request), "parked_row", f"parked row {row.pk}")
        return self._page(request, row, ParkedRowForm(instance=row))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, user = get_parked_row(request, pk), current_user(request)
        form = ParkedRowForm(request.POST, instance=row)
        if not form.is_valid():
            return self._page(request, row, form)
        try:
            if "_dismiss" in request.POST:
                dismiss_parked_row(row, form.cleaned_data["note"], by=user)
                messages.success(request, _("The row was dismissed."))
                return redirect("parked_rows")
            confirmed = frozenset(one for one in Confirmation if request.POST.get(one.value))
            outcome = replay_parked_row(row, get_cells(form), by=user, confirmed=confirmed)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
            return redirect("parked_row", pk)
        if outcome.exam is None:
            messages.error(request, _("The row is not in yet. Mend what is marked and replay it again."))
            return redirect("parked_row", pk)
        log_patient_view(request, outcome.exam.patient_id, "parked_row")
        recall = Recall.objects.filter(exam=outcome.exam).order_by("pk").last()
        link = (reverse("recall", args=[recall.pk]), _("Open the recall")) if recall else ("", "")
        tag = store_saved_note(request, outcome.exam.patient_id, *link)
        messages.success(request, _("The row is in: %(result)s.") % {"result": outcome.result.label}, extra_tags=tag)
        return redirect("parked_rows")

    @staticmethod
    def _page(request: HttpRequest, row: ParkedRow, form: ModelForm[ParkedRow]) -> HttpResponse:
        wrong = {problem["column"] for problem in row.problems}
        settled_by = {problem["settled_by"] for problem in row.problems if "settled_by" in problem}
        cells = [(column.name in wrong, form[CELL_PREFIX + column.name]) for column in COLUMNS]
        context = {
            "row": row,
            "form": form,
            "to_mend": [field for is_wrong, field in cells if is_wrong],
            "others": [field for is_wrong, field in cells if not is_wrong],
            "versions": row.mends.select_related("by"),
            "confirmations": [one for one in Confirmation if one.value in settled_by],
        }
        return render(request, "exchange/parked_row_form.html", context)


def parked_rows_here(request: HttpRequest) -> QuerySet[ParkedRow]:
    return parked_rows_of(current_user(request))


def parked_rows_of(user: User) -> QuerySet[ParkedRow]:
    """Rows at the person's sites; an administrator also sees those of which nobody knows the site."""
    seen = Q(site__in=user.site_ids)
    if Role.ADMINISTRATOR in get_roles(user):
        seen |= Q(site__isnull=True)
    return ParkedRow.objects.select_related("site", "file").filter(seen)


def get_parked_row(request: HttpRequest, pk: int) -> ParkedRow:
    row = parked_rows_here(request).filter(pk=pk, state=ParkedRow.State.PARKED).first()
    if row is None:
        raise Http404
    return row

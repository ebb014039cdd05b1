"""Admin page of lay summaries with their proof, read-only: what is owed, late, held back or sent."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from clinic.admin_base import MAX_ROWS, OwnSiteFilter, ReadOnlyAdmin, ReadOnlyInline
from notifications.models import LaySummary, LaySummaryEvent
from recalls.models import ScreeningExam


class SummaryLimitFilter(admin.SimpleListFilter):
    """Filters summaries that are not proven sent by their time limit."""

    title = _("time limit")
    parameter_name = "limit"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("near", _("Near, not sent")), ("past", _("Past, not sent"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LaySummary]) -> QuerySet[LaySummary]:
        late = LaySummary.objects.near_limit if self.value() == "near" else LaySummary.objects.past_limit
        return queryset.filter(pk__in=late(timezone.now())) if self.value() else queryset


class LaySummaryEventInline(ReadOnlyInline):
    model = LaySummaryEvent
    fields = ("at", "kind", "by", "address", "detail")


@admin.register(LaySummary)
class LaySummaryAdmin(ReadOnlyAdmin[LaySummary]):
    """Lay summaries with the events that prove them, read-only; what a person says of one is said under "Letters"."""

    patient_path = "exam.patient_id"
    private_search = True
    search_fields = ("exam__accession",)
    search_help_text = _("Whole accession")
    ordering = ("-pk",)
    list_display = (
        "__str__",
        "accession",
        "site",
        "state",
        "reason_label",
        "channel",
        "due_by",
        "sent_at",
        "page_link",
    )
    list_filter = (SummaryLimitFilter, "state", "channel", OwnSiteFilter)
    list_select_related = ("exam", "site")
    readonly_fields = ("public_id", "lease_until")
    inlines = (LaySummaryEventInline,)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[LaySummary], search_term: str
    ) -> tuple[QuerySet[LaySummary], bool]:
        if not search_term:
            return queryset, False
        exams = ScreeningExam.objects.filter(accession=search_term.strip()).values_list("pk", flat=True)[:MAX_ROWS]
        return queryset.filter(exam__in=list(exams)), False

    @admin.display(description=_("accession"))
    def accession(self, row: LaySummary) -> str:
        return row.exam.accession

    @admin.display(description=_("why"))
    def reason_label(self, row: LaySummary) -> str:
        return str(row.get_reason_display())

    @admin.display(description=_("page"))
    def page_link(self, row: LaySummary) -> str:
        return format_html('<a href="{}">{}</a>', reverse("lay_summary", args=[row.pk]), _("Open"))

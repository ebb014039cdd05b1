"""Admin pages of loaded results files, parked rows that wait to be corrected, and the rules of intake."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.access import page_views
from clinic.admin_base import ReadOnlyAdmin, ScopedAdmin
from clinic.models import User
from clinic.roles import Role, get_roles
from desk.views import current_user
from exchange.batch_importer import RowResult
from exchange.forms import CELL_PREFIX, ParkedRowForm, get_cells
from exchange.hl7_admin import Hl7PeerAdmin, Hl7SenderAdmin, Hl7StatusMessageAdmin
from exchange.lookup_cache import link_exams
from exchange.mending.parked_rows import dismiss_parked_row, replay_parked_row
from exchange.models import Hl7Peer, Hl7Sender, Hl7StatusMessage, IntakeRules, ParkedRow, ReaderName, ResultFile
from exchange.row_parser import EXTRA_CELLS
from exchange.schema import COLUMNS
from recalls.models import Recall


@admin.register(IntakeRules)
class IntakeRulesAdmin(ScopedAdmin[IntakeRules]):
    """How the numbers of a site are built; the columns of its files are named where a file is uploaded."""

    logs_values = True
    list_display = ("site", "mrn_pattern", "accession_pattern")
    list_select_related = ("site",)
    fields = ("site", "mrn_pattern", "accession_pattern")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, queryset=current_user(request).sites.all(), **kwargs)


@admin.register(ReaderName)
class ReaderNameAdmin(ScopedAdmin[ReaderName]):
    """Former and other names of readers; exams that came in under such a name are given to the reader."""

    site_lookup = "user__sites"
    logs_values = True
    list_display = ("name", "user")
    list_select_related = ("user",)
    fields = ("user", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReaderName]:
        return super().get_queryset(request).distinct()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        colleagues = User.objects.filter(sites__in=current_user(request).site_ids).distinct().order_by("username")
        return super().formfield_for_foreignkey(db_field, request, queryset=colleagues, **kwargs)

    def save_model(self, request: HttpRequest, obj: ReaderName, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        link_exams(obj)


@admin.register(ResultFile)
class ResultFileAdmin(ReadOnlyAdmin[ResultFile]):
    """Every run of loading a file, with what became of its rows."""

    site_lookup = ""  # a file holds rows of several sites; it shows nothing but its name and counts
    list_display = ("name", "loaded_at", "by", "site", "rows_by_result")
    list_select_related = ("site",)
    fields = ("name", "site", "loaded_at", "by", "rows_by_result")

    @admin.display(description=gettext_lazy("rows by result"))
    def rows_by_result(self, file: ResultFile) -> str:
        return ", ".join(f"{result.value} {file.counts[result]}" for result in RowResult if file.counts.get(result))


@admin.register(ParkedRow)
class ParkedRowAdmin(ScopedAdmin[ParkedRow]):
    """Rows that wait: mend the cells and replay, or dismiss with a reason."""

    form = ParkedRowForm
    private_search = True
    change_form_template = "exchange/parked_row.html"
    list_display = ("line", "file", "site", "accession", "state", "problem_columns")
    list_filter = ("state", ("site", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("site", "file")
    search_fields = ("accession__startswith",)
    search_help_text = gettext_lazy("Search by accession (its beginning) or line number")
    readonly_fields = (
        "file", "line", "site", "state", "parked_at", "settled_at", "settled_by", "recall", "raw_row",
        "extra_cells", "versions",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[ParkedRow]:
        """Rows at the user's sites; an administrator also sees those of which nobody knows the site."""
        rows = ParkedRow.objects.select_related("site", "file", "settled_by")
        seen = Q(site__in=getattr(request.user, "site_ids", ()))
        if Role.ADMINISTRATOR in get_roles(request.user):
            seen |= Q(site__isnull=True)
        return rows.filter(seen)

    def render_change_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        row = kwargs.get("obj")
        page_views.record_subject(
            current_user(request), "admin exchange.parkedrow", f"parked row {row.pk if row else 0}"
        )
        return super().render_change_form(request, *args, **kwargs)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ParkedRow], search_term: str
    ) -> tuple[QuerySet[ParkedRow], bool]:
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if search_term.isascii() and search_term.isdigit() and len(search_term) <= 9:
            found |= queryset.filter(line=int(search_term))
        return found, may_repeat

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ParkedRow | None = None) -> bool:
        is_settled = obj is not None and obj.state != ParkedRow.State.PARKED
        return not is_settled and super().has_change_permission(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: ParkedRow | None = None) -> Any:
        origin = ["file", "line", "site", "state", "parked_at"]
        if obj is None or not self.has_change_permission(request, obj):
            return [(None, {"fields": [*origin, "settled_at", "settled_by", "note", "recall", "raw_row", "versions"]})]
        if obj.raw.get(EXTRA_CELLS):
            origin.append("extra_cells")
        if obj.mended is not None:
            origin += ["raw_row", "versions"]
        wrong = {problem["column"] for problem in obj.problems}
        to_mend = [CELL_PREFIX + column.name for column in COLUMNS if column.name in wrong]
        others = [CELL_PREFIX + column.name for column in COLUMNS if column.name not in wrong]
        sections: list[tuple[str | None, dict[str, list[str]]]] = [(None, {"fields": origin})]
        if to_mend:
            sections.append((_("To mend"), {"fields": to_mend}))
        return [
            *sections,
            (_("The rest of the row"), {"fields": others}),
            (_("Note, or reason to dismiss"), {"fields": ["note"]}),
        ]

    @admin.display(description=gettext_lazy("to mend"))
    def problem_columns(self, row: ParkedRow) -> str:
        return ", ".join(problem["column"] or _("whole row") for problem in row.problems)

    @admin.display(description=gettext_lazy("cells beyond the last column"))
    def extra_cells(self, row: ParkedRow) -> str:
        return str(row.raw.get(EXTRA_CELLS, ""))

    @admin.display(description=gettext_lazy("mended so far"))
    def versions(self, row: ParkedRow) -> str:
        said = row.mends.select_related("by")
        return "; ".join(f"{one.by} {one.at:%Y-%m-%d %H:%M}: {', '.join(one.changed)}" for one in said) or "-"

    @admin.display(description=gettext_lazy("the row as it came"))
    def raw_row(self, row: ParkedRow) -> SafeString:
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {}</li>", sorted(row.raw.items())))

    @admin.display(description=gettext_lazy("recall"))
    def recall(self, row: ParkedRow) -> SafeString | str:
        found = Recall.objects.filter(exam=row.exam_id).order_by("pk").last() if row.exam_id else None
        if found is None:
            return "-"
        return format_html('<a href="{}">{}</a>', reverse("admin:recalls_recall_change", args=[found.pk]), found)

    def save_model(self, request: HttpRequest, obj: ParkedRow, form: ModelForm[ParkedRow], change: bool) -> None:
        """Carry out the button that was pressed; what was typed is kept either way."""
        person = cast(User, request.user)
        try:
            if "_dismiss" in request.POST:
                dismiss_parked_row(obj, obj.note, by=person)
                self._say(request, messages.SUCCESS, _("The row was dismissed."))
                return
            outcome = replay_parked_row(obj, get_cells(form), by=person)
            ParkedRow.objects.filter(pk=obj.pk).update(note=obj.note)
        except ValidationError as refusal:
            self._say(request, messages.ERROR, " ".join(refusal.messages))
            return
        if outcome.result == RowResult.PARKED:
            self._say(request, messages.ERROR, _("The row is not in yet. Mend what is marked and replay it again."))
        else:
            self._say(request, messages.SUCCESS, _("The row is in: %(result)s.") % {"result": outcome.result.label})

    def _say(self, request: HttpRequest, level: int, sentence: str) -> None:
        self.message_user(request, sentence, level)

    def response_change(self, request: HttpRequest, obj: ParkedRow) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:exchange_parkedrow_change", args=[obj.pk]))

    def log_change(self, request: HttpRequest, obj: ParkedRow, message: Any) -> Any:
        """Django's own log would hold the row's words; who settled it and when stands on the row."""
        return None


admin.site.register(Hl7Sender, Hl7SenderAdmin)
admin.site.register(Hl7Peer, Hl7PeerAdmin)
admin.site.register(Hl7StatusMessage, Hl7StatusMessageAdmin)

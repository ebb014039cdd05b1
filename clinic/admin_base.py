"""Base classes of the admin: lists scoped to the user's sites, paged without counting, and never deleted from.

What a person may view, add or change comes from Django's model permissions, which `clinic.roles` writes. A search for
a patient is posted and kept in the session: the address of a page never holds a name or a record number.
"""

import secrets
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR, ChangeList
from django.core.paginator import Paginator
from django.db import models
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from clinic.access import page_views
from clinic.audit_messages import build_change_message

MAX_ROWS = 1000  # a person narrows the list by search or filter before paging further than this
SEARCHES_SESSION_KEY = "admin_searches"
_MAX_STORED_SEARCHES = 20

M = TypeVar("M", bound=models.Model)


class BoundedPaginator(Paginator[Any]):
    """Counts no further than it pages, so a list of a million rows opens as fast as one of a thousand."""

    @cached_property
    def count(self) -> int:
        return min(self._bounded_count, MAX_ROWS)

    @cached_property
    def _bounded_count(self) -> int:
        rows: Any = self.object_list
        counted: int = rows.order_by()[: MAX_ROWS + 1].count() if hasattr(rows, "order_by") else len(rows)
        return counted

    @property
    def is_truncated(self) -> bool:
        """Whether there are more rows than the list pages through."""
        return self._bounded_count > MAX_ROWS


class PrivateSearchChangeList(ChangeList):
    """A list whose search words are in the session; the address holds only the key to them."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> models.QuerySet[Any]:
        searches = request.session.get(SEARCHES_SESSION_KEY, {})
        self.query = searches.get(self.params.get(SEARCH_VAR, ""), "")
        return super().get_queryset(request, exclude_parameters)


class OwnSiteFilter(admin.SimpleListFilter):
    """The person's own sites; the stock filter would name every site there is."""

    title = _("site")
    parameter_name = "site"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        self._site_lookup: str = model_admin.site_lookup
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        user: Any = request.user
        return [(str(site.pk), site.name) for site in user.sites.all()]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        value = self.value() or ""
        return queryset.filter(**{self._site_lookup: value}) if value.isdigit() else queryset


class ValueFilter(admin.SimpleListFilter):
    """Values of a column that has no choices of its own, out of the program's table: asking the rows reads them all."""

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        value = self.value()
        return queryset if value is None else queryset.filter(**{self.parameter_name or "": value})


class ScopedAdmin(admin.ModelAdmin[M]):
    """Rows at the person's own sites; `site_lookup` leads from a row to its site, "" for rows that belong to none."""

    site_lookup: ClassVar[str] = "site"
    # The attributes that lead from a row to its patient's number ("recall.patient_id"): opening a row is then logged.
    patient_path: ClassVar[str] = ""
    # True where people search by name or record number.
    private_search: ClassVar[bool] = False

    # True for what is set up rather than recorded: the log then says from what to what each value was changed.
    logs_values: ClassVar[bool] = False

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 200
    sortable_by: ClassVar[tuple[str, ...]] = ()  # an order without an index reads the whole table
    show_facets = admin.ShowFacets.NEVER  # facets count every row

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[M]:
        rows = super().get_queryset(request)
        if not self.site_lookup:
            return rows
        return rows.filter(**{f"{self.site_lookup}__in": getattr(request.user, "site_ids", ())})

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        if self.logs_values:
            return build_change_message(form, formsets, is_new=add)
        return super().construct_change_message(request, form, formsets, add)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PrivateSearchChangeList if self.private_search else super().get_changelist(request, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if self.private_search and request.method == "POST" and SEARCH_VAR in request.POST:
            return self._store_search(request, request.POST[SEARCH_VAR].replace("\0", ""))
        return super().changelist_view(request, extra_context)

    def _store_search(self, request: HttpRequest, words: str) -> HttpResponse:
        address = request.GET.copy()
        for name in (SEARCH_VAR, PAGE_VAR):
            address.pop(name, None)
        if words.strip():
            key = secrets.token_urlsafe(6)
            earlier = list(request.session.get(SEARCHES_SESSION_KEY, {}).items())[1 - _MAX_STORED_SEARCHES :]
            request.session[SEARCHES_SESSION_KEY] = dict([*earlier, (key, words.strip())])
            address[SEARCH_VAR] = key
        return HttpResponseRedirect(f"{request.path}?{address.urlencode()}")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], add: bool = False, change: bool = False,
        form_url: str = "", obj: M | None = None,
    ) -> HttpResponse:  # fmt: skip
        if obj is not None and self.patient_path:
            self._log_access(request, obj)
        return super().render_change_form(request, context, add=add, change=change, form_url=form_url, obj=obj)

    def _log_access(self, request: HttpRequest, obj: M) -> None:
        viewer: Any = request.user
        patient_id: Any = obj
        for name in self.patient_path.split("."):
            patient_id = getattr(patient_id, name)
        page_views.record(viewer, f"admin {obj._meta.label_lower}", [patient_id])


class ReadOnlyAdmin(ScopedAdmin[M]):
    """A history: seen by those who may, changed by nobody."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


class LabelledFormSet(BaseInlineFormSet[Any, Any, Any]):
    """Each field of a row says its own name: the column's head is not a label that a screen reader finds."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        for name, field in form.fields.items():
            field.widget.attrs.setdefault("aria-label", str(field.label or name))


class ReadOnlyInline(admin.TabularInline[Any, Any]):
    """Rows that belong to the page's own row, shown to whoever may see the page and changed by nobody."""

    template = "admin/edit_inline/read_only.html"
    extra = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

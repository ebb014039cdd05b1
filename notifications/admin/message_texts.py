"""Admin pages for a clinic's own texts: a list of all texts, a preview, and versions; each save adds a version."""

from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from clinic.admin_base import ScopedAdmin
from clinic.models import Site
from notifications.admin.message_text_form import MessageTextForm
from notifications.content import loader
from notifications.models.message_text import MessageText, get_newest_version
from notifications.rendering import sample_data, template_validation

# A message brings its own styles; nothing else is loaded, and no script runs.
_PREVIEW_CSP = {"default-src": [NONE], "style-src": [SELF, UNSAFE_INLINE], "base-uri": [NONE], "form-action": [SELF]}


@admin.register(MessageText)
class MessageTextAdmin(ScopedAdmin[MessageText]):
    """Versions of texts, which are added and never changed, for the administrator's sites and for all sites."""

    form = MessageTextForm
    add_form_template = "admin/notifications/messagetext/write.html"
    change_form_template = "admin/notifications/messagetext/version.html"
    change_list_template = "admin/notifications/messagetext/versions.html"
    list_display = ("__str__", "site", "active", "reviewer", "reviewed_on", "edited_by", "edited_at")
    list_filter = ("language", "active")
    list_select_related = ("site", "edited_by")
    fields = ("name", "language", "base_version", "site", "subject", "body", "active", "reviewer", "reviewed_on")

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageText]:
        rows = super(ScopedAdmin, self).get_queryset(request)
        return rows.filter(Q(site=None) | Q(site__in=getattr(request.user, "site_ids", ())))

    def has_change_permission(self, request: HttpRequest, obj: MessageText | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: MessageText | None = None) -> Any:
        if obj is None:
            return self.fields
        return ("name", "language", "version", "site", "subject", "body", "active", "reviewer", "reviewed_on")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        base = super().get_form(request, obj, change, **kwargs)
        return type("MessageTextFormOfUser", (base,), {"user": request.user})

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("texts/", wrap(self.text_list_view), name="notifications_messagetext_texts"),
            path("preview/", wrap(self.preview_view), name="notifications_messagetext_preview"),
            *super().get_urls(),
        ]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The text now in use, or that of the version to be restored."""
        older = self.get_queryset(request).filter(pk=_parse_pk(request.GET.get("from"))).first()
        name = older.name if older else request.GET.get("name", "")
        language = older.language if older else request.GET.get("language", "")
        shipped = loader.get_shipped_text(name, language)
        if shipped is None:
            return {}
        site = older.site if older else None
        newest = get_newest_version(name, language, site)
        source = older or (newest if newest and newest.active else None)
        words = {"subject": shipped.heading, "body": shipped.body.template}
        if source is not None:
            words = {"subject": source.subject, "body": source.body}
        initial = {"name": name, "language": language, "site": site, "base_version": newest.version if newest else 0}
        return initial | words | {"active": True}

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if request.method == "GET" and not self.get_changeform_initial_data(request):
            return self.text_list_view(request)
        chosen = request.POST if request.method == "POST" else self.get_changeform_initial_data(request)
        name, language = str(chosen.get("name", "")), str(chosen.get("language", ""))
        shipped = loader.get_shipped_text(name, language)
        context = {"shipped_body": shipped and shipped.body.template, "text_name": f"{language}/{name}"}
        return super().add_view(request, form_url, context | (extra_context or {}))

    def save_model(self, request: HttpRequest, obj: MessageText, form: Any, change: bool) -> None:
        newest = get_newest_version(obj.name, obj.language, obj.site)
        user: Any = request.user
        obj.version, obj.edited_by = (newest.version if newest else 0) + 1, user
        super().save_model(request, obj, form, change)

    def text_list_view(self, request: HttpRequest) -> HttpResponse:
        """Every text in every language, who reviewed it, and whether the clinic wrote its own."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        clinic_texts = loader.get_active_texts(Site())
        rows = [
            {
                "name": name,
                "language": language,
                "heading": shipped.heading,
                "reviewer": shipped.metadata.get("reviewer") or "",
                "clinic_text": clinic_texts.get((language, name)),
            }
            for language in loader.list_languages()
            for name in (*loader.list_message_names(), *loader.list_explainer_names())
            if (shipped := loader.get_shipped_text(name, language))
        ]
        context = {**self.admin_site.each_context(request), "rows": rows, "opts": self.opts, "title": _("Texts")}
        context["has_add_permission"] = self.has_add_permission(request)
        return render(request, "admin/notifications/messagetext/texts.html", context)

    @method_decorator(csp(_PREVIEW_CSP))
    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """The text filled for an invented patient, with every problem found; nothing is saved."""
        if request.method != "POST" or not self.has_add_permission(request):
            raise PermissionDenied
        name, language = request.POST.get("name", ""), request.POST.get("language", "")
        if loader.get_shipped_text(name, language) is None:
            raise Http404
        subject, body = request.POST.get("subject", ""), request.POST.get("body", "").replace("\r\n", "\n")
        problems = template_validation.validate_text(name, language, subject, body)
        try:
            preview = sample_data.preview_text(name, language, subject, body)
        except (LookupError, ValueError):
            preview = None  # the problems say why
        context = {"preview": preview, "problems": problems, "text_name": f"{language}/{name}"}
        return render(request, "admin/notifications/messagetext/preview.html", context)


def _parse_pk(value: str | None) -> int:
    """A primary key from the query string; 0, which no row has, for anything else."""
    return int(value) if value and value.isdigit() else 0

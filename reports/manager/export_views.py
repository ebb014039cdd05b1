"""Page of the files that a manager may take, with the reason that is kept, and the files themselves."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from clinic.models import User
from clinic.roles import Page, can_open_page
from desk.list_exports import get_list_exports
from desk.views import DeskView, current_user
from reports.manager import csv_files
from reports.manager.exports import EXPORT_FILES, iter_rows

MAX_PERIOD = timedelta(days=3660)


class ExportFileForm(csv_files.ExportForm):
    """Which file, of which sites, and of which days where it has days."""

    file = forms.ChoiceField(label=_("File"), choices=[(name, one.label) for name, one in EXPORT_FILES.items()])
    site = forms.ChoiceField(label=_("Site"), required=False)
    since = forms.DateField(label=_("Exams from"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("Exams until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    field_order = ("file", "site", "since", "until", "reason", "for_excel")

    def __init__(self, user: User, *args: Any) -> None:
        super().__init__(*args)
        choice: Any = self.fields["site"]
        choice.choices = [("", _("All my sites")), *((str(site.pk), site.name) for site in user.own_sites)]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        until = cleaned.get("until") or calendar.earliest_today() + timedelta(days=2)
        since = cleaned.get("since") or until - timedelta(days=366)
        if since > until:
            self.add_error("since", _("The first day lies after the last."))
        elif until - since > MAX_PERIOD:
            self.add_error("since", _("Choose at most ten years."))
        return cleaned | {"since": since, "until": until}


class ExportFilesView(DeskView):
    """The form, and the chosen file as a stream."""

    page = Page.EXPORT

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, ExportFileForm(current_user(request)))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        user = current_user(request)
        form = ExportFileForm(user, request.POST)
        if not form.is_valid():
            return self._page(request, form)
        asked = form.cleaned_data
        wanted, site_ids = EXPORT_FILES[asked["file"]], sorted(user.site_ids)
        if asked["site"]:
            site_ids = [int(asked["site"])]
        log = csv_files.record_export(user, asked["file"], form)
        rows = iter_rows(wanted, site_ids, asked["since"], asked["until"], log)
        return csv_files.csv_response(asked["file"], wanted.columns, rows, with_mark=asked["for_excel"])

    @staticmethod
    def _page(request: HttpRequest, form: ExportFileForm) -> HttpResponse:
        lists = [
            (reverse("list_export", args=[name]), one.label)
            for name, one in get_list_exports().items()
            if can_open_page(request.user, one.page)
        ]
        context = {"form": form, "lists": sorted(lists, key=lambda link: str(link[1]))}
        return render(request, "reports/export_files.html", context, status=422 if form.errors else 200)

"""Pages of cancers known from elsewhere: send a registry's file, enter one by hand, settle what was parked."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.access import page_views
from clinic.models import Site, User
from clinic.roles import Page
from desk.views import DeskView, current_user, log_patient_view
from exchange.cancers import loading
from exchange.cancers.loading import CancerRowResult
from exchange.cancers.row_form import COLUMNS, REQUIRED, CancerRowForm
from exchange.errors import UnusableFile
from exchange.models import ParkedCancer
from recalls.assignment import display_name

_SHOWN = 50


class CancerFileForm(forms.Form):
    """Which site the file is for."""

    site = forms.ModelChoiceField(label=gettext_lazy("Site"), queryset=Site.objects.none(), empty_label=None)
    file = forms.FileField(label=gettext_lazy("CSV file"))

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = Site.objects.filter(pk__in=user.site_ids).order_by("name")  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > loading.MAX_FILE_BYTES:
            raise forms.ValidationError(_("The file is too large: at most 20 MB."))
        return file


class CancerListView(DeskView):
    """The form for a file, and the rows that wait for a person."""

    page = Page.UPLOADS

    def get(self, request: HttpRequest) -> HttpResponse:
        return _render_list(request, CancerFileForm(current_user(request)))

    def post(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        form = CancerFileForm(user, request.POST, request.FILES)
        if not form.is_valid():
            return _render_list(request, form)
        file, site = form.cleaned_data["file"], form.cleaned_data["site"]
        try:
            rows = loading.read_rows(file.read())
        except UnusableFile as unusable:
            form.add_error("file", str(unusable))
            return _render_list(request, form)
        counts = loading.load_rows(rows, site, str(file.name), by=user, by_name=display_name(user))
        told = _("Loaded: %(loaded)d. There already: %(unchanged)d. To be looked at: %(parked)d.")
        messages.success(request, told % {result.value: counts[result] for result in CancerRowResult})
        return redirect("cancers")


class CancerEntryView(DeskView):
    """One cancer by hand."""

    page = Page.UPLOADS

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        site = _own_site(request, code)
        return render(request, "exchange/cancer_form.html", {"site": site, "form": CancerRowForm(site=site)})

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        user, site = current_user(request), _own_site(request, code)
        raw = {name: request.POST.get(name, "").strip() for name in COLUMNS}
        result, diagnosis, problems = loading.load_row(raw, site, by=user, by_name=display_name(user))
        if diagnosis is None:
            context = {"site": site, "form": _form_with(raw, site, problems)}
            return render(request, "exchange/cancer_form.html", context, status=422)
        log_patient_view(request, diagnosis.patient_id, "cancer entered")
        told = _("The cancer is entered.") if result == CancerRowResult.LOADED else _("This cancer is known already.")
        messages.success(request, told)
        return redirect("cancers")


class ParkedCancerView(DeskView):
    """One row that waits: mend it and load it, or say why not."""

    page = Page.UPLOADS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = _parked(request, pk)
        return _render_parked(request, row)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, user = _parked(request, pk), current_user(request)
        try:
            if "dismiss" in request.POST:
                loading.dismiss_parked(row, request.POST.get("note", ""), by=user)
                messages.success(request, _("The row is dismissed."))
                return redirect("cancers")
            if loading.settle_parked(row, request.POST.dict(), by=user, by_name=display_name(user)):
                messages.success(request, _("The row is loaded."))
                return redirect("cancers")
        except ValidationError as refusal:
            return _render_parked(request, row, " ".join(refusal.messages))
        row.refresh_from_db()
        return _render_parked(request, row, status=422)


def _render_list(request: HttpRequest, form: CancerFileForm) -> HttpResponse:
    user = current_user(request)
    waiting = ParkedCancer.objects.filter(site__in=user.site_ids, state=ParkedCancer.State.PARKED)
    context = {
        "form": form,
        "waiting": waiting.select_related("site").order_by("pk")[:_SHOWN],
        "sites": user.own_sites,
        "columns": COLUMNS,
        "required": REQUIRED,
    }
    return render(request, "exchange/cancers.html", context, status=422 if form.errors else 200)


def _render_parked(request: HttpRequest, row: ParkedCancer, refusal: str = "", status: int = 200) -> HttpResponse:
    page_views.record_subject(current_user(request), "parked cancer", f"parked cancer {row.pk}")
    form = _form_with(row.raw, row.site, row.problems)
    context = {"site": row.site, "row": row, "form": form, "refusal": refusal}
    return render(request, "exchange/cancer_form.html", context, status=422 if refusal else status)


def _form_with(raw: dict[str, str], site: Site, problems: list[dict[str, Any]]) -> CancerRowForm:
    """The cells as they stand, each with its problem beside it."""
    form = CancerRowForm(raw, site=site)
    form.is_valid()
    for problem in problems:
        if problem["message"] not in form.errors.get(problem["column"], []):
            form.add_error(problem["column"] if problem["column"] in form.fields else None, problem["message"])
    return form


def _parked(request: HttpRequest, pk: int) -> ParkedCancer:
    rows = ParkedCancer.objects.select_related("site").filter(site__in=current_user(request).site_ids)
    return get_object_or_404(rows, pk=pk, state=ParkedCancer.State.PARKED)


def _own_site(request: HttpRequest, code: str) -> Site:
    found = next((site for site in current_user(request).own_sites if site.code == code), None)
    if found is None:
        raise Http404
    return found

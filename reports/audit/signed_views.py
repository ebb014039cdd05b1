"""Pages of the signed audits: the list with the form to sign, one audit as it was signed, and its files."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from clinic.models import Site, User
from clinic.roles import Page, Role, can_open_page
from desk.views import DeskView, current_user
from recalls.assignment import display_name
from reports.audit.documents import COLUMNS, Document, document_rows, document_tables
from reports.audit.files.pdf import render_signed_audit
from reports.audit.files.response import file_response, pdf_response
from reports.audit.scope import Breakdown
from reports.audit.sign_off import name_physician, sees_every_reader, sign_audit
from reports.models import AuditPhysician, SignedAudit

_YEARS_TO_SIGN = 6


class SignAuditForm(forms.Form):
    """Which year is signed, and what follows from it."""

    year = forms.TypedChoiceField(label=gettext_lazy("Year of the screenings"), coerce=int)
    note = forms.CharField(
        label=gettext_lazy("Conclusions"), required=False, widget=forms.Textarea(attrs={"rows": 3}), max_length=4000
    )

    def __init__(self, *args: Any, this_year: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        years = range(this_year - 1, this_year - 1 - _YEARS_TO_SIGN, -1)
        self.fields["year"].choices = [(year, str(year)) for year in (*years, this_year)]  # type: ignore[attr-defined]


class SignedAuditsView(DeskView):
    """What was signed at the user's sites, who signs, and for the physician the form to sign."""

    page = Page.AUDIT

    def get(self, request: HttpRequest) -> HttpResponse:
        return _render_list(request)


class SignAuditView(DeskView):
    page = Page.AUDIT

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        user, site = current_user(request), _own_site(request, code)
        today = calendar.local_day(site, timezone.now())
        form = SignAuditForm(request.POST, this_year=today.year, prefix=site.code)
        if not form.is_valid():
            return _render_list(request, forms_by_site={site.pk: form}, status=422)
        signed = sign_audit(site, form.cleaned_data["year"], form.cleaned_data["note"], by=user, today=today)
        messages.success(request, _("The audit is signed."))
        return redirect("signed_audit", signed.pk)


class NamePhysicianView(DeskView):
    page = Page.AUDIT_PHYSICIAN

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        site = _own_site(request, code)
        chosen = get_object_or_404(_radiologists(site), pk=request.POST.get("physician") or 0)
        try:
            name_physician(site, chosen, by=current_user(request))
        except ValidationError as refusal:
            raise Http404 from refusal
        messages.success(request, _("%(name)s signs the audit from now on.") % {"name": display_name(chosen)})
        return redirect("signed_audits")


class SignedAuditView(DeskView):
    """The figures as they stood when they were signed, whatever became known since."""

    page = Page.AUDIT

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        signed, by, document = _asked_document(request, pk)
        names = _breakdowns(current_user(request), signed)
        context = {
            "signed": signed,
            "document": document,
            "tables": document_tables(document),
            "is_split": by != Breakdown.ALL,
            "charts": [],
            "breakdowns": [{"label": one.label, "url": f"?by={one.value}", "is_current": one == by} for one in names],
            "file_urls": {
                kind: f"{reverse('signed_audit_file', args=[signed.pk, kind])}?by={by.value}"
                for kind in ("csv", "json", "pdf")
            },
        }
        return render(request, "reports/signed_audit.html", context)


class SignedAuditFileView(DeskView):
    page = Page.AUDIT

    def get(self, request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
        signed, by, document = _asked_document(request, pk)
        if kind == "pdf":
            shown = [signed.documents[one.value] for one in _breakdowns(current_user(request), signed)]
            return pdf_response(render_signed_audit(signed, shown), f"signed-audit-{signed.site.code}-{signed.year}")
        name = f"signed-audit-{signed.site.code}-{signed.year}-{by.value}"
        return file_response(document, kind, name, COLUMNS, document_rows(document))


def _own_site(request: HttpRequest, code: str) -> Site:
    found = next((site for site in current_user(request).own_sites if site.code == code), None)
    if found is None:
        raise Http404
    return found


def _radiologists(site: Site) -> Any:
    return User.objects.filter(groups__name=Role.RADIOLOGIST, sites=site, is_active=True).order_by("last_name", "pk")


def _asked_document(request: HttpRequest, pk: int) -> tuple[SignedAudit, Breakdown, Document]:
    user = current_user(request)
    signed = get_object_or_404(SignedAudit.objects.select_related("site"), pk=pk, site__in=user.site_ids)
    by = request.GET.get("by", Breakdown.ALL)
    if by not in _breakdowns(user, signed):
        raise Http404
    return signed, Breakdown(by), signed.documents[by]


def _breakdowns(user: User, signed: SignedAudit) -> list[Breakdown]:
    """Those that were frozen; the one by reader names each, so only for who may see every reader."""
    sees_all = sees_every_reader(user, [signed.site])
    return [one for one in Breakdown if one.value in signed.documents and (sees_all or one != Breakdown.READER)]


def _render_list(
    request: HttpRequest, *, forms_by_site: dict[int, SignAuditForm] | None = None, status: int = 200
) -> HttpResponse:
    user = current_user(request)
    may_name = can_open_page(user, Page.AUDIT_PHYSICIAN)
    named = {
        one.site_id: one.user for one in AuditPhysician.objects.filter(site__in=user.site_ids).select_related("user")
    }
    signed = SignedAudit.objects.filter(site__in=user.site_ids).defer("documents").order_by("-year", "-pk")
    by_site: dict[int, list[SignedAudit]] = {}
    for one in signed:
        by_site.setdefault(one.site_id, []).append(one)
    sites = []
    for site in user.own_sites:
        physician = named.get(site.pk)
        this_year = calendar.local_day(site, timezone.now()).year
        sites.append({
            "site": site,
            "physician": display_name(physician) if physician else "",
            "radiologists": list(_radiologists(site)) if may_name else [],
            "form": (forms_by_site or {}).get(site.pk, SignAuditForm(this_year=this_year, prefix=site.code))
            if physician == user else None,
            "signed": by_site.get(site.pk, []),
        })  # fmt: skip
    return render(request, "reports/signed_audits.html", {"sites": sites}, status=status)

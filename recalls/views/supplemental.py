"""Pages of supplemental screening: what is advised and not done, one test, and an entry by hand."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from clinic.roles import Page
from desk.keyset import format_cursor, parse_cursor
from desk.views import DeskView, current_user, log_patient_view, sites_with_calendars
from recalls.actions.supplemental import ADVISE_ROLES
from recalls.forms.supplemental import AdviseSupplementalForm, RecordSupplementalForm
from recalls.models import SupplementalScreening
from recalls.presenters.supplemental import build_supplemental_detail, build_supplemental_rows
from recalls.selectors.supplemental import (
    PAGE_SIZE,
    SupplementalCursor,
    get_supplemental,
    list_supplemental_to_do,
)


class SupplementalListView(DeskView):
    """What is advised at the user's sites and not done, first due first."""

    page = Page.SUPPLEMENTAL

    def get(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        sites = {site.pk: site for site in sites_with_calendars(user)}
        found = list_supplemental_to_do(user, parse_cursor(SupplementalCursor, request.GET.get("after", "")))
        shown = found[:PAGE_SIZE]
        more = len(found) > len(shown)
        context = {
            "rows": build_supplemental_rows(shown, sites, timezone.now()),
            "next_page_url": f"?after={format_cursor(_cursor(shown[-1]))}" if more else "",
            "may_add": bool(actor_for(user).roles & ADVISE_ROLES),
        }
        return render(request, "recalls/supplemental.html", context)


def _cursor(row: SupplementalScreening) -> SupplementalCursor:
    return SupplementalCursor(row.due_on, row.pk)


class SupplementalAddView(DeskView):
    """An advised test that came in by no file."""

    page = Page.SUPPLEMENTAL

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, AdviseSupplementalForm(current_user(request)))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = AdviseSupplementalForm(current_user(request), request.POST)
        row = form.save() if form.is_valid() else None
        if row is None:
            return self._page(request, form)
        log_patient_view(request, row.patient.pk, "supplemental")
        messages.success(request, _("%(test)s is on the list.") % {"test": row.get_kind_display()})
        return redirect("supplemental_test", row.pk)

    @staticmethod
    def _page(request: HttpRequest, form: AdviseSupplementalForm) -> HttpResponse:
        return render(request, "recalls/supplemental_test.html", {"form": form, "title": _("Add a supplemental test")})


class SupplementalTestView(DeskView):
    """One test: whom to call, and what came of it."""

    page = Page.SUPPLEMENTAL

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = get_supplemental(current_user(request), pk)
        return self._page(request, row, RecordSupplementalForm(current_user(request), row))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = get_supplemental(current_user(request), pk)
        form = RecordSupplementalForm(current_user(request), row, request.POST)
        saved = form.save() if form.is_valid() else None
        if saved is None:
            return self._page(request, row, form)
        if saved.recall_id:
            messages.success(request, _("Saved. This result has opened a recall."))
            return redirect(reverse("recall", args=[saved.recall_id]))
        messages.success(request, _("Saved."))
        return redirect("supplemental")

    @staticmethod
    def _page(request: HttpRequest, row: SupplementalScreening, form: RecordSupplementalForm) -> HttpResponse:
        log_patient_view(request, row.patient.pk, "supplemental")
        user = current_user(request)
        site = next(site for site in user.own_sites if site.pk == row.site_id)
        context = {
            "test": build_supplemental_detail(row, site, timezone.now()),
            "title": row.get_kind_display(),
            "form": form if row.is_correctable and actor_for(user).roles & ADVISE_ROLES else None,
        }
        return render(request, "recalls/supplemental_test.html", context)

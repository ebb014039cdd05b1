"""The privacy officer's page: who looked at a patient, when, from where and why, on screen and as a CSV file."""

from collections.abc import Iterator
from datetime import tzinfo

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.access import page_views
from clinic.models import AccessLog
from clinic.roles import Page
from desk.views import DeskView, current_user
from recalls.assignment import display_name
from reports.access.access_form import AccessReportForm
from reports.access.access_rows import ALARM_DAYS, MANY_IN_AN_HOUR, find_alarms, find_busy_hours, select_views
from reports.manager.csv_files import csv_response

MOST_ROWS = 200  # on the page; the file holds all of them
_MOST_ALARMS = 50
_COLUMNS = ("entry", "at", "who", "user name", "page", "shown", "why", "address", "session", "sites")


class AccessReportView(DeskView):
    """What stands out of late, and a report about one patient or one person."""

    page = Page.ACCESS_LOG

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, AccessReportForm(current_user(request), _zone(request)))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        user = current_user(request)
        form = AccessReportForm(user, _zone(request), request.POST)
        if not form.is_valid():
            return self._page(request, form)
        rows = select_views(user, **form.selection())
        asked = [patient.pk for patient in form.patients]
        page_views.record(user, "access report", asked, why=form.cleaned_data["why"])
        if "_file" in request.POST:
            return csv_response("who-looked", _COLUMNS, _cells(rows, set(asked)), with_mark=False)
        return self._page(request, form, rows)

    @staticmethod
    def _page(request: HttpRequest, form: AccessReportForm, rows: QuerySet[AccessLog] | None = None) -> HttpResponse:
        user, now = current_user(request), timezone.now()
        found = list(rows[: MOST_ROWS + 1]) if rows is not None else []
        context = {
            "form": form,
            "is_asked": rows is not None,
            "rows": [_describe(row, {patient.pk for patient in form.patients}) for row in found[:MOST_ROWS]],
            "has_more": len(found) > MOST_ROWS,
            "alarms": [_describe(row, set()) for row in find_alarms(user, now)[:_MOST_ALARMS]],
            "busy_hours": [(display_name(hour.user), hour) for hour in find_busy_hours(user, now)],
            "alarm_days": ALARM_DAYS,
            "many": MANY_IN_AN_HOUR,
        }
        with timezone.override(_zone(request)):
            return render(request, "reports/access_log.html", context)


def _describe(row: AccessLog, asked: set[int]) -> dict[str, object]:
    return {"row": row, "who": display_name(row.user), "shown": _shown(row, asked)}


def _shown(row: AccessLog, asked: set[int]) -> str:
    """By itself, or on a list of how many; the other patients of a list are nobody's business here."""
    if row.patient_ids:
        return _("on a list of %(count)s") % {"count": len(row.patient_ids)}
    if row.subject:
        return row.subject
    return _("by itself") if asked else str(row.patient_id)


def _cells(rows: QuerySet[AccessLog], asked: set[int]) -> Iterator[list[str]]:
    for row in rows.iterator(chunk_size=500):
        yield [
            str(row.pk), row.at.isoformat(), display_name(row.user), row.user.username,
            row.page, _shown(row, asked), row.why, row.address or "", row.session, row.sites,
        ]  # fmt: skip


def _zone(request: HttpRequest) -> tzinfo:
    return next((site.zone for site in current_user(request).own_sites), timezone.get_default_timezone())

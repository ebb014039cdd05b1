"""The access log and the list of files taken as CSV files, of people who work at the reader's sites."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from clinic.models import AccessLog, User
from clinic.roles import Page
from desk.list_exports import ExportRequest, ListExport, no_patient, register_list_export
from reports.models import ExportLog


def _colleagues(asked: ExportRequest) -> QuerySet[User]:
    return User.objects.filter(sites__in=asked.user.site_ids)


def _access_rows(asked: ExportRequest) -> QuerySet[AccessLog]:
    return AccessLog.objects.filter(user__in=_colleagues(asked).values("pk")).select_related("user")


def _access_cells(row: AccessLog) -> Sequence[object]:
    shown = row.patient_id or row.subject or " ".join(str(number) for number in row.patient_ids or ())
    return (row.pk, row.at, row.user.get_username(), row.page, shown)


def _taken_rows(asked: ExportRequest) -> QuerySet[ExportLog]:
    return ExportLog.objects.filter(user__in=_colleagues(asked).values("pk")).select_related("user")


def _taken_cells(row: ExportLog) -> Sequence[object]:
    return (row.pk, row.at, row.user.get_username(), row.name, row.reason)


def register() -> None:
    """Called when Django starts."""
    register_list_export(
        "access-log",
        ListExport(
            _("Access log"), Page.EXPORT_LOG, ("entry", "at", "who", "page", "patient"), _access_rows, _access_cells,
            no_patient,
        ),
    )  # fmt: skip
    register_list_export(
        "files-taken",
        ListExport(
            _("CSV files taken"), Page.EXPORT_LOG, ("entry", "at", "who", "list", "reason"), _taken_rows, _taken_cells,
            no_patient,
        ),
    )  # fmt: skip

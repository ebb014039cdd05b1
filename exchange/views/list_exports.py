"""The lists of parked rows, HL7 messages and uploads as CSV files; no text of a message or row leaves with them."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from clinic.roles import Page
from desk.list_exports import ExportRequest, ListExport, no_patient, register_list_export
from exchange.hl7.message_forms import MessageFilterForm
from exchange.models import Hl7Message, ParkedRow, ResultUpload
from exchange.views.hl7_messages import messages_of
from exchange.views.parked_rows import parked_rows_of
from exchange.views.uploads import uploads_of


def _parked_rows(asked: ExportRequest) -> QuerySet[ParkedRow]:
    rows, file = parked_rows_of(asked.user).filter(state=ParkedRow.State.PARKED), asked.query.get("file", "")
    return rows.filter(file=int(file)) if file.isdecimal() and len(file) < 19 else rows


def _parked_cells(row: ParkedRow) -> Sequence[object]:
    columns = " ".join(str(problem.get("column", "")) for problem in row.problems)
    return (row.pk, row.site.code if row.site else "", row.file_id, row.line, row.accession, row.parked_at, columns)


def _message_rows(asked: ExportRequest) -> QuerySet[Hl7Message]:
    query = asked.query if "state" in asked.query else {"state": Hl7Message.State.PARKED}
    form = MessageFilterForm(asked.user, query)
    if not form.is_valid():
        raise Http404
    return form.narrow(messages_of(asked.user)).select_related("site").defer("raw", "mended")


def _message_cells(row: Hl7Message) -> Sequence[object]:
    return (
        row.pk, row.site.code if row.site else "", row.received_at, row.source, row.application, row.facility,
        row.control_id, row.message_type, row.ack, row.state, row.field, row.recall_id, row.settled_at,
    )  # fmt: skip


def _upload_cells(row: ResultUpload) -> Sequence[object]:
    return (
        row.pk, row.site.code, row.name, row.size, row.uploaded_at, row.uploaded_by.get_username(), row.state,
        row.line_count, row.lines_done, row.finished_at,
    )  # fmt: skip


def register() -> None:
    """Called when Django starts."""
    lists = {
        "parked-rows": ListExport(
            _("Rows parked at intake"), Page.UPLOADS,
            ("row", "site", "file", "line", "accession", "parked_at", "columns_to_mend"), _parked_rows, _parked_cells,
            no_patient,
        ),
        "hl7-messages": ListExport(
            _("HL7 messages"), Page.HL7_MESSAGES,
            ("message", "site", "received_at", "source", "application", "facility", "control_id", "type", "answer",
             "state", "field_at_fault", "recall", "settled_at"),
            _message_rows, _message_cells, lambda row: row.patient_id,
        ),
        "uploads": ListExport(
            _("Uploads"), Page.UPLOADS,
            ("upload", "site", "file", "bytes", "uploaded_at", "uploaded_by", "state", "lines", "lines_done",
             "finished_at"),
            lambda asked: uploads_of(asked.user), _upload_cells, no_patient,
        ),
    }  # fmt: skip
    for name, export in lists.items():
        register_list_export(name, export)

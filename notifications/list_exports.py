"""The lists of messages, letters and lay summaries as CSV files."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from clinic.roles import Page
from desk.list_exports import ExportRequest, ListExport, register_list_export
from notifications.delivery import print_queue
from notifications.enums import UNDELIVERED_STATES, Channel, NotificationState
from notifications.models import LaySummary, Notification
from notifications.tracking_numbers import with_tracking_number

UNDELIVERED = "undelivered"
_COLUMNS = (
    "message", "recall", "site", "mrn", "kind", "channel", "state", "reason", "urgent", "due_at", "accepted_at",
    "valid_until", "tries", "language", "tracking_number", "pdf_made_at", "printed_by",
)  # fmt: skip
_SUMMARY_COLUMNS = (
    "summary", "site", "mrn", "accession", "exam_day", "result", "channel", "state", "reason", "leave_at", "due_by",
    "sent_at", "tries",
)  # fmt: skip


def _message_rows(asked: ExportRequest) -> QuerySet[Notification]:
    """Of the user's sites, or of one recall; in one state, or all that did not arrive."""
    rows = Notification.objects.filter(recall__site__in=asked.user.site_ids)
    recall, state = asked.query.get("recall", ""), asked.query.get("state", "")
    if recall:
        rows = rows.filter(recall=int(recall) if recall.isdecimal() and len(recall) < 19 else 0)
    if state and state not in (UNDELIVERED, *NotificationState):
        raise Http404
    if state:
        rows = rows.filter(state__in=UNDELIVERED_STATES if state == UNDELIVERED else [state])
    return _with_facts(rows)


def _letter_rows(asked: ExportRequest) -> QuerySet[Notification]:
    """Those that wait, with or without a PDF, and those that were printed in the last days, as the page shows them."""
    waiting = print_queue.get_letters_to_print(asked.user).values("pk")
    printed = print_queue.get_printed_letters(asked.user).values("pk")
    rows = Notification.objects.filter(channel=Channel.LETTER)
    return _with_facts(rows.filter(pk__in=waiting) | rows.filter(pk__in=printed))


def _with_facts(rows: QuerySet[Notification]) -> QuerySet[Notification]:
    return with_tracking_number(rows).select_related("recall__site", "patient", "printed_by")


def _message_cells(row: Notification) -> Sequence[object]:
    return (
        row.pk, row.recall_id, row.recall.site.code, row.patient.mrn, row.kind, row.channel, row.state, row.reason,
        row.urgent, row.due_at, row.accepted_at, row.expires_at, row.attempt_count, row.language,
        getattr(row, "tracking_number", ""), row.pdf_made_at, row.printed_by.get_username() if row.printed_by else "",
    )  # fmt: skip


def _summary_rows(asked: ExportRequest) -> QuerySet[LaySummary]:
    return LaySummary.objects.filter(site__in=asked.user.site_ids).select_related("site", "exam__patient")


def _summary_cells(row: LaySummary) -> Sequence[object]:
    return (
        row.pk, row.site.code, row.exam.patient.mrn, row.exam.accession, row.exam_day, row.result, row.channel,
        row.state, row.reason, row.leave_at, row.due_by, row.sent_at, row.attempt_count,
    )  # fmt: skip


def register() -> None:
    """Called when Django starts."""
    lists = {
        "messages": ListExport(
            _("Messages"), Page.RECALL, _COLUMNS, _message_rows, _message_cells, lambda row: int(row.patient_id)
        ),
        "letters": ListExport(
            _("Letters"), Page.LETTERS, _COLUMNS, _letter_rows, _message_cells, lambda row: int(row.patient_id)
        ),
        "lay-summaries": ListExport(
            _("Lay summaries"), Page.LETTERS, _SUMMARY_COLUMNS, _summary_rows, _summary_cells,
            lambda row: int(row.exam.patient_id),
        ),
    }  # fmt: skip
    for name, export in lists.items():
        register_list_export(name, export)

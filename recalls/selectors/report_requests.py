"""Reads the chase list: the reports that other institutions owe, by institution."""

from collections.abc import Iterable

from desk.keyset import rows_after
from recalls.enums import OutsideReportKind
from recalls.models import ReportRequest

PAGE_SIZE = 25
_ORDER = ("facility", "ask_on", "pk")


def get_report_requests(site_ids: Iterable[int], after: int | None = None) -> tuple[list[ReportRequest], bool]:
    """The open requests of these sites with recall and patient, and whether more stand behind them.

    Nobody is asked whether a patient who has died came.

    By institution, then by the day on which to ask. `after`: the primary key of the last one shown, since the name of
    an institution has no place in an address. One query, two behind the first page.
    """
    rows = ReportRequest.objects.filter(site_id__in=list(site_ids), closed_at=None).exclude(
        kind=OutsideReportKind.FIRST_VISIT, recall__patient__deceased_on__isnull=False
    )
    if after is not None:
        last = rows.filter(pk=after).values_list(*_ORDER).first()
        rows = rows.filter(rows_after(_ORDER, last)) if last else rows
    found = list(rows.select_related("recall__patient").order_by(*_ORDER)[: PAGE_SIZE + 1])
    return found[:PAGE_SIZE], len(found) > PAGE_SIZE

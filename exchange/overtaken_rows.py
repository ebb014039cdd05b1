"""Settles parked rows whose exam has come in since, so that nobody is sent after what is done.

Only what the later row certainly replaces is settled: the same exam of the same record number, no other assessment, no
newer report. A parked 4 is not put away by a 1.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping

from django.utils import timezone

from exchange.batch_importer import RowReport, RowResult
from exchange.errors import InvalidValue
from exchange.models import ParkedRow
from exchange.parsing.assessment_parser import parse_screening_assessment
from exchange.parsing.cell_text import clean_cell
from exchange.parsing.date_parser import parse_datetime
from recalls.models import ScreeningExam

# The cells of a row, what became of it, and its digest, which is seldom asked for.
Arrival = tuple[Mapping[str, str], RowReport, Callable[[], str]]
_WENT_IN = frozenset({RowResult.OPENED, RowResult.RECORDED, RowResult.UPDATED})


def settle_overtaken_rows(arrivals: list[Arrival], file_id: int | None) -> None:
    """Settle what these rows have replaced. One query where nothing waits."""
    by_accession: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        raw, report, _digest = arrival
        if report.exam is not None:
            for spelling in {report.exam.accession, raw.get("accession", "").strip()[:60]}:
                by_accession[spelling].append(arrival)
    waiting = ParkedRow.objects.filter(state=ParkedRow.State.PARKED, accession__in=by_accession)
    for row in waiting if by_accession else ():
        for raw, report, digest in by_accession[row.accession]:
            came_later = row.file_id != file_id or report.line == 0 or row.line < report.line
            if came_later and report.exam is not None and _replaces(raw, report, digest, row, report.exam):
                row.state, row.settled_at, row.exam = ParkedRow.State.OVERTAKEN, timezone.now(), report.exam
                row.save(update_fields=["state", "settled_at", "exam"])
                break


def _replaces(
    raw: Mapping[str, str], report: RowReport, digest: Callable[[], str], row: ParkedRow, exam: ScreeningExam
) -> bool:
    if digest() == row.source_digest:  # the very row, which the site's settings now let in
        return True
    is_same_exam = row.site_id == exam.site_id and all(
        _cell(row.cells, name) == _cell(raw, name) for name in ("mrn", "accession", "assigning_authority")
    )
    return report.result in _WENT_IN and is_same_exam and not _says_something_else(row, exam)


def _says_something_else(row: ParkedRow, exam: ScreeningExam) -> bool:
    """Whether the parked row holds another assessment or a newer report than what went in."""
    try:
        assessment = _cell(row.cells, "assessment")
        if assessment and parse_screening_assessment(assessment, exam.site) != exam.assessment:
            return True
    except InvalidValue:
        pass  # what cannot be read was the reason to park it
    try:
        reported = _cell(row.cells, "reported_at")
        return bool(reported and exam.reported_at and parse_datetime(reported, exam.site) > exam.reported_at)
    except InvalidValue:
        return False


def _cell(raw: Mapping[str, str], name: str) -> str:
    try:
        return clean_cell(name, raw.get(name, ""))
    except InvalidValue:
        return raw.get(name, "").strip()

"""Gives the cases of an audit by group: summed up from the months that are kept, or counted now."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any, NamedTuple

from reports.audit.cancers import load_cancers
from reports.audit.cases import AuditCase, Cancer
from reports.audit.diagnostic_cases import count_work_ups
from reports.audit.kept_months import KeptCounts, read_months, read_reader_months
from reports.audit.scope import DIAGNOSTIC_BREAKDOWNS, SCREENING_BREAKDOWNS, AuditScope, Breakdown
from reports.audit.screening_cases import GroupedCases, ReaderCases, count_screenings
from reports.models import KeptMonth

Part = KeptMonth.Part


class CountedCases(NamedTuple):
    """Screenings and work-ups by group; `kept_at` is None where they were counted now."""

    screening: GroupedCases
    work_ups: GroupedCases
    kept_at: datetime | None = None


def load_cases(scope: AuditScope, by: Breakdown) -> CountedCases:
    """Kept ones where all of the period is kept; one query for each section, two of what one person read alone."""
    return _read_cases(scope, by) or count_cases(scope, by)


def _read_cases(scope: AuditScope, by: Breakdown) -> CountedCases | None:
    parts = [part for part, breakdowns in BREAKDOWNS_BY_PART.items() if by in breakdowns]
    read = read_months if scope.reader_id is None else read_reader_months
    kept: dict[Part, KeptCounts | None] = {part: read(scope, part, by) for part in parts}
    if not all(kept.values()):
        return None
    found = {part: sum_cases(months.months) for part, months in kept.items() if months}
    counted_at = min(months.counted_at for months in kept.values() if months)
    return CountedCases(found.get(Part.SCREENING, {}), found.get(Part.WORK_UP, {}), counted_at)


BREAKDOWNS_BY_PART = {Part.SCREENING: SCREENING_BREAKDOWNS, Part.WORK_UP: DIAGNOSTIC_BREAKDOWNS}


def count_cases(scope: AuditScope, by: Breakdown) -> CountedCases:
    cancers = load_cancers(scope)
    return CountedCases(
        of_all_readers(count_screenings(scope, by, cancers)) if by in SCREENING_BREAKDOWNS else {},
        of_all_readers(count_work_ups(scope, by, cancers)) if by in DIAGNOSTIC_BREAKDOWNS else {},
    )


def of_all_readers(cases: ReaderCases) -> GroupedCases:
    groups: defaultdict[Any, Counter[AuditCase]] = defaultdict(Counter)
    for (_reader, key), counts in cases.items():
        groups[key].update(counts)
    return dict(groups)


def by_reader(cases: ReaderCases) -> dict[int, GroupedCases]:
    """Without those of which it is not known who read them."""
    found: defaultdict[int, GroupedCases] = defaultdict(dict)
    for (reader, key), counts in cases.items():
        if reader is not None:
            found[reader][key] = counts
    return dict(found)


def write_cases(groups: GroupedCases) -> list[list[Any]]:
    """As JSON: key of the group, the fields of the case, how many."""
    return [[key, *_case_fields(case), count] for key, cases in groups.items() for case, count in cases.items()]


def _case_fields(case: AuditCase) -> list[Any]:
    cancer = list(case.cancer) if case.cancer else None
    return [
        case.is_screening, case.first, case.final, case.is_technical, case.biopsy_advised, case.biopsy_done, cancer,
    ]  # fmt: skip


def sum_cases(months: tuple[Any, ...]) -> GroupedCases:
    """What `write_cases` wrote of some months, together."""
    groups: defaultdict[Any, Counter[AuditCase]] = defaultdict(Counter)
    for rows in months:
        for key, is_screening, first, final, is_technical, advised, done, found, count in rows:
            cancer = Cancer(*found) if found else None
            case = AuditCase(is_screening, first, final, is_technical, advised, done, cancer)
            groups[key][case] += count
    return dict(groups)

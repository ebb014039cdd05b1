"""Figures of the audit: each measure in each group with its numerator, denominator, interval and warnings."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from clinic.models import User
from recalls.assignment import display_name
from reports.audit.cases import AuditCase
from reports.audit.counted_cases import count_cases, load_cases
from reports.audit.definitions import DIAGNOSTIC_MEASURES, SCREENING_MEASURES, SMALL_DENOMINATOR, MeasureDefinition
from reports.audit.scope import AuditScope, Breakdown, sorted_groups
from reports.audit.screening_cases import GroupedCases
from reports.rates import format_rate, format_share

OTHER_READERS = "others"


@dataclass(frozen=True, slots=True)
class AuditFigure:
    """A numerator and its denominator. `rate`, `low` and `high` (95 %) are empty where a rate would be untrue."""

    measure: MeasureDefinition
    numerator: int
    denominator: int
    is_mature: bool
    lacks_negatives: bool = False

    @property
    def is_small(self) -> bool:
        return 0 < self.denominator < SMALL_DENOMINATOR

    @property
    def has_rate(self) -> bool:
        return self.denominator > 0 and not self.lacks_negatives

    @property
    def rate(self) -> str:
        return format_rate(self.numerator, self.denominator, self.measure.per) if self.has_rate else ""

    @property
    def low(self) -> str:
        return self._bound(0)

    @property
    def high(self) -> str:
        return self._bound(1)

    def _bound(self, end: int) -> str:
        if not self.has_rate:
            return ""
        return format_share(wilson_interval(self.numerator, self.denominator)[end], self.measure.per)

    @property
    def unit(self) -> str:
        return "%" if self.measure.per == 100 else _("per 1,000")

    @property
    def warnings(self) -> list[str]:
        """Why the figure is to be read with care; in words, since grey alone tells nothing."""
        found = []
        if not self.denominator:
            found.append(_("none counted"))
        elif self.lacks_negatives:
            found.append(_("no rate: the negative exams do not all come in"))
        elif self.is_small:
            found.append(_("small: fewer than %(number)d") % {"number": SMALL_DENOMINATOR})
        if not self.is_mature:
            found.append(_("not mature: cancers may still come"))
        return found


@dataclass(frozen=True, slots=True)
class AuditGroup:
    """One row of the audit: a facility, a reader, an age band, or all together."""

    label: str
    exams: int
    figures: tuple[AuditFigure, ...]
    key: Any = None  # what stands in the rows of the group; None for all together


@dataclass(frozen=True, slots=True)
class Audit:
    """Screenings and work-ups of a period in groups."""

    scope: AuditScope
    by: Breakdown
    screening: tuple[AuditGroup, ...]
    diagnostic: tuple[AuditGroup, ...]
    is_mature: bool
    kept_at: datetime | None = None  # when the workers counted it; None: now

    @property
    def sections(self) -> list[tuple[str, str, tuple[AuditGroup, ...]]]:
        named = [
            ("screening", _("Screening"), self.screening),
            ("diagnostic", _("Diagnostic work-up"), self.diagnostic),
        ]
        return [section for section in named if section[2]]


def compute_audit(
    scope: AuditScope, by: Breakdown, today: date, *, own_reader_id: int | None = None, counts_anew: bool = False
) -> Audit:
    """All figures, the row of all together first.

    For whom no other reader is to be told apart, `own_reader_id` names them: the others are one row. `counts_anew`
    passes over what the workers kept.
    """
    screening, diagnostic, kept_at = count_cases(scope, by) if counts_anew else load_cases(scope, by)
    is_mature = scope.is_mature(today)
    if by == Breakdown.READER and own_reader_id is not None:
        screening, diagnostic = _blind(screening, own_reader_id), _blind(diagnostic, own_reader_id)
    # MQSA's positive predictive value is about screenings and work-ups alike.
    keys = {*screening, *diagnostic}
    both = {key: screening.get(key, Counter()) + diagnostic.get(key, Counter()) for key in keys}
    names = _names(scope, by, keys)
    return Audit(
        scope, by,
        tuple(_groups(screening, {}, SCREENING_MEASURES, by, names, is_mature)),
        tuple(_groups(diagnostic, both, DIAGNOSTIC_MEASURES, by, names, is_mature)),
        is_mature,
        kept_at,
    )  # fmt: skip


def _blind(cases: GroupedCases, own_reader_id: int) -> GroupedCases:
    own = {key: found for key, found in cases.items() if key == own_reader_id}
    others = sum((found for key, found in cases.items() if key != own_reader_id), Counter[AuditCase]())
    return own | ({OTHER_READERS: others} if others else {})


def _names(scope: AuditScope, by: Breakdown, keys: Iterable[Any]) -> dict[Any, str]:
    if by == Breakdown.SITE:
        return {site.pk: site.name for site in scope.sites}
    if by == Breakdown.READER:
        readers = User.objects.filter(pk__in=[key for key in keys if key and key != OTHER_READERS])
        return {OTHER_READERS: _("Other readers together")} | {user.pk: display_name(user) for user in readers}
    return {}


def _groups(
    cases: GroupedCases, both: GroupedCases, measures: Sequence[MeasureDefinition], by: Breakdown,
    names: dict[Any, str], is_mature: bool,
) -> Iterable[AuditGroup]:  # fmt: skip
    if not cases:
        return
    everything = sum(cases.values(), Counter[AuditCase]())
    every_kind = sum(both.values(), Counter[AuditCase]())
    yield _group(str(_("All")), everything, every_kind, measures, is_mature)
    if by == Breakdown.ALL:
        return
    for label, key in sorted_groups(by, cases, names):
        yield replace(_group(label, cases[key], both.get(key, Counter()), measures, is_mature), key=key)


def _group(
    label: str, cases: Counter[AuditCase], both: Counter[AuditCase], measures: Sequence[MeasureDefinition],
    is_mature: bool,
) -> AuditGroup:  # fmt: skip
    figures = tuple(
        count_measure(measure, both if measure.of_screening and measure.of_diagnostic else cases, is_mature)
        for measure in measures
    )
    return AuditGroup(label, cases.total(), figures)


def count_measure(measure: MeasureDefinition, cases: Counter[AuditCase], is_mature: bool) -> AuditFigure:
    """No reader calls back more than they clear: with fewer negative than positive exams, negative ones are missing."""
    counted = Counter({case: count for case, count in cases.items() if measure.among(case)})
    negative = sum(count for case, count in cases.items() if case.is_negative)
    positive = sum(count for case, count in cases.items() if case.is_positive)
    return AuditFigure(
        measure,
        sum(count for case, count in counted.items() if measure.counts(case)),
        counted.total(),
        is_mature or not measure.waits,
        lacks_negatives=measure.needs_negatives and negative <= positive and counted.total() > 0,
    )


def format_kept_at(kept_at: datetime | None, scope: AuditScope) -> str:
    """The time at the first site; empty where the figures were counted now."""
    return f"{kept_at.astimezone(scope.sites[0].zone):%Y-%m-%d %H:%M}" if kept_at else ""


@lru_cache(maxsize=4096)
def wilson_interval(numerator: int, denominator: int) -> tuple[float, float]:
    """95 % by the method of Wilson."""
    from scipy.stats import binomtest  # half a second: only a process that shows figures needs it

    found = binomtest(numerator, denominator).proportion_ci(confidence_level=0.95, method="wilson")
    return float(found.low), float(found.high)

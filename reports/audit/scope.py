"""Which exams an audit looks at, and by what they are told apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Case, F, Func, IntegerField, Q, Value, When
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from desk.languages import language_name
from recalls.enums import Density, RecallKind, ScreeningModality
from reports.audit.cases import NOT_AUDITED, WINDOW_DAYS

AGE_BANDS = ((0, 39), (40, 49), (50, 59), (60, 69), (70, 79), (80, 200))


class ExamRow(NamedTuple):
    """A screening of a patient with a cancer."""

    patient_id: int
    pk: int
    day: date
    site_id: int
    reader_id: int | None
    assessment: str
    recall_kind: str
    group: Any


@dataclass(frozen=True, slots=True)
class AuditScope:
    """Exams of these sites from the first day to the last; of one reader where one is named."""

    sites: tuple[Site, ...]
    since: date
    until: date
    reader_id: int | None = None

    @classmethod
    def of_year(cls, sites: Sequence[Site], year: int, reader_id: int | None = None) -> "AuditScope":
        return cls(tuple(sites), date(year, 1, 1), date(year, 12, 31), reader_id)

    @property
    def site_ids(self) -> list[int]:
        return [site.pk for site in self.sites]

    @property
    def window_ends_on(self) -> date:
        """The last day on which a cancer may still count."""
        return self.until + timedelta(days=WINDOW_DAYS)

    def is_mature(self, today: date) -> bool:
        return today > self.window_ends_on

    def audits(self, exam: ExamRow) -> bool:
        """The same as `exam_condition`, of one exam that was read already."""
        is_here = exam.site_id in self.site_ids and self.since <= exam.day <= self.until
        return is_here and self.reader_id in (None, exam.reader_id) and exam.assessment not in NOT_AUDITED

    def exam_condition(self, exam: str = "") -> Q:
        """The screenings of this audit; `exam` leads to them ("recall__exam__")."""
        wanted = Q(**{f"{exam}site__in": self.site_ids, f"{exam}exam_date__range": (self.since, self.until)})
        if self.reader_id is not None:
            wanted &= Q(**{f"{exam}reader": self.reader_id})
        left_out = Q(**{f"{exam}recall_kind": RecallKind.INCIDENTAL}) | Q(**{f"{exam}assessment__in": NOT_AUDITED})
        return wanted & ~left_out


class WholeYears(Func):
    """Whole years from the second date to the first: the difference of the dates written as numbers, 20260301."""

    output_field = IntegerField()
    arity = 2

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        one = "CAST(replace({}, '-', '') AS integer)"
        return self._write(compiler, connection, one)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self._write(compiler, connection, "CAST(to_char({}, 'YYYYMMDD') AS integer)")

    def _write(self, compiler: Any, connection: Any, one: str) -> tuple[str, list[Any]]:
        (day, day_params), (birth, birth_params) = (
            compiler.compile(expression) for expression in self.get_source_expressions()
        )
        return f"(({one.format(day)} - {one.format(birth)}) / 10000)", [*day_params, *birth_params]


class Breakdown(models.TextChoices):
    """By what the exams of an audit are told apart."""

    ALL = "all", _("All together")
    SITE = "site", _("Facility")
    READER = "reader", _("Reader")
    AGE = "age", _("Age")
    DENSITY = "density", _("Density")
    MODALITY = "modality", _("Modality")
    FIRST_SCREEN = "first-screen", _("First or later screening")
    LANGUAGE = "language", _("Language")
    INDICATION = "indication", _("Reason for the work-up")

    def expression(self, exam: str = "", *, reader: str = "") -> Any:
        """What to group by; `exam` leads to the screening, `reader` to who read where that is another person."""
        return {
            Breakdown.ALL: Value("", models.CharField()),
            Breakdown.SITE: F(f"{exam}site_id"),
            Breakdown.READER: F(reader or f"{exam}reader_id"),
            Breakdown.AGE: WholeYears(F(f"{exam}exam_date"), F(f"{exam}patient__birth_date")),
            Breakdown.DENSITY: F(f"{exam}density"),
            Breakdown.MODALITY: F(f"{exam}modality"),
            Breakdown.FIRST_SCREEN: F(f"{exam}first_screen"),
            Breakdown.LANGUAGE: F(f"{exam}patient__language"),
            Breakdown.INDICATION: _INDICATION,
        }[self]

    def key(self, value: Any) -> Any:
        """The group that a value of the expression belongs to."""
        if self != Breakdown.AGE or value is None:
            return value
        return next((number for number, (_first, last) in enumerate(AGE_BANDS) if value <= last), len(AGE_BANDS) - 1)


class Indication(models.TextChoices):
    """Why a work-up was made; as the BCSC tells them apart."""

    SHORT_INTERVAL = "short_interval", _("Short-interval follow-up")
    PROBLEM = "problem", _("Symptom reported")
    WORK_UP = "work_up", _("Additional work-up of a screening")


_INDICATION = Case(
    When(round__gt=0, then=Value(Indication.SHORT_INTERVAL)),
    When(recall__kind=RecallKind.CLINICAL, then=Value(Indication.PROBLEM)),
    default=Value(Indication.WORK_UP),
    output_field=models.CharField(),
)
SCREENING_BREAKDOWNS = tuple(one for one in Breakdown if one != Breakdown.INDICATION)
DIAGNOSTIC_BREAKDOWNS = tuple(one for one in Breakdown if one not in (Breakdown.MODALITY, Breakdown.FIRST_SCREEN))


def group_label(breakdown: Breakdown, key: Any, names: dict[Any, str]) -> str:
    """The heading of one group's row; `names` has those of sites and readers."""
    if breakdown == Breakdown.ALL:
        return str(_("All"))
    if breakdown == Breakdown.AGE and key is not None:
        first, last = AGE_BANDS[key]
        words = _("%(first)d and older") if key == len(AGE_BANDS) - 1 else _("%(first)d to %(last)d")
        return str(words % {"first": first, "last": last})
    if breakdown == Breakdown.FIRST_SCREEN and key is not None:
        return str(_("First screening") if key else _("Later screening"))
    if breakdown == Breakdown.LANGUAGE and key:
        return language_name(key)
    choices: dict[Any, Any] = {
        Breakdown.DENSITY: dict(Density.choices),
        Breakdown.MODALITY: dict(ScreeningModality.choices),
        Breakdown.INDICATION: dict(Indication.choices),
    }.get(breakdown, names)
    return str(choices.get(key, _("Not stated")))

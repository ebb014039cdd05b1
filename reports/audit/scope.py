"""Which exams an audit looks at, and by what they are told apart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Case, Exists, F, Func, IntegerField, OuterRef, Q, Value, When
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from desk.languages import language_name
from patients.background import Ethnicity, Insurance, Race
from recalls.enums import Density, FindingKind, RecallKind, ScreeningModality
from recalls.models import Finding
from reports.audit.cases import NOT_AUDITED, WINDOW_DAYS

AGE_BANDS = ((0, 39), (40, 49), (50, 59), (60, 69), (70, 79), (80, 200))
DISTANCE_BANDS = ((0, 9), (10, 24), (25, 49), (50, 100_000))  # miles


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
    DOUBLE_READ = "double-read", _("Read by one or two")
    INTERPRETER = "interpreter", _("Interpreter")
    RACE = "race", _("Race")
    ETHNICITY = "ethnicity", _("Ethnicity")
    INSURANCE = "insurance", _("Insurance")
    DISTANCE = "distance", _("Miles to the site")

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
            Breakdown.DOUBLE_READ: F(f"{exam}double_read"),
            Breakdown.INTERPRETER: F(f"{exam}patient__interpreter_needed"),
            Breakdown.RACE: F(f"{exam}patient__race"),
            Breakdown.ETHNICITY: F(f"{exam}patient__ethnicity"),
            Breakdown.INSURANCE: F(f"{exam}patient__insurance"),
            Breakdown.DISTANCE: F(f"{exam}patient__distance_miles"),
        }[self]

    @property
    def bands(self) -> tuple[tuple[int, int], ...]:
        """First and last number of each group; empty where the groups are no numbers."""
        return {Breakdown.AGE: AGE_BANDS, Breakdown.DISTANCE: DISTANCE_BANDS}.get(self, ())

    def key(self, value: Any) -> Any:
        """The group that a value of the expression belongs to."""
        if not self.bands or value is None:
            return value
        return next((number for number, (_first, last) in enumerate(self.bands) if value <= last), len(self.bands) - 1)


class Indication(models.TextChoices):
    """Why a work-up was made; as the BCSC tells them apart."""

    SHORT_INTERVAL = "short_interval", _("Short-interval follow-up")
    LUMP = "lump", _("Lump that can be felt")
    PROBLEM = "problem", _("Symptom other than a lump")
    WORK_UP = "work_up", _("Additional work-up of a screening")


_LUMPS = Finding.objects.filter(exam=OuterRef("recall__exam"), kind=FindingKind.LUMP)
# A recalled screening is worked up for what it showed, whatever else is felt.
_INDICATION = Case(
    When(round__gt=0, then=Value(Indication.SHORT_INTERVAL)),
    When(Exists(_LUMPS), recall__kind=RecallKind.CLINICAL, then=Value(Indication.LUMP)),
    When(recall__kind=RecallKind.CLINICAL, then=Value(Indication.PROBLEM)),
    default=Value(Indication.WORK_UP),
    output_field=models.CharField(),
)
# What may make a patient wait: the groups of the waits and of who is reached.
EQUITY_BREAKDOWNS = (
    Breakdown.SITE, Breakdown.LANGUAGE, Breakdown.INTERPRETER, Breakdown.AGE, Breakdown.RACE, Breakdown.ETHNICITY,
    Breakdown.INSURANCE, Breakdown.DISTANCE, Breakdown.FIRST_SCREEN,
)  # fmt: skip
_OF_WAITS_ALONE = (
    Breakdown.INTERPRETER, Breakdown.RACE, Breakdown.ETHNICITY, Breakdown.INSURANCE, Breakdown.DISTANCE,
)  # fmt: skip
AUDIT_BREAKDOWNS = tuple(one for one in Breakdown if one not in _OF_WAITS_ALONE)
SCREENING_BREAKDOWNS = tuple(one for one in AUDIT_BREAKDOWNS if one != Breakdown.INDICATION)
DIAGNOSTIC_BREAKDOWNS = tuple(
    one for one in AUDIT_BREAKDOWNS if one not in (Breakdown.MODALITY, Breakdown.FIRST_SCREEN, Breakdown.DOUBLE_READ)
)


def sorted_groups(by: Breakdown, keys: Iterable[Any], names: dict[Any, str]) -> list[tuple[str, Any]]:
    """Label and key of each group: by number or by label, what nobody stated last."""
    labelled = [(group_label(by, key, names), key) for key in keys]
    return sorted(labelled, key=lambda one: (one[1] in (None, ""), str(one[1]) if by.bands else one[0]))


def group_label(by: Breakdown, key: Any, names: dict[Any, str]) -> str:
    """The heading of one group's row; `names` has those of sites and readers."""
    if by == Breakdown.ALL:
        return str(_("All"))
    if by.bands and key is not None:
        first, last = by.bands[key]
        words = _("%(first)d and more") if key == len(by.bands) - 1 else _("%(first)d to %(last)d")
        words = _("%(first)d and older") if by == Breakdown.AGE and key == len(by.bands) - 1 else words
        return str(words % {"first": first, "last": last})
    if by in _YES_OR_NO and key is not None:
        return str(_YES_OR_NO[by][not key])
    if by == Breakdown.LANGUAGE and key:
        return language_name(key)
    return str(_CHOICES.get(by, names).get(key, _("Not stated")))


_YES_OR_NO: dict[Breakdown, tuple[Any, Any]] = {
    Breakdown.FIRST_SCREEN: (_("First screening"), _("Later screening")),
    Breakdown.DOUBLE_READ: (_("Read by two"), _("Read by one")),
    Breakdown.INTERPRETER: (_("Interpreter needed"), _("No interpreter needed")),
}
_CHOICES: dict[Breakdown, dict[Any, Any]] = {
    Breakdown.DENSITY: dict(Density.choices),
    Breakdown.MODALITY: dict(ScreeningModality.choices),
    Breakdown.INDICATION: dict(Indication.choices),
    Breakdown.RACE: dict(Race.choices),
    Breakdown.ETHNICITY: dict(Ethnicity.choices),
    Breakdown.INSURANCE: dict(Insurance.choices),
}

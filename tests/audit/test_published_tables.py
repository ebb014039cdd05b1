"""Published audit tables come out to the printed digit, from counts loaded through the ordinary models."""

from collections.abc import Iterator
from datetime import date

import pytest

from clinic.models import Site
from recalls.enums import Assessment, RecallKind
from reports.audit.definitions import MEASURES_BY_NAME
from reports.audit.figures import AuditFigure, AuditGroup, compute_audit
from reports.audit.scope import AuditScope, Breakdown
from reports.audit.waits.documents import build_wait_document
from reports.audit.waits.figures import compute_waits
from reports.rates import format_rate
from tests.audit.histories import History, Reading, Tissue, write_histories

YEAR = 2024
DAY = date(YEAR, 3, 5)
TODAY = date(2026, 11, 24)

# Numerator and denominator as published, and the printed rate.
PUBLISHED = (
    (225_612, 2_264_089, "10.0"),  # BCSC screening, 2002 to 2006: recall rate, PPV1, PPV2, PPV3
    (9_252, 225_612, "4.1"),
    (7_033, 29_802, "23.6"),
    (6_216, 21_483, "28.9"),
    (33_517, 232_678, "14.4"),  # BCSC diagnostic, 1996 to 2005, work-up of an abnormal screening
    (9_013, 33_517, "26.9"),
    (8_596, 32_150, "26.7"),
    (7_762, 24_762, "31.3"),
    (6_668, 163_155, "4.1"),  # short-interval follow-up
    (1_482, 6_668, "22.2"),
    (1_440, 6_396, "22.5"),
    (1_339, 4_726, "28.3"),
    (12_882, 202_490, "6.4"),  # a breast problem without a lump
    (4_023, 12_882, "31.2"),
    (3_775, 11_954, "31.6"),
    (3_262, 8_518, "38.3"),
    (15_414, 116_661, "13.2"),  # a palpable lump
    (6_847, 15_414, "44.4"),
    (6_274, 14_173, "44.3"),
    (5_332, 10_473, "50.9"),
    (68_481, 714_984, "9.6"),  # all diagnostic exams
    (21_365, 68_481, "31.2"),
    (20_085, 64_673, "31.1"),
    (17_695, 48_479, "36.5"),
    (235_569, 2_674_051, "8.8"),  # BCSC 2012 to 2020, all screenings
)
# The same rates from as few exams as give the printed digits: exams, positive, biopsies advised, biopsies done, and the
# cancers among the three.
SCREENING = (3_170, 317, 55, 45, 13, 13, 13)
DIAGNOSTIC = {
    "work_up": (1_083, 156, 150, 115, 42, 40, 36),
    "short_interval": (1_980, 81, 80, 53, 18, 18, 15),
    "problem": (1_713, 109, 95, 60, 34, 30, 23),
    "lump": (476, 63, 61, 53, 28, 27, 27),
}
PRINTED = {
    "screening": ("10.0", "4.1", "23.6", "28.9"),
    "work_up": ("14.4", "26.9", "26.7", "31.3"),
    "short_interval": ("4.1", "22.2", "22.5", "28.3"),
    "problem": ("6.4", "31.2", "31.6", "38.3"),
    "lump": ("13.2", "44.4", "44.3", "50.9"),
}
# Not told apart by a reason: all diagnostic exams of the BCSC, and Sprague 2017 with its rate of cancers (cancers
# diagnosed per 1,000).
TOGETHER = {
    "all": ((798, 77, 74, 63, 24, 23, 23), ("9.6", "31.2", "31.1", "36.5")),
    "sprague": ((317, 40, 40, 23, 11, 11, 7), ("12.6", "27.5", "27.5", "30.4")),
}
LABELS = {
    "work_up": "Additional work-up of a screening",
    "short_interval": "Short-interval follow-up",
    "problem": "Symptom other than a lump",
    "lump": "Lump that can be felt",
}


@pytest.mark.parametrize(("numerator", "denominator", "printed"), PUBLISHED)
def test_published_counts_give_the_printed_rate(numerator: int, denominator: int, printed: str) -> None:
    figure = AuditFigure(MEASURES_BY_NAME["ppv1"], numerator, denominator, is_mature=True)
    assert figure.rate == printed == format_rate(numerator, denominator, 100)
    assert float(figure.low) <= float(printed) <= float(figure.high)


def _screenings() -> Iterator[History]:
    exams, positive, advised, done, cancers, _of_advised, _of_done = SCREENING
    for number in range(exams):
        if number >= positive:
            yield History(DAY, Assessment.NEGATIVE)
        else:
            outcome = Assessment.SUSPICIOUS if number < advised else Assessment.BENIGN
            yield History(
                DAY, Assessment.NEED_IMAGING, readings=(Reading(outcome),),
                biopsy_days=(20,) if number < done else (), tissue=(Tissue(),) if number < cancers else (),
            )  # fmt: skip


@pytest.mark.django_db
def test_the_screening_benchmarks_of_the_bcsc(shadyside: Site) -> None:
    write_histories(shadyside, _screenings())
    found = compute_audit(AuditScope.of_year([shadyside], YEAR), Breakdown.ALL, TODAY).screening[0]
    assert _rates(found, "air", "ppv1", "ppv2", "ppv3") == PRINTED["screening"]
    assert found.exams == SCREENING[0]


def _work_ups(indication: str, counts: tuple[int, ...]) -> Iterator[History]:
    exams, positive, advised, done, cancers, of_advised, of_done = counts
    kind = RecallKind.CLINICAL if indication in ("problem", "lump") else RecallKind.FINDING
    # Of those with cancer some had their biopsy, some were advised one elsewhere, some were read as incomplete.
    with_cancer = {*range(of_done), *range(done, done + of_advised - of_done)}
    with_cancer |= set(range(advised, advised + cancers - of_advised))
    for number in range(exams):
        assessment = Assessment.BENIGN
        if number < positive:
            assessment = Assessment.SUSPICIOUS if number < advised else Assessment.NEED_IMAGING
        yield History(
            DAY, Assessment.NEED_IMAGING if kind == RecallKind.FINDING else Assessment.NEGATIVE, kind,
            readings=(Reading(assessment, round=indication == "short_interval"),),
            biopsy_days=(20,) if number < done else (),
            known_later=((30, "invasive"),) if number in with_cancer else (), has_lump=indication == "lump",
        )  # fmt: skip


@pytest.mark.django_db
def test_the_diagnostic_benchmarks_of_the_bcsc_by_reason(shadyside: Site) -> None:
    for indication in DIAGNOSTIC:
        write_histories(shadyside, _work_ups(indication, DIAGNOSTIC[indication]))
    audit = compute_audit(AuditScope.of_year([shadyside], YEAR), Breakdown.INDICATION, TODAY)
    groups = {group.label: group for group in audit.diagnostic}
    names = ("diagnostic_air", "diagnostic_ppv1", "diagnostic_ppv2", "diagnostic_ppv3")
    assert {one: _rates(groups[LABELS[one]], *names) for one in DIAGNOSTIC} == {one: PRINTED[one] for one in DIAGNOSTIC}
    assert {one: groups[LABELS[one]].exams for one in DIAGNOSTIC} == {one: DIAGNOSTIC[one][0] for one in DIAGNOSTIC}


@pytest.mark.django_db
@pytest.mark.parametrize("table", TOGETHER)
def test_the_diagnostic_benchmarks_of_all_reasons_together(shadyside: Site, table: str) -> None:
    counts, printed = TOGETHER[table]
    write_histories(shadyside, _work_ups("work_up", counts))
    found = compute_audit(AuditScope.of_year([shadyside], YEAR), Breakdown.ALL, TODAY).diagnostic[0]
    assert _rates(found, "diagnostic_air", "diagnostic_ppv1", "diagnostic_ppv2", "diagnostic_ppv3") == printed
    assert found.exams == counts[0]
    if table == "sprague":
        assert _rates(found, "diagnostic_cdr") == ("34.7",)


def _rates(group: AuditGroup, *names: str) -> tuple[str, ...]:
    rates = {figure.measure.name: figure.rate for figure in group.figures}
    return tuple(rates[name] for name in names)


# Lehman 2017, from as few exams as give its printed digits: exams, positive, cancers read as positive and as negative;
# biopsies advised and cancers among them, biopsies done and cancers among these.
LEHMAN = (10_292, 1_192, 53, 8, 117, 30, 63, 18)
LEHMAN_PRINTED = {
    "air": "11.6", "cdr": "5.1", "sensitivity": "86.9", "specificity": "88.9", "false_negatives": "0.8", "ppv1": "4.4",
    "ppv2": "25.6", "ppv3": "28.6",
}  # fmt: skip


def _lehman() -> Iterator[History]:
    exams, positive, found, missed, advised, of_advised, done, of_done = LEHMAN
    # Those with cancer: some biopsied here, some advised a biopsy and biopsied elsewhere, the others known later.
    with_cancer = {*range(of_done), *range(done, done + of_advised - of_done)}
    with_cancer |= set(range(advised, advised + found - of_advised))
    for number in range(exams):
        is_missed = positive <= number < positive + missed
        known = ((40, "invasive"),) if number in with_cancer or is_missed else ()
        if number >= positive:
            yield History(DAY, Assessment.NEGATIVE, known_later=known)
        elif number >= advised:
            yield History(DAY, Assessment.NEED_IMAGING, known_later=known)
        else:
            yield History(
                DAY, Assessment.NEED_IMAGING, readings=(Reading(Assessment.SUSPICIOUS),), known_later=known,
                biopsy_days=(20,) if number < done else (),
            )  # fmt: skip


@pytest.mark.long
@pytest.mark.django_db
def test_the_screening_benchmarks_of_lehman(shadyside: Site) -> None:
    write_histories(shadyside, _lehman())
    found = compute_audit(AuditScope.of_year([shadyside], YEAR), Breakdown.ALL, TODAY).screening[0]
    assert dict(zip(LEHMAN_PRINTED, _rates(found, *LEHMAN_PRINTED), strict=True)) == LEHMAN_PRINTED


@pytest.mark.django_db
def test_first_and_later_screenings_of_the_bcsc(shadyside: Site) -> None:
    """2012 to 2020: 8.8 % of all called back, of first screenings 21.3."""
    for is_first, exams, called in ((True, 141, 30), (False, 859, 58)):
        some = [History(DAY, Assessment.NEED_IMAGING, first_screen=is_first)] * called
        write_histories(
            shadyside, [*some, *[History(DAY, Assessment.NEGATIVE, first_screen=is_first)] * (exams - called)]
        )
    audit = compute_audit(AuditScope.of_year([shadyside], YEAR), Breakdown.FIRST_SCREEN, TODAY)
    rates = {group.label: _rates(group, "recall_rate_mqsa")[0] for group in audit.screening}
    assert rates == {"All": "8.8", "First screening": "21.3", "Later screening": "6.8"}


@pytest.mark.django_db
def test_the_return_of_category_3_in_boston(shadyside: Site) -> None:
    """1,125 of 1,511 patients came back in time for their 6-month visit: 74.5 %; who never came is still waiting."""
    first, back = Reading(Assessment.PROBABLY_BENIGN), Reading(Assessment.BENIGN, days=200, round=1)
    came = [History(DAY, Assessment.NEED_IMAGING, readings=(first, back))] * 1_125
    away = [History(DAY, Assessment.NEED_IMAGING, readings=(first,))] * (1_511 - 1_125)
    write_histories(shadyside, [*came, *away])
    scope = AuditScope.of_year([shadyside], YEAR)
    [group] = build_wait_document(compute_waits(scope, Breakdown.ALL, TODAY), scope, Breakdown.ALL, TODAY)["groups"]
    figure = group["waits"]["return_6"]
    assert (figure["waiting"], figure["reached"], figure["within_target"]) == (1_511, 1_125, "74.5")

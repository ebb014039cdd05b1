"""Published figures of who comes back come out to the printed digit, from counts loaded through the ordinary models."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest

from clinic.models import Site
from recalls.enums import AppointmentStatus, Assessment
from recalls.models import Appointment, Recall
from reports.audit.equity.documents import build_equity_document
from reports.audit.equity.figures import compute_equity
from reports.audit.scope import AuditScope, Breakdown
from reports.audit.waits.documents import build_wait_document
from reports.audit.waits.figures import compute_waits
from reports.rates import format_rate
from tests.audit.histories import History, Reading, write_histories

DAY = date(2023, 3, 5)
TODAY = date(2026, 11, 24)
THREE = Reading(Assessment.PROBABLY_BENIGN)

# Numerator and denominator as published, and the printed rate.
PUBLISHED = (
    (6_778, 8_834, "76.7"),  # Giess 2024: category 3 that came back by 15 months
    (1_125, 1_511, "74.5"),  # Lacson 2019: category 3 that came back in time
    (904, 4_552, "19.9"),  # Platt 2022: a 0 that never returned
    (2_798, 3_648, "76.7"),  # of those who did, within 60 days
    (850, 3_648, "23.3"),  # and later
    (363, 364, "99.7"),  # extra views done where the facility booked them
)


@pytest.mark.parametrize(("numerator", "denominator", "printed"), PUBLISHED)
def test_published_counts_give_the_printed_share(numerator: int, denominator: int, printed: str) -> None:
    assert format_rate(numerator, denominator, 100) == printed


def _waits(site: Site) -> dict[str, Any]:
    scope = AuditScope.of_year([site], DAY.year)
    [group] = build_wait_document(compute_waits(scope, Breakdown.ALL, TODAY), scope, Breakdown.ALL, TODAY)["groups"]
    found: dict[str, Any] = group["waits"]
    return found


def _shares(site: Site) -> dict[str, Any]:
    scope = AuditScope.of_year([site], DAY.year)
    found = build_equity_document(compute_equity(scope, Breakdown.ALL, TODAY), scope, Breakdown.ALL, TODAY)
    shares: dict[str, Any] = found["groups"][0]["shares"]
    return shares


@pytest.mark.long
@pytest.mark.django_db
def test_the_return_of_category_3_by_15_months(shadyside: Site) -> None:
    """Giess 2024: 6,778 of 8,834; some at six months, some late, some after the 15 months were over or never."""
    came = {days: History(DAY, Assessment.NEED_IMAGING, readings=(THREE, Reading(Assessment.BENIGN, days, round=1)))
            for days in (200, 470, 480)}  # fmt: skip
    away = History(DAY, Assessment.NEED_IMAGING, readings=(THREE,))
    write_histories(shadyside, [*[came[200]] * 5_000, *[came[470]] * 1_778, *[came[480]] * 56, *[away] * 2_000])
    figure = _waits(shadyside)["return_15"]
    assert (figure["waiting"], figure["reached"], figure["within_target"]) == (8_834, 6_834, "76.7")
    assert (_shares(shadyside)["return_15_in_time"]["count"], _shares(shadyside)["return_15_in_time"]["of"]) == (
        6_778, 8_834,
    )  # fmt: skip


def _visits(recalls: Iterable[Recall], days: int) -> None:
    Appointment.objects.bulk_create(
        Appointment(
            recall=recall, site=recall.site, starts_at=recall.opened_at + timedelta(days=days),
            status=AppointmentStatus.ATTENDED,
        )
        for recall in recalls
    )  # fmt: skip


@pytest.mark.long
@pytest.mark.django_db
def test_who_never_returned_after_a_0(shadyside: Site) -> None:
    """Platt 2022: of 4,552 patients 904 never returned; 2,798 did within 60 days, half of those by day 20.

    The share within 60 days is one of all 4,552: the published 76.7 % and the medians are of those who came alone.
    """
    exams = write_histories(shadyside, [History(DAY, Assessment.NEED_IMAGING, recall_kind="finding")] * 4_552)
    recalls = list(Recall.objects.filter(exam__in=exams).select_related("site").order_by("pk"))
    _visits(recalls[:1_824], 20)
    _visits(recalls[1_824:2_798], 40)
    _visits(recalls[2_798:3_648], 176)
    never = _shares(shadyside)["never_came"]
    assert (never["count"], never["of"], never["percent"]) == (904, 4_552, "19.9")
    visit = _waits(shadyside)["visit"]
    assert (visit["waiting"], visit["reached"]) == (4_552, 3_648)
    assert visit["by_day"][-2] == format_rate(2_798, 4_552, 100) == "61.5"
    assert (visit["median"], visit["ninetieth"]) == (40, None)


@pytest.mark.django_db
def test_the_phone_routine_of_johns_hopkins(shadyside: Site) -> None:
    """73.1, 87.6 and 90.0 % were resolved within 60 days, half after 28, 15 and 9 days; from as few as give that."""
    for year, of, within, median in ((2021, 52, 38, 28), (2022, 97, 85, 15), (2023, 100, 90, 9)):
        by_then = (of + 1) // 2
        for days, number in ((median, by_then), (60, within - by_then), (61, of - within)):
            done = History(date(year, 3, 5), Assessment.NEED_IMAGING, readings=(Reading(Assessment.BENIGN, days),))
            write_histories(shadyside, [done] * number)
    printed = []
    for year in (2021, 2022, 2023):
        scope = AuditScope.of_year([shadyside], year)
        document = build_wait_document(compute_waits(scope, Breakdown.ALL, TODAY), scope, Breakdown.ALL, TODAY)
        figure = document["groups"][0]["waits"]["resolution_60"]
        printed.append((figure["within_target"], figure["median"]))
    assert printed == [("73.1", 28), ("87.6", 15), ("90.0", 9)]


@pytest.mark.django_db
def test_the_return_of_category_3_in_the_national_database(shadyside: Site) -> None:
    """72.5 % came back at 6 months and 72.1 % of those who were a 3 again at 12."""
    at_six, at_twelve = Reading(Assessment.PROBABLY_BENIGN, 195, round=1), Reading(Assessment.BENIGN, 380, round=2)
    ways = {(THREE, at_six, at_twelve): 31, (THREE, at_six): 12, (THREE, Reading(Assessment.BENIGN, 195, round=1)): 15,
            (THREE,): 22}  # fmt: skip
    for readings, number in ways.items():
        write_histories(shadyside, [History(DAY, Assessment.NEED_IMAGING, readings=readings)] * number)
    found = _waits(shadyside)
    assert [found[name]["within_target"] for name in ("return_6", "return_12")] == ["72.5", "72.1"]


@pytest.mark.django_db
def test_each_programme_counts_its_own_ages_from_the_screening(shadyside: Site) -> None:
    """HEDIS counts ages 40 to 74, the eCQM 40 to 75, the NBCCEDP all; from the day of the exam."""
    for age in (39, 40, 74, 75, 76):
        done, late = (
            History(DAY, Assessment.NEED_IMAGING, readings=(Reading(Assessment.BENIGN, days),), age=age)
            for days in (60, 91)
        )
        write_histories(shadyside, [done, late])
    write_histories(shadyside, [History(DAY, Assessment.PROBABLY_BENIGN, readings=(Reading(Assessment.BENIGN, 9),))])
    found = _waits(shadyside)
    counted = {name: (found[name]["waiting"], found[name]["within_target"]) for name in (
        "nbccedp_60", "ecqm_60", "hedis_90")}  # fmt: skip
    assert counted == {"nbccedp_60": (10, "50.0"), "ecqm_60": (6, "50.0"), "hedis_90": (4, "50.0")}
    assert found["resolution_60"]["waiting"] == 11

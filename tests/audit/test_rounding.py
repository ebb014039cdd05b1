"""Rates end as published tables print them: half up, on every page of figures."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.models import Site
from recalls.enums import Assessment
from reports.audit.figures import compute_audit
from reports.audit.scope import AuditScope, Breakdown
from reports.audit.waits.documents import build_wait_document
from reports.audit.waits.figures import compute_waits
from reports.audit.waits.survival import fit_curve
from reports.rates import format_rate, format_share, whole_percent
from tests.audit.histories import History, Reading, write_histories

DAY = date(2024, 3, 5)
TODAY = date(2026, 11, 24)


def _half_up(numerator: int, denominator: int, per: int) -> str:
    """In whole numbers alone."""
    tenths = (20 * numerator * per + denominator) // (2 * denominator)
    return f"{tenths // 10}.{tenths % 10}"


@given(st.integers(1, 4_000_000), st.data(), st.sampled_from([100, 1000]))
def test_every_rate_is_rounded_half_up(denominator: int, data: st.DataObject, per: int) -> None:
    numerator = data.draw(st.integers(0, denominator))
    assert format_rate(numerator, denominator, per) == _half_up(numerator, denominator, per)


@given(st.integers(0, 999), st.sampled_from([(2_000, 100), (20_000, 1_000)]))
def test_a_rate_that_ends_in_a_five_goes_up(number: int, table: tuple[int, int]) -> None:
    denominator, per = table
    numerator = 2 * number + 1  # 1 of 2,000 is 0.05 %
    assert format_rate(numerator, denominator, per) == _half_up(numerator, denominator, per)
    assert format_share(numerator / denominator, per) == _half_up(numerator, denominator, per)
    assert format_share(1 - (1 - numerator / denominator), per) == _half_up(numerator, denominator, per)


@given(st.integers(1, 300), st.data())
def test_the_share_of_a_curve_without_open_waits_is_the_rate_of_its_counts(whole: int, data: st.DataObject) -> None:
    early = data.draw(st.integers(0, whole))
    [share] = fit_curve({(3, True): early, (30, True): whole - early}, (7,)).shares
    assert share is not None
    assert format_share(share) == _half_up(early, whole, 100)


def test_whole_per_cents_go_up_too() -> None:
    assert (whole_percent(1, 8), whole_percent(3, 8), whole_percent(1, 200)) == (13, 38, 1)


@pytest.mark.django_db
def test_by_age_by_density_and_by_first_screening_the_audit_goes_up(shadyside: Site) -> None:
    """In each group 32 screenings: 16 with cancer, 5 of them read as positive, and 5 of the other 16."""
    groups: tuple[dict[str, Any], ...] = (
        {"age": 45, "density": "b", "first_screen": True},
        {"age": 65, "density": "c", "first_screen": False},
    )
    for group in groups:
        for is_positive, has_cancer, number in ((1, 1, 5), (0, 1, 11), (1, 0, 5), (0, 0, 11)):
            known = ((40, "invasive"),) if has_cancer else ()
            reading = Assessment.NEED_IMAGING if is_positive else Assessment.NEGATIVE
            write_histories(shadyside, [History(DAY, reading, known_later=known, **group)] * number)
    scope = AuditScope.of_year([shadyside], 2024)
    printed = {
        "air": "31.3", "cdr": "156.3", "sensitivity": "31.3", "specificity": "68.8", "false_negatives": "343.8",
        "ppv1": "50.0", "recall_rate_mqsa": "31.3", "cdr_mqsa": "156.3",
    }  # fmt: skip
    for by in (Breakdown.AGE, Breakdown.DENSITY, Breakdown.FIRST_SCREEN):
        found = compute_audit(scope, by, TODAY).screening
        assert len(found) == 3
        for one in found:
            rates = {figure.measure.name: figure.rate for figure in one.figures if figure.measure.name in printed}
            assert (by, one.label, rates) == (by, one.label, printed)


@pytest.mark.django_db
def test_the_share_within_a_target_goes_up(shadyside: Site) -> None:
    """5 of 16 had their outcome in 30 days: 31.25 %."""
    story = {
        days: History(DAY, Assessment.NEED_IMAGING, readings=(Reading(Assessment.BENIGN, days),)) for days in (5, 50)
    }
    write_histories(shadyside, [*[story[5]] * 5, *[story[50]] * 11])
    scope = AuditScope.of_year([shadyside], 2024)
    [group] = build_wait_document(compute_waits(scope, Breakdown.ALL, TODAY), scope, Breakdown.ALL, TODAY)["groups"]
    assert group["waits"]["outcome"]["within_target"] == "31.3"

"""Tests of the estimate itself: what it may look at, that it is one answer, and that it says how well it holds."""

import math
import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recalls.no_show.calibration import GROUPS, LEAST_SHOWN, PastVisit, calibrate, is_better_than_average
from recalls.no_show.features import (
    FEATURES,
    INTERCEPT,
    KnownBefore,
    feature_values,
    list_coefficients,
    name_coefficients,
)
from recalls.no_show.logistic import fit_logistic, predict

pytestmark = pytest.mark.no_database

FORBIDDEN = (
    "race", "ethnic", "income", "insurance", "payer", "address", "city", "postal", "zip", "distance", "miles", "age",
    "birth", "sex", "gender", "language", "interpreter", "name", "phone", "email",
)  # fmt: skip
TEN = datetime(2026, 11, 10, 10, 0, tzinfo=ZoneInfo("America/New_York"))


def facts(**other: object) -> KnownBefore:
    usual = {
        "missed_before": 0, "kept_before": 0, "confirmed": False, "reached": False,
        "booked_at": TEN - timedelta(days=6), "starts_at": TEN,
    }  # fmt: skip
    return KnownBefore(**(usual | other))  # type: ignore[arg-type]


def test_it_looks_at_seven_things_and_at_nothing_that_stands_for_who_somebody_is() -> None:
    assert [feature.name for feature in FEATURES] == [
        "missed_before", "kept_before", "confirmed", "reached", "days_to_visit", "before_ten", "from_three",
    ]  # fmt: skip
    columns = (*(feature.name for feature in FEATURES), *KnownBefore.__dataclass_fields__)
    assert [name for name in columns for word in FORBIDDEN if word in name.split("_")] == []


def test_each_thing_is_counted_as_the_model_card_says() -> None:
    assert feature_values(facts()) == (0, 0, 0, 0, math.log(7), 0, 0)
    assert feature_values(facts(missed_before=9, kept_before=5, confirmed=True, reached=True))[:4] == (3, 3, 1, 1)
    assert feature_values(facts(starts_at=TEN - timedelta(hours=1)))[5:] == (1, 0)
    assert feature_values(facts(starts_at=TEN + timedelta(hours=5)))[5:] == (0, 1)


def _visits(number: int, seed: int = 1) -> list[PastVisit]:
    """Invented visits of which one in ten is missed, and six in ten of who missed one before."""
    dice = random.Random(seed)
    found = []
    for patient in range(number):
        before = float(dice.random() < 0.2)
        values = (before, 0.0, 0.0, 0.0, dice.random() * 3, 0.0, 0.0)
        found.append(PastVisit(patient, "es" if patient % 4 == 0 else "en", values, dice.random() < 0.1 + 0.5 * before))
    return found


def test_it_finds_what_makes_visits_more_often_missed() -> None:
    fitted = name_coefficients(fit_logistic([(visit.values, visit.missed) for visit in _visits(1000)]))
    assert fitted["missed_before"] == pytest.approx(math.log(1.5) - math.log(1 / 9), abs=0.5)
    assert abs(fitted["days_to_visit"]) < 0.3
    assert [fitted[name] for name in ("kept_before", "confirmed", "reached", "before_ten", "from_three")] == [0.0] * 5


_values = st.tuples(st.integers(0, 3).map(float), st.booleans().map(float), st.floats(0, 4, width=16))
_rows = st.lists(st.tuples(_values, st.booleans()), min_size=8, max_size=40)


@settings(max_examples=15, deadline=None)
@given(rows=_rows, seed=st.integers(0, 9))
def test_a_refit_of_the_same_rows_gives_the_same_numbers_in_whatever_order_they_come(
    rows: list[tuple[tuple[float, ...], bool]], seed: int
) -> None:
    rows = [*rows, ((0.0, 0.0, 1.0), True), ((1.0, 1.0, 2.0), False)]
    once, other = fit_logistic(rows), list(rows)
    random.Random(seed).shuffle(other)
    assert fit_logistic(other) == once
    assert sum(predict(once, values) for values, _missed in rows) == pytest.approx(
        sum(missed for _values, missed in rows), abs=0.01
    )


def test_visits_that_were_all_kept_or_all_missed_are_not_fitted() -> None:
    with pytest.raises(ValueError, match="missed and one that was kept"):
        fit_logistic([((0.0,), False)] * 9)


def test_it_is_held_against_what_happened_in_ten_groups_and_by_language() -> None:
    visits = _visits(1000) + [PastVisit(2000 + n, "vi", (0.0,) * 7, False) for n in range(LEAST_SHOWN - 1)]
    found = calibrate(visits)
    assert len(found["groups"]) == GROUPS
    assert sum(group["visits"] for group in found["groups"]) == len(visits)
    least, most = found["groups"][0], found["groups"][-1]
    assert most["expected"] > 3 * least["expected"]
    assert most["missed"] == pytest.approx(most["expected"], abs=0.15)
    assert [(one["language"], one["visits"]) for one in found["languages"]] == [("en", 750), ("es", 250), ("", 19)]
    assert is_better_than_average(found)


def test_an_estimate_that_says_no_more_than_the_average_is_known_as_one() -> None:
    dice = random.Random(4)
    blind = [
        PastVisit(number, "en", (0.0,) * 4 + (dice.random(), 0.0, 0.0), number % 5 == dice.randrange(5))
        for number in range(400)
    ]
    assert not is_better_than_average(calibrate(blind))
    assert not is_better_than_average({})


def test_a_fit_of_other_features_is_not_used() -> None:
    named = name_coefficients([0.0] * (len(FEATURES) + 1))
    assert list_coefficients(named) == [0.0] * 8
    assert list_coefficients({INTERCEPT: 1.0, "distance": 2.0}) is None

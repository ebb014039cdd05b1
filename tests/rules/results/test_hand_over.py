"""Tests that a malignant or high-risk result closes only when somebody named has taken the patient over."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from clinic import calendar
from clinic.factories import SiteStaff
from clinic.models import Site
from recalls.enums import ClosureReason, State
from recalls.permissions import StepUnavailable
from recalls.testing.factories import RecallFactory
from tests.rules.results.hand_over import hand_over
from tests.rules.step_actions import MONDAY

pytestmark = pytest.mark.django_db


def test_a_cancer_closes_only_with_who_takes_over_where_and_when(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, to_hand_over=True)
    today = calendar.local_day(shadyside, MONDAY)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"clinician": " "}, "Name the clinician"),
        ({"facility": ""}, "Name the hospital"),
        ({"first_visit_on": today.replace(year=2027)}, "more than half a year"),
        ({"first_visit_on": today - timedelta(days=184)}, "more than half a year"),
    ]
    for changes, why in wrong:
        with pytest.raises(ValidationError, match=why):
            hand_over(recall, staff, **changes)
    assert recall.state == State.TO_HAND_OVER
    hand_over(recall, staff, first_visit_on=today + timedelta(days=183))
    assert (recall.state, recall.closure_reason) == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)
    assert str(recall.referrals.get()) == "Dr. Sample-Surgeon, Hillside Sample Hospital, 2026-09-15"


def test_a_cancer_is_not_handed_over_before_the_patient_knows(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, cancer_to_tell=True)
    with pytest.raises(StepUnavailable):
        hand_over(recall, staff)
    assert recall.state == State.RESULT_TO_TELL

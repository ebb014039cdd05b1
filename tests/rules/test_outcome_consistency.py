"""Tests that an outcome never says less than what it says of one breast."""

import pytest
from django.core.exceptions import ValidationError

from clinic.factories import get_site_staff
from clinic.models import Site
from notifications.enums import NotificationKind
from notifications.models import Notification
from recalls import actions
from recalls.actions import OutcomeInput
from recalls.enums import Assessment, State
from recalls.forms import STEP_FORMS
from recalls.models import Recall
from recalls.testing.factories import RecallFactory

pytestmark = pytest.mark.django_db
GOOD_NEWS = (NotificationKind.OUTCOME_NORMAL, NotificationKind.OUTCOME_BENIGN, NotificationKind.OUTCOME_PROBABLY_BENIGN)
CONTRADICTIONS = [
    ("2", "5", "2"),
    ("2", "2", "5"),
    ("1", "", "4B"),
    ("3", "4C", ""),
    ("2", "3", "1"),
    ("4A", "5", "2"),
    ("5", "4B", "2"),
]


@pytest.fixture
def visited(shadyside: Site) -> Recall:
    recall: Recall = RecallFactory.create(site=shadyside, attended=True)
    return recall


@pytest.mark.parametrize(("overall", "left", "right"), CONTRADICTIONS)
def test_an_overall_result_that_is_not_the_worse_breasts_is_refused_and_tells_nobody_good_news(
    overall: str, left: str, right: str, visited: Recall
) -> None:
    reading = OutcomeInput(Assessment(overall), assessment_left=left, assessment_right=right)
    with pytest.raises(ValidationError, match="must be that of the worse breast"):
        actions.record_outcome(visited, reading, by=get_site_staff(visited.site).radiologist)
    visited.refresh_from_db()
    assert visited.state == State.AWAITING_OUTCOME
    assert not Notification.objects.filter(recall=visited, kind__in=GOOD_NEWS).exists()


@pytest.mark.parametrize(
    ("overall", "left", "right"), [("5", "5", "2"), ("4", "4B", "3"), ("3", "", "2"), ("2", "", "")]
)
def test_an_overall_result_that_is_the_worse_breasts_is_recorded(
    overall: str, left: str, right: str, visited: Recall
) -> None:
    reading = OutcomeInput(Assessment(overall), assessment_left=left, assessment_right=right)
    actions.record_outcome(visited, reading, by=get_site_staff(visited.site).radiologist)
    assert visited.outcomes.get().assessment == overall


def test_an_outcome_is_not_amended_into_a_contradiction(visited: Recall) -> None:
    radiologist = get_site_staff(visited.site).radiologist
    actions.record_outcome(visited, OutcomeInput(Assessment.SUSPICIOUS_B), by=radiologist)
    with pytest.raises(ValidationError, match="must be that of the worse breast"):
        actions.amend_outcome(
            visited, OutcomeInput(Assessment.BENIGN, assessment_left="5"), by=radiologist, reason="Second look."
        )
    assert visited.outcomes.get().assessment == Assessment.SUSPICIOUS_B


def test_the_radiologists_screen_says_what_to_mend_beside_the_category(visited: Recall) -> None:
    radiologist = get_site_staff(visited.site).radiologist
    blank = STEP_FORMS["record_outcome"](visited, radiologist)
    typed = {name: field.value() or "" for name, field in ((bound.name, bound) for bound in blank)}
    typed |= {"assessment": "2", "assessment_left": "5", "assessment_right": "2", "telling": "now"}
    form = STEP_FORMS["record_outcome"](visited, radiologist, typed)
    assert form.is_valid()
    with pytest.raises(ValidationError):
        form.save()
    assert "must be that of the worse breast" in str(form.errors["assessment"])

"""Tests of the check that ends every case: it fails where a result lies untold or an action is due too late."""

from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture

from clinic.models import Site
from recalls.actions import outcomes
from recalls.enums import Assessment, State
from recalls.models import Recall
from tests.clinical.nothing_untold import assert_nothing_untold
from tests.clinical.pathway import Pathway

pytestmark = pytest.mark.django_db


@pytest.fixture
def seen_patient(shadyside: Site, time_machine: TimeMachineFixture) -> Pathway:
    """After the visit, before its outcome; without the check at the end of the test."""
    pathway = Pathway(shadyside, time_machine)
    pathway.screen()
    pathway.visit()
    return pathway


@pytest.mark.parametrize(
    ("assessment", "state"), [(Assessment.NEGATIVE, State.CLOSED), (Assessment.SUSPICIOUS_B, State.BIOPSY_TO_BOOK)]
)
def test_an_outcome_that_nobody_has_to_tell_is_found(
    seen_patient: Pathway, monkeypatch: pytest.MonkeyPatch, assessment: Assessment, state: State
) -> None:
    monkeypatch.setattr(outcomes, "_see_to_telling", lambda *_args: None)
    seen_patient.outcome(assessment)
    assert seen_patient.current.state == state
    with pytest.raises(AssertionError, match="untold"):
        assert_nothing_untold(seen_patient.recall)


def test_an_action_due_after_its_limit_is_found(seen_patient: Pathway) -> None:
    seen_patient.outcome(Assessment.SUSPICIOUS_B)
    assert_nothing_untold(seen_patient.recall)
    Recall.objects.filter(pk=seen_patient.recall.pk).update(due_at=timezone.now() + timedelta(days=30))
    with pytest.raises(AssertionError, match="after the limit"):
        assert_nothing_untold(seen_patient.recall)

"""A 5 with two lesions and nobody reached: nothing that is pressed for one of them settles the other."""

import pytest
from django.urls import reverse

from clinic.factories import get_site_staff
from clinic.models import Site, User
from recalls import actions
from recalls.actions import LesionInput, OutcomeInput
from recalls.enums import Assessment, FindingKind, Side, State
from recalls.models import Lesion, Recall
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, StepFormClient, linked_url, page_text

pytestmark = pytest.mark.django_db
LEFT = LesionInput(Assessment.HIGHLY_SUGGESTIVE, Side.LEFT, FindingKind.MASS)
RIGHT = LesionInput(Assessment.SUSPICIOUS_B, Side.RIGHT, FindingKind.CALCIFICATIONS)


@pytest.fixture
def recall(shadyside: Site, radiologist_rao: User) -> Recall:
    """Read as 5 with two lesions, told to nobody."""
    recall = RecallFactory.create(site=shadyside, attended=True)
    outcome = OutcomeInput(Assessment.HIGHLY_SUGGESTIVE, lesions=(LEFT, RIGHT))
    actions.record_outcome(recall, outcome, by=radiologist_rao)
    recall.refresh_from_db()
    return recall


def _newest(recall: Recall) -> dict[str, str]:
    return {lesion.side: lesion.assessments.latest("pk").assessment for lesion in Lesion.objects.filter(recall=recall)}


def test_an_overall_result_pressed_alone_makes_no_other_lesion_benign(
    client_for: ClientFor, radiologist_rao: User, recall: Recall
) -> None:
    form = StepFormClient(client_for(radiologist_rao), recall, "amend_outcome")
    answer = form.send(assessment="2", reason="The mass is a cyst.", telling="now")
    assert "The overall result must be that of the worse breast and of the worst lesion." in page_text(answer)
    recall.refresh_from_db()
    assert recall.state == State.RESULT_TO_TELL
    assert _newest(recall) == {Side.LEFT: Assessment.HIGHLY_SUGGESTIVE, Side.RIGHT: Assessment.SUSPICIOUS_B}


def test_each_lesion_is_amended_by_its_own_field(client_for: ClientFor, radiologist_rao: User, recall: Recall) -> None:
    form = StepFormClient(client_for(radiologist_rao), recall, "amend_outcome")
    mass = Lesion.objects.get(recall=recall, side=Side.LEFT)
    form.send(**{"assessment": "4B", f"known_{mass.pk}": "2", "reason": "The mass is a cyst."})
    assert _newest(recall) == {Side.LEFT: Assessment.BENIGN, Side.RIGHT: Assessment.SUSPICIOUS_B}


def test_who_tells_a_result_finds_the_way_to_log_that_nobody_was_reached(
    client_for: ClientFor, shadyside: Site, recall: Recall
) -> None:
    browser = client_for(get_site_staff(shadyside).navigator)
    page = browser.get(reverse("recall", args=[recall.pk]))
    before_the_form = page_text(page).partition("Result told")[0]
    call = reverse("step", args=[recall.pk, "log_contact"])
    assert "Not reached?" in before_the_form
    assert call in before_the_form
    assert browser.get(linked_url(page, call)).status_code == 200

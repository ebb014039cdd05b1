"""A wrong number is marked for everybody who has it, and the caller reads whom else it concerns."""

import pytest

from clinic.models import Site, User
from patients.models import ContactPoint
from recalls.enums import WorkItemKind
from recalls.models import WorkItem
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, StepFormClient, client_for, page_text

__all__ = ["client_for"]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("others", "words"), [(0, ""), (1, "1 other patient has it too"), (2, "2 other patients")])
def test_the_message_says_that_the_number_is_marked_and_for_how_many_others(
    others: int, words: str, client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recalls = [RecallFactory.create(site=shadyside, patient__mobile="412 555 0123") for _ in range(others + 1)]
    browser = client_for(scheduler_ana)
    form = StepFormClient(browser, recalls[0], "log_contact")
    assert form.send(channel="phone", point="mobile", result="wrong_number", then="stay").status_code == 302
    page = page_text(browser.get(f"/recalls/{recalls[0].pk}/"))
    assert "The number is marked as wrong: nobody dials it again." in page
    assert ("other patient" in page) == bool(others)
    assert words in page
    assert ("Whom else it concerns" in page) == bool(others)
    assert not ContactPoint.objects.filter(kind="mobile", unusable="").exists()
    assert WorkItem.objects.filter(kind=WorkItemKind.VERIFY_CONTACT, done_at=None).count() == others + 1

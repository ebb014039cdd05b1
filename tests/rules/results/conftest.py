"""Fixtures of the tests of results: Monday at ten, and a patient whose outcome is awaited."""

import pytest
from time_machine import TimeMachineFixture

from clinic.factories import SiteStaff, get_site_staff
from clinic.models import Site
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.rules.step_actions import MONDAY


@pytest.fixture(autouse=True)
def _on_monday(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def staff(shadyside: Site) -> SiteStaff:
    return get_site_staff(shadyside)


@pytest.fixture
def visited(shadyside: Site) -> Recall:
    """The patient came this morning, and nobody has read the images yet."""
    recall: Recall = RecallFactory.create(site=shadyside, attended=True)
    return recall

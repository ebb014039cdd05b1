"""Fixtures of the tests of endings: Monday at ten, and who works at the site."""

import pytest
from time_machine import TimeMachineFixture

from clinic.factories import SiteStaff, get_site_staff
from clinic.models import Site
from tests.rules.step_actions import MONDAY


@pytest.fixture(autouse=True)
def _on_monday(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def staff(shadyside: Site) -> SiteStaff:
    return get_site_staff(shadyside)

"""Fixtures for tests of planning: a clinic that sends lay summaries."""

import pytest

from clinic.models import Site
from tests.notifications.clock import Clock


@pytest.fixture
def site(clock: Clock, shadyside: Site) -> Site:
    """Sends lay summaries from today on."""
    shadyside.sends_lay_summaries = True
    shadyside.save()
    return shadyside

"""Fixtures of the awkward clinical cases: a patient's pathway through a clinic, checked at its end."""

from collections.abc import Iterator

import pytest
from time_machine import TimeMachineFixture

from clinic.models import Site
from tests.clinical.nothing_untold import assert_nothing_untold
from tests.clinical.pathway import Pathway


@pytest.fixture
def pathway(shadyside: Site, time_machine: TimeMachineFixture) -> Iterator[Pathway]:
    """A patient of Shadyside on a Monday morning; at the end of the test nothing of theirs lies untold."""
    patients_way = Pathway(shadyside, time_machine)
    yield patients_way
    assert_nothing_untold(patients_way.recall)

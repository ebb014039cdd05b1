"""Fixtures of the booking tests: a fixed morning, a room, a signed-in browser."""

from collections.abc import Iterator
from datetime import UTC, datetime, time

import pytest
import time_machine
from django.core.cache import cache

from clinic.models import Site
from recalls.models import Room
from recalls.testing.factories import RoomFactory

TUESDAY_MORNING = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # 10 am in Pittsburgh; Thursday is a holiday


@pytest.fixture
def _at_tuesday_morning() -> Iterator[None]:
    cache.clear()
    with time_machine.travel(TUESDAY_MORNING, tick=False):
        yield


@pytest.fixture
def room(shadyside: Site) -> Room:
    """Staffed from 9 to noon: three visits of an hour, one after the other."""
    return RoomFactory.create(site=shadyside, name="Mammo 1", hours=(time(9), time(12)))

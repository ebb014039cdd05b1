"""Fixtures of the tests about times that are offered: a fixed morning, a room, a site that holds times."""

from collections.abc import Iterator
from datetime import UTC, datetime, time

import pytest
import time_machine
from django.core.cache import cache

from clinic.models import Site
from recalls.models import Room, SlotPolicy
from recalls.testing.factories import RoomFactory

MONDAY_MORNING = datetime(2026, 11, 9, 15, 0, tzinfo=UTC)  # 10 am in Pittsburgh; Wednesday is a holiday


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    cache.clear()
    with time_machine.travel(MONDAY_MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def room(shadyside: Site) -> Room:
    """Staffed from 9 to noon: three visits of an hour, one after the other."""
    return RoomFactory.create(site=shadyside, name="Mammo 1", hours=(time(9), time(12)))


@pytest.fixture
def policy(clock: time_machine.Traveller, shadyside: Site) -> SlotPolicy:
    """The site holds a time for each new recall, from a day ahead, three business days long."""
    return SlotPolicy.objects.create(site=shadyside, holds_slots=True, notice_hours=24)

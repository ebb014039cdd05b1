"""Fixtures of the same-day lane: a fixed morning, a room, a site that keeps three times a day."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time
from html import unescape
from typing import Any

import pytest
import time_machine
from django.core.cache import cache

from clinic.models import Site
from recalls.models import LanePolicy, Room
from recalls.testing.factories import RoomFactory
from tests.desk.conftest import client_for as client_for

MONDAY_MORNING = datetime(2026, 11, 9, 14, 0, tzinfo=UTC)  # 9 am in Pittsburgh; Wednesday is a holiday


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    cache.clear()
    with time_machine.travel(MONDAY_MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def room(clock: time_machine.Traveller, shadyside: Site) -> Room:
    """Staffed from 8 to 5, a start every half hour."""
    return RoomFactory.create(site=shadyside, name="Mammo 1", hours=(time(8), time(17)))


@pytest.fixture
def policy(room: Room, shadyside: Site) -> LanePolicy:
    """Three times a day, whatever is expected; what is left is given back at 2 pm."""
    return LanePolicy.objects.create(site=shadyside, is_on=True, least_places=3, most_places=3, release_at=time(14))


def page_words(page: Any) -> str:
    """What a reader sees of the page, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())

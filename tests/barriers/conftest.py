"""Fixtures of the tests about barriers and navigators' cases: a Monday morning at one clinic."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.core.cache import cache

from tests.desk.conftest import client_for

__all__ = ["client_for"]

MONDAY_MORNING = datetime(2026, 11, 9, 15, 0, tzinfo=UTC)  # 10 am in Pittsburgh


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    cache.clear()
    with time_machine.travel(MONDAY_MORNING, tick=False) as traveller:
        yield traveller

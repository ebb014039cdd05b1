"""Fixtures of the estimate of missed visits: a fixed morning, and a site that calls by it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from clinic.models import Site
from recalls.models import ReminderCallPolicy
from tests.desk.conftest import client_for as client_for

MONDAY_MORNING = datetime(2026, 11, 9, 14, 0, tzinfo=UTC)  # 9 am in Pittsburgh; Wednesday is a holiday


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY_MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def policy(clock: time_machine.Traveller, shadyside: Site) -> ReminderCallPolicy:
    """Two calls a day, for the visits of the next two business days, from 200 past visits on."""
    return ReminderCallPolicy.objects.create(site=shadyside, is_on=True, calls_a_day=2, days_ahead=2, least_visits=200)

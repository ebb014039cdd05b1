"""Fixtures of trials: two people who may run them, and a trial of call times that runs."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from clinic.factories import UserFactory, get_site_staff
from clinic.models import Site, User
from clinic.roles import Role
from recalls.models import Trial
from reports.models import AuditPhysician
from reports.trials.definition import TrialDraft, draft_trial, start_trial

StartTrial = Callable[..., Trial]


@pytest.fixture
def manager(shadyside: Site) -> User:
    return get_site_staff(shadyside).manager


@pytest.fixture
def physician(shadyside: Site, manager: User) -> User:
    """The audit interpreting physician: the second person."""
    found = UserFactory.create(role=Role.RADIOLOGIST, sites=[shadyside])
    AuditPhysician.objects.create(site=shadyside, user=found, named_by=manager)
    return found


def make_draft(**other: Any) -> TrialDraft:
    values: dict[str, Any] = {
        "title": "Morning or afternoon", "question": "Who is reached sooner?", "ethics": "IRB 2026-17, 3 November",
        "subject": Trial.Subject.CALL_TIME, "arms": {"a": "morning", "b": "afternoon"},
        "outcome": Trial.Outcome.FIRST_CALL, "size": 40, "ends_on": date(2027, 6, 30),
    }  # fmt: skip
    return TrialDraft(**values | other)


@pytest.fixture
def start(shadyside: Site, manager: User, physician: User) -> StartTrial:
    """A trial that runs from now on."""

    def make(**other: Any) -> Trial:
        trial = draft_trial(shadyside, make_draft(**other), by=manager)
        start_trial(trial, by=physician)
        return trial

    return make

"""Holds that the downtime sheet leaves no callback of any site out without a word."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings
from time_machine import TimeMachineFixture

from clinic.models import Site, User
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from reports import tasks, views
from tests.board.conftest import page_text
from tests.board.test_downtime_sheet import TUESDAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def overdue(
    shadyside: Site, foothills: Site, time_machine: TimeMachineFixture, settings: Settings, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> list[Recall]:  # fmt: skip
    """Three calls due at one site and, behind them, one at the other; a page lists one of each site."""
    time_machine.move_to(TUESDAY, tick=False)
    settings.DOWNTIME_DIR = tmp_path / "downtime"
    monkeypatch.setattr(views, "MAX_CALLBACKS_ON_PAGE", 1)
    here = [RecallFactory.create(site=shadyside, ended_at=TUESDAY - timedelta(days=days)) for days in (9, 8, 7)]
    return [*here, RecallFactory.create(site=foothills, ended_at=TUESDAY - timedelta(days=5))]


def _sheet(client: Client, user: User) -> str:
    client.force_login(user)
    return page_text(client.get("/downtime/").text)


def test_a_sheet_that_leaves_calls_out_says_how_many_and_where_they_are(
    client: Client, scheduler_ana: User, overdue: list[Recall], settings: Settings
) -> None:
    text = _sheet(client, scheduler_ana)
    assert "This list is not complete: it holds 1 of 3 calls due, those due longest. The other 2 are not" in text
    assert "the server writes to a file every 15 minutes holds every one" in text
    assert [recall.patient.mrn in text for recall in overdue] == [True, False, False, False]
    settings.DOWNTIME_SHEET = False
    assert "They are in the queue only." in _sheet(client, scheduler_ana)


def test_one_sites_long_list_takes_no_place_from_another_site(
    client: Client, scheduler_ana: User, foothills: Site, overdue: list[Recall]
) -> None:
    scheduler_ana.sites.add(foothills)
    text = _sheet(client, scheduler_ana)
    assert [recall.patient.mrn in text for recall in overdue] == [True, False, False, True]
    assert text.count("This list is not complete") == 1


def test_the_file_of_each_site_holds_every_call(overdue: list[Recall], tmp_path: Path) -> None:
    assert tasks.write_downtime_sheets() == 2
    here, there = ((tmp_path / f"downtime/{code}-2026-03-17.html").read_text() for code in ("SHADY", "FOOT"))
    assert [recall.patient.mrn in here for recall in overdue] == [True, True, True, False]
    assert overdue[-1].patient.mrn in there
    assert "not complete" not in here + there

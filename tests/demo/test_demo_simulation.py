"""The base case of the simulation agrees with the demo clinic's own history within its spread."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from clinic import calendar
from clinic.models import Site
from reports.audit.simulation.history import load_history
from reports.audit.simulation.runs import own_plan, simulate

pytestmark = [pytest.mark.django_db, pytest.mark.long]


def test_the_demo_clinic_played_again_is_the_demo_clinic(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR, settings.MAIL_INBOX_DIR = tmp_path, tmp_path / "mail"
    call_command("demo", stdout=StringIO())
    sites = list(Site.objects.prefetch_related("opening_hours", "closures"))
    history = load_history(sites, calendar.today(sites[0]))
    assert history.recalls >= 30
    assert history.missed_share > 0
    for seed in (1, 2):
        document = simulate(history, own_plan(history), seed=seed, runs=40)
        assert {one["name"]: one["words"] for one in document["checks"]} == {
            one["name"]: "within the spread" for one in document["checks"]
        }
        assert {one["name"] for one in document["checks"]} >= {
            "called_next_day", "visit_median", "visit_in_5", "visit_in_10", "visit_in_20",
        }  # fmt: skip

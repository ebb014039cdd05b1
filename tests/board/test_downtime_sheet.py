"""Holds that the downtime sheet lets a clinic work a day without the system."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
import time_machine as clock
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.factories import get_site_staff
from clinic.models import AccessLog, Site, User
from patients.models import ContactPoint
from recalls import actions
from recalls.actions import Slot
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from reports import tasks
from tests.board.conftest import page_text

TUESDAY = datetime(2026, 3, 17, 15, 0, tzinfo=UTC)  # 11 am in Pittsburgh

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def downtime_dir(settings: Settings, tmp_path: Path, time_machine: TimeMachineFixture) -> Path:
    time_machine.move_to(TUESDAY, tick=False)
    settings.DOWNTIME_DIR = tmp_path / "downtime"
    return tmp_path / "downtime"


def _booked(site: Site, day: int, hour: int = 14) -> Recall:
    with clock.travel(TUESDAY - timedelta(days=2), tick=False):
        recall = RecallFactory.create(site=site, ended_at=TUESDAY - timedelta(days=2))
        at = calendar.instant(site, datetime(2026, 3, day, tzinfo=UTC).date(), time(hour, 30))
        actions.book_appointment(recall, Slot(site, at), by=get_site_staff(site).scheduler)
    return recall


def _sheet_text(user: User) -> str:
    client = Client()
    client.force_login(user)
    return page_text(client.get("/downtime/").text)


def _between(text: str, start: str, end: str) -> str:
    return text[text.index(start) : text.index(end)]


def test_today_and_tomorrow_stand_under_their_day_with_a_number_to_ring(scheduler_ana: User, shadyside: Site) -> None:
    today, tomorrow, later = _booked(shadyside, 17), _booked(shadyside, 18), _booked(shadyside, 19)
    text = _sheet_text(scheduler_ana)
    assert "Shadyside Sample Imaging, Tue 17 Mar 2026" in text
    first = _between(text, "Visits today", "Visits tomorrow")
    second = _between(text, "Visits tomorrow", "To call today")
    assert today.patient.mrn in first
    assert f"2:30 pm {today.patient}" in first
    assert "(412) 555-01" in first
    assert tomorrow.patient.mrn in second
    assert later.patient.mrn not in text


def test_a_callback_is_there_on_the_day_it_is_due_and_while_it_is_late(scheduler_ana: User, shadyside: Site) -> None:
    late = RecallFactory.create(site=shadyside, ended_at=TUESDAY - timedelta(days=6))
    today = RecallFactory.create(site=shadyside, ended_at=TUESDAY - timedelta(days=1))
    tomorrow = RecallFactory.create(site=shadyside, ended_at=TUESDAY)
    calls = _sheet_text(scheduler_ana).split("To call today")[1]
    assert calls.index(late.patient.mrn) < calls.index(today.patient.mrn)
    assert "To contact, late" in calls
    assert tomorrow.patient.mrn not in calls


def test_a_number_that_may_not_be_called_is_not_printed(scheduler_ana: User, shadyside: Site) -> None:
    recall = _booked(shadyside, 17)
    recall.patient.contact_points.exclude(kind=ContactPoint.Kind.EMAIL).update(unusable="wrong")
    text = _sheet_text(scheduler_ana)
    assert recall.patient.mrn in text
    assert "555" not in _between(text, "Visits today", "Visits tomorrow")


def test_the_sheet_shows_only_the_sites_a_person_works_at(
    scheduler_ana: User, shadyside: Site, foothills: Site
) -> None:
    elsewhere = _booked(foothills, 17)
    assert elsewhere.patient.mrn not in _sheet_text(scheduler_ana)


def test_whose_names_were_shown_is_written_down(scheduler_ana: User, shadyside: Site) -> None:
    shown = [_booked(shadyside, 17).patient_id, RecallFactory.create(site=shadyside, ended_at=TUESDAY).patient_id]
    _sheet_text(scheduler_ana)
    logged = AccessLog.objects.filter(page="downtime sheet").values_list("user", "patient_id")
    assert list(logged) == [(scheduler_ana.pk, shown[0])]  # the other is not due yet


def test_the_sheet_asks_the_same_number_of_questions_for_one_row_and_for_several(
    client: Client, scheduler_ana: User, shadyside: Site
) -> None:
    client.force_login(scheduler_ana)
    counts = []
    for rows in (1, 4):
        for _row in range(rows):
            _booked(shadyside, 17)
            RecallFactory.create(site=shadyside, ended_at=TUESDAY - timedelta(days=2))
        client.get("/downtime/")
        with CaptureQueriesContext(connection) as asked:
            client.get("/downtime/")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_each_sites_sheet_lies_on_disk_for_its_owner_alone(
    downtime_dir: Path, shadyside: Site, foothills: Site
) -> None:
    here, there = _booked(shadyside, 17), _booked(foothills, 17)
    assert tasks.write_downtime_sheets() == 2
    assert downtime_dir.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in downtime_dir.iterdir()} == {
        "SHADY-2026-03-17.html": 0o600,
        "FOOT-2026-03-17.html": 0o600,
    }
    text = (downtime_dir / "SHADY-2026-03-17.html").read_text(encoding="utf-8")
    assert here.patient.mrn in text
    assert there.patient.mrn not in text
    assert "Tue 17 Mar, 11:00 am" in text


def test_a_sheet_is_replaced_whole_and_old_ones_go(
    downtime_dir: Path, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    tasks.write_downtime_sheets()
    (downtime_dir / "notes.html").write_text("somebody's own")
    first = (downtime_dir / "SHADY-2026-03-17.html").open(encoding="utf-8")
    recall = _booked(shadyside, 17)
    tasks.write_downtime_sheets()
    assert recall.patient.mrn not in first.read()  # who had it open reads the old one to its end
    first.close()
    assert recall.patient.mrn in (downtime_dir / "SHADY-2026-03-17.html").read_text(encoding="utf-8")
    for days in (1, 2):
        time_machine.move_to(TUESDAY + timedelta(days=days), tick=False)
        tasks.write_downtime_sheets()
    names = sorted(path.name for path in downtime_dir.iterdir())
    assert names == ["SHADY-2026-03-18.html", "SHADY-2026-03-19.html", "notes.html"]


def test_a_clinic_that_wants_none_on_disk_has_none(downtime_dir: Path, shadyside: Site, settings: Settings) -> None:
    settings.DOWNTIME_SHEET = False
    assert tasks.write_downtime_sheets() == 0
    assert not downtime_dir.exists()


def test_a_folder_that_others_can_look_into_is_refused(downtime_dir: Path, shadyside: Site) -> None:
    downtime_dir.mkdir(mode=0o755)
    with pytest.raises(PermissionError, match="mode 700"):
        tasks.write_downtime_sheets()
    assert list(downtime_dir.iterdir()) == []


def test_the_sheet_is_for_those_who_see_patients(client: Client, administrator_ada: User) -> None:
    client.force_login(administrator_ada)
    assert client.get("/downtime/").status_code == 403

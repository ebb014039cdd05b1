"""Rules of reports that read from a copy: only while it keeps up, and never what is written."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clinic.models import Heartbeat
from config.env import PROJECT_ROOT
from desk.read_copy import ALIAS, ReadCopyRouter, reading_from_copy
from tests.support.processes import make_environment

# The first call makes the clinic of both files, the second an exam in the first one alone; then reports are taken.
_CLINIC = """
import django; django.setup()
from clinic.factories import SiteFactory, UserFactory
from clinic.models import Heartbeat
from django.utils import timezone
site = SiteFactory.create(code="COPIED")
UserFactory.create(username="manager", role="manager", sites=[site])
Heartbeat.objects.update_or_create(pk="sweep", defaults={"started_at": timezone.now()})
"""
_REPORTS = """
import django, json; django.setup()
from datetime import timedelta
from django.db import connections
from django.test import Client
from django.utils import timezone
from clinic.models import Heartbeat, Site, User
from recalls.testing.factories import ExamFactory
from reports.models import ExportLog
today = timezone.now().date()
site = Site.objects.get(code="COPIED")
ExamFactory.create(patient__site=site, site=site, negative=True, exam_date=today)
manager = Client(SERVER_NAME="localhost")
manager.force_login(User.objects.get(username="manager"))

def rows():
    asked = {"file": "exams", "reason": "Audit.", "since": today - timedelta(days=9), "until": today}
    return b"".join(manager.post("/lists/files/", asked).streaming_content).count(b"\\r\\n") - 1

audit = manager.get(f"/audit/figures/json/?year={today.year}")
found = {"from_copy": rows(), "audit": audit.status_code}
Heartbeat.objects.using("reports").update(started_at=timezone.now() - timedelta(minutes=6))
found["behind"] = rows()
connections["reports"].close()
connections["reports"].settings_dict["NAME"] = "/nowhere/at/all.sqlite3"
found["away"] = rows()
found["kept"] = ExportLog.objects.count()
print(json.dumps(found))
"""


@pytest.mark.long
def test_reports_read_from_a_copy_that_keeps_up_and_else_from_the_database(
    migrated_file: Path | None, tmp_path: Path
) -> None:
    if migrated_file is None:
        pytest.skip("the tests run on PostgreSQL")
    ours, copy = tmp_path / "ours.sqlite3", tmp_path / "copy.sqlite3"
    shutil.copyfile(migrated_file, ours)
    wanted = {"DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": f"sqlite:///{ours}", "LOG_LEVEL": "ERROR"}
    _run(_CLINIC, **wanted)
    shutil.copyfile(ours, copy)
    found = json.loads(_run(_REPORTS, REPORTS_DATABASE_URL=f"sqlite:///{copy}", **wanted))
    assert found == {"from_copy": 0, "audit": 200, "behind": 1, "away": 1, "kept": 3}


def _run(program: str, **wanted: str) -> str:
    environment = make_environment(DJANGO_SETTINGS_MODULE="config.settings", **wanted)
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT_ROOT, env=environment, capture_output=True, check=False
    )
    assert answer.returncode == 0, answer.stderr.decode()[-2000:]
    return answer.stdout.decode().splitlines()[-1] if answer.stdout else ""


def test_what_is_written_goes_to_the_database_itself() -> None:
    router = ReadCopyRouter()
    assert router.db_for_write(Heartbeat) == "default"
    assert router.allow_migrate(ALIAS, "clinic") is False
    assert router.allow_migrate("default", "clinic") is None


def test_without_a_copy_reports_read_from_the_database(db: None) -> None:
    with reading_from_copy():
        assert ReadCopyRouter().db_for_read(Heartbeat) is None

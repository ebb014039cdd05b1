"""Holds that a back-up is whole, encrypted and remembered, and that a restored clinic sends nothing by itself."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from clinic.models import Heartbeat, Site
from config.env import PROJECT_ROOT
from operations.backup.encryption import BackupError, decrypt
from operations.backup.make import make_backup
from operations.backup.manifest import MAGIC
from patients.factories import PatientFactory
from recalls.testing.factories import RecallFactory
from reports.health_checks import Health, check_optional_parts
from tests.support.processes import make_environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
RESTORED = "recalldesk_restored"
COUNTS = (
    "from recalls.models import Recall; from notifications.models import Notification, SendingState; "
    "from notifications.delivery.worker import send_due; from django.contrib.sessions.models import Session; "
    "print(Recall.objects.count(), Notification.objects.count(), SendingState.objects.get().freeze_reason, "
    "Session.objects.count(), send_due(5))"
)


@pytest.fixture(autouse=True)
def _clinic_with_patients(shadyside: Site) -> None:
    RecallFactory.create(patient=PatientFactory.create(site=shadyside, family_name="Canary-Zqfamily"))
    RecallFactory.create(booked=True)


@contextmanager
def empty_installation(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of an installation whose database of the same kind has no tables yet."""
    folder.mkdir(mode=0o700)
    if connection.vendor == "sqlite":
        yield make_environment(DATA_DIR=str(folder))
        return
    known = connection.get_connection_params()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {RESTORED}")
    try:
        address = f"postgres://{known['user']}@/{RESTORED}?host={known['host']}"
        yield make_environment(DATA_DIR=str(folder), DATABASE_URL=address)
    finally:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {RESTORED} WITH (FORCE)")


@contextmanager
def role_of_another_server() -> Iterator[None]:
    """A role that has rights while the copy is made, and is unknown where it is restored."""
    if connection.vendor == "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE recalldesk_elsewhere")
        cursor.execute("GRANT SELECT ON recalls_recall TO recalldesk_elsewhere")
        yield
        cursor.execute("DROP OWNED BY recalldesk_elsewhere")
        cursor.execute("DROP ROLE recalldesk_elsewhere")


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_a_restored_clinic_has_every_row_a_whole_history_and_sends_nothing(identity_file: Path, tmp_path: Path) -> None:
    with role_of_another_server():
        made = make_backup()
    assert made.manifest.rows["recalls_recall"] == 2
    with empty_installation(tmp_path / "restored") as environment:
        restored = manage(environment, "restore", str(made.path), "--identity", str(identity_file))
        assert restored.returncode == 0, restored.stdout + restored.stderr
        assert f"{sum(made.manifest.rows.values())} rows" in restored.stdout
        assert "restored in 0:00 of 72:00 hours" in restored.stdout
        assert "2 recalls, " in restored.stdout
        assert "checked, 0 broken." in restored.stdout
        again = manage(environment, "restore", str(made.path), "--identity", str(identity_file))
        assert again.returncode == 1
        assert "not empty" in again.stderr
        seen = manage(environment, "shell", "--verbosity", "0", "--command", COUNTS).stdout.strip()
    assert seen.startswith("2 ")
    assert seen.endswith("restored 0 Counter()")


def test_no_name_stands_in_the_file_or_beside_it(identity_file: Path, tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir(mode=0o700)
    made = make_backup()
    assert list(settings.DATA_DIR.iterdir()) == []
    assert [path.name for path in made.path.parent.iterdir()] == [made.path.name]
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert b"Zqfamily" not in made.path.read_bytes()
    plain = BytesIO()
    decrypt(made.path, plain, identity_file)
    assert plain.getvalue().startswith(MAGIC)


def test_a_file_that_was_cut_short_restores_nothing(identity_file: Path, tmp_path: Path) -> None:
    made = make_backup()
    made.path.write_bytes(made.path.read_bytes()[:-100])
    with empty_installation(tmp_path / "restored") as environment:
        failed = manage(environment, "restore", str(made.path), "--identity", str(identity_file))
        assert failed.returncode == 1
        assert "could not decrypt" in failed.stderr
        assert "not empty" not in manage(environment, "restore", str(made.path), "--identity", "none").stderr


def test_a_failed_backup_leaves_no_file_and_no_mark(identity_file: Path, settings: Settings) -> None:
    settings.BACKUP_RECIPIENTS = []
    with pytest.raises(CommandError, match="BACKUP_RECIPIENTS is not set"):
        call_command("backup")
    assert list(settings.BACKUP_DIR.iterdir()) == []
    assert not Heartbeat.objects.filter(pk="backup").exists()


def test_old_backups_go_and_other_files_stay(identity_file: Path, settings: Settings) -> None:
    settings.BACKUP_KEEP = 2
    settings.BACKUP_DIR.mkdir(mode=0o700)
    for name in ("recalldesk-20260101T020000Z.age", "recalldesk-20260102T020000Z.age", "notes.txt"):
        (settings.BACKUP_DIR / name).touch()
    made = make_backup()
    names = {path.name for path in settings.BACKUP_DIR.iterdir()}
    assert names == {"notes.txt", "recalldesk-20260102T020000Z.age", made.path.name}


def test_another_key_reads_nothing(identity_file: Path, tmp_path: Path) -> None:
    made = make_backup()
    call_command("backup_key", tmp_path / "other.txt")
    with pytest.raises(BackupError, match="could not decrypt"):
        decrypt(made.path, BytesIO(), tmp_path / "other.txt")


def test_the_operator_hears_when_the_last_backup_is_too_old(identity_file: Path, shadyside: Site) -> None:
    now = timezone.now()

    def judge(ago: timedelta | None) -> Health:
        marks = {} if ago is None else {"backup": now - ago}
        (part,) = check_optional_parts(marks, now, shadyside.zone)
        return part.health

    assert judge(None) == Health.DOWN
    assert judge(timedelta(hours=25)) == Health.UP
    assert judge(timedelta(hours=27)) == Health.LATE
    assert judge(timedelta(hours=51)) == Health.DOWN

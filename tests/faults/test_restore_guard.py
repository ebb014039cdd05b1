"""Tests that a database restored from a backup sends nothing until a person has looked."""

import json
import sqlite3
import subprocess
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client

from clinic.models import Site, User
from notifications import tasks
from notifications.delivery import restore_guard
from notifications.delivery.worker import send_due
from notifications.enums import AttemptResult, NotificationKind, NotificationState
from notifications.models import Notification, SendingState
from patients.factories import PatientFactory
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, latest_notification
from tests.support import servers
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def owe_message(site: Site, name: str) -> Recall:
    recall: Recall = RecallFactory.create(patient=PatientFactory.create(site=site, email=f"{name}@example.org"))
    return recall


def restore_snapshot(copy: SendingState) -> None:
    """The database is as it was when this was read: a restore, as far as the safeguard sees."""
    copy.save(force_update=True)


def test_a_new_installation_sends(recall: Recall, mail_server: SmtpSink) -> None:
    assert send_due(5) == {AttemptResult.ACCEPTED: 1}


def test_a_restored_database_sends_nothing_until_a_person_unfreezes(
    recall: Recall, shadyside: Site, mail_server: SmtpSink, clock: Clock
) -> None:
    send_due(5)
    copy = SendingState.objects.get()
    owe_message(shadyside, "second")
    send_due(5)
    restore_snapshot(copy)
    third = owe_message(shadyside, "third")
    assert send_due(5) == {}
    tasks.sweep()
    clock.move_to("2026-11-10", "10:00")
    tasks.sweep()
    assert len(mail_server.received) == 2
    assert latest_notification(third, NotificationKind.RECALL_NOTICE).state == NotificationState.PLANNED
    assert SendingState.objects.get().freeze_reason == SendingState.FreezeReason.RESTORED
    call_command("unfreeze_sending", stdout=StringIO())
    assert send_due(5) == {AttemptResult.ACCEPTED: 1}


def test_the_same_copy_brought_back_a_second_time_is_noticed_again(
    recall: Recall, shadyside: Site, mail_server: SmtpSink
) -> None:
    send_due(5)
    copy = SendingState.objects.get()
    owe_message(shadyside, "second")
    send_due(5)
    restore_snapshot(copy)
    owe_message(shadyside, "third")
    assert send_due(5) == {}
    restore_snapshot(copy)
    assert send_due(5) == {}
    assert SendingState.objects.get().frozen_at is not None


def test_a_copy_brought_to_another_machine_sends_nothing(
    recall: Recall, shadyside: Site, mail_server: SmtpSink, settings: LazySettings, tmp_path: Path
) -> None:
    send_due(5)
    settings.DATA_DIR = tmp_path / "elsewhere"
    settings.DATA_DIR.mkdir()
    owe_message(shadyside, "second")
    assert send_due(5) == {}
    assert SendingState.objects.get().freeze_reason == SendingState.FreezeReason.OTHER_PLACE
    restore_guard.unfreeze_sending()
    assert send_due(5) == {AttemptResult.ACCEPTED: 1}


def test_another_database_in_the_same_place_sends_nothing(
    recall: Recall, shadyside: Site, mail_server: SmtpSink, tmp_path: Path
) -> None:
    send_due(5)
    mark = json.loads((tmp_path / restore_guard.MARKER_FILE).read_text())
    mark["installation"] = "00000000-0000-4000-8000-000000000000"
    (tmp_path / restore_guard.MARKER_FILE).write_text(json.dumps(mark))
    owe_message(shadyside, "second")
    assert send_due(5) == {}
    assert SendingState.objects.get().freeze_reason == SendingState.FreezeReason.OTHER_DATABASE


def test_a_process_killed_between_the_database_and_the_file_freezes_nothing(
    recall: Recall, shadyside: Site, mail_server: SmtpSink, tmp_path: Path
) -> None:
    send_due(5)
    older = (tmp_path / restore_guard.MARKER_FILE).read_text()
    owe_message(shadyside, "second")
    send_due(5)
    (tmp_path / restore_guard.MARKER_FILE).write_text(older)
    owe_message(shadyside, "third")
    assert send_due(5) == {AttemptResult.ACCEPTED: 1}


def test_a_person_may_freeze_sending_by_command(recall: Recall, mail_server: SmtpSink) -> None:
    call_command("freeze_sending", stdout=StringIO())
    assert send_due(5) == {}
    out = StringIO()
    call_command("unfreeze_sending", dry_run=True, stdout=out)
    assert "1 message is due." in out.getvalue()
    assert send_due(5) == {}
    call_command("unfreeze_sending", stdout=StringIO())
    assert send_due(5) == {AttemptResult.ACCEPTED: 1}


def test_the_board_says_so_in_its_top_line(manager_mo: User, clock: Clock) -> None:
    restore_guard.freeze_sending(by=manager_mo)
    client = Client()
    client.force_login(manager_mo)
    page = client.get("/board/").text
    assert "Sending: frozen, since Tue 10 Nov, 8:15 am, because a person froze it." in page
    restore_guard.unfreeze_sending(by=manager_mo)
    assert "Sending: frozen" not in client.get("/board/").text


def test_a_manager_unfreezes_in_the_admin_and_the_name_is_recorded(
    manager_mo: User, recall: Recall, mail_server: SmtpSink
) -> None:
    restore_guard.freeze_sending()
    client = Client()
    client.force_login(manager_mo)
    address = f"/admin/notifications/sendingstate/{restore_guard.SINGLETON_PK}/change/"
    assert client.get(address).status_code == 200
    assert client.post(address, {"may_leave": "on"}).status_code == 302
    row = SendingState.objects.get()
    assert (row.frozen_at, row.changed_by) == (None, manager_mo)
    assert client.post(address, {}).status_code == 302
    assert send_due(5) == {}


def test_a_scheduler_cannot_unfreeze(scheduler_ana: User) -> None:
    restore_guard.freeze_sending()
    client = Client()
    client.force_login(scheduler_ana)
    assert (
        client.post(
            f"/admin/notifications/sendingstate/{restore_guard.SINGLETON_PK}/change/", {"may_leave": "on"}
        ).status_code
        != 200
    )
    assert restore_guard.is_sending_frozen()


@pytest.mark.django_db(transaction=True)
def test_dump_and_restore_of_the_real_database(
    clock: Clock, shadyside: Site, mail_server: SmtpSink, tmp_path: Path
) -> None:
    """A copy is made after the first message and brought back after the second: nothing more leaves."""
    owe_message(shadyside, "first")
    send_due(5)
    copy = _dump(tmp_path)
    owe_message(shadyside, "second")
    send_due(5)
    _restore(copy)
    owe_message(shadyside, "third")
    assert tasks.sweep().get(AttemptResult.ACCEPTED, 0) == 0
    assert sorted(received.recipients[0] for received in mail_server.received) == [
        "first@example.org",
        "second@example.org",
    ]
    assert SendingState.objects.get().freeze_reason == SendingState.FreezeReason.RESTORED
    restore_guard.unfreeze_sending()
    send_due(5)
    assert mail_server.received[-1].recipients == ("third@example.org",)
    assert not Notification.objects.filter(state=NotificationState.SENDING).exists()


def _dump(folder: Path) -> Path:
    if connection.vendor == "sqlite":
        copy = folder / "copy.sqlite3"
        with sqlite3.connect(str(connection.settings_dict["NAME"])) as source:
            source.execute(f"VACUUM INTO '{copy}'")
        source.close()
        return copy
    copy = folder / "copy.dump"
    with connection.cursor() as cursor:
        cursor.execute("SHOW unix_socket_directories")
        (host,) = cursor.fetchone()
    tool = servers.postgres_programs() / "pg_dump"
    name = str(connection.settings_dict["NAME"])
    subprocess.run([tool, "-h", host, "-U", "test", "--format=custom", f"--file={copy}", name], check=True)
    return copy


def _restore(copy: Path) -> None:
    """Into the place of the database that is there."""
    host = connection.settings_dict.get("OPTIONS", {}).get("host") or connection.settings_dict["HOST"]
    name = str(connection.settings_dict["NAME"])
    connections.close_all()
    if connection.vendor == "sqlite":
        for end in ("-wal", "-shm"):
            Path(f"{name}{end}").unlink(missing_ok=True)
        Path(name).write_bytes(copy.read_bytes())
        return
    tool = servers.postgres_programs() / "pg_restore"
    address = ["-h", str(host), "-U", "test", f"--dbname={name}"]
    subprocess.run([tool, *address, "--clean", "--if-exists", "--single-transaction", copy], check=True)

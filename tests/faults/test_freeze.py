"""Does a database that was brought back from a copy stay silent until a person has looked?"""

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
from notifications import freeze, tasks
from notifications.delivery import drain
from notifications.kinds import AttemptResult, Kind, NotificationState
from notifications.models import Notification, Sending
from patients.factories import PatientFactory
from recalls.factories import RecallFactory
from recalls.models import Recall
from tests.notifications.timeline import Clock, row_of
from tests.support import servers
from tests.support.smtp import SmtpSink

S, R = NotificationState, AttemptResult
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def one_more(site: Site, name: str) -> Recall:
    recall: Recall = RecallFactory.create(patient=PatientFactory.create(site=site, email=f"{name}@example.org"))
    return recall


def go_back(copy: Sending) -> None:
    """The database is as it was when this was read: a restore, as far as the safeguard sees."""
    copy.save(force_update=True)


def test_a_new_installation_sends(recall: Recall, mail_server: SmtpSink) -> None:
    assert drain(5) == {R.ACCEPTED: 1}


def test_a_restored_database_sends_nothing_until_a_person_unfreezes(
    recall: Recall, shadyside: Site, mail_server: SmtpSink, clock: Clock
) -> None:
    drain(5)
    copy = Sending.objects.get()
    one_more(shadyside, "second")
    drain(5)
    go_back(copy)
    third = one_more(shadyside, "third")
    assert drain(5) == {}
    tasks.sweep()
    clock.jump("2026-11-10", "10:00")
    tasks.sweep()
    assert len(mail_server.received) == 2
    assert row_of(third, Kind.RECALL_NOTICE).state == S.PLANNED
    assert Sending.objects.get().frozen_because == Sending.Because.RESTORED
    call_command("unfreeze_sending", stdout=StringIO())
    assert drain(5) == {R.ACCEPTED: 1}


def test_the_same_copy_brought_back_a_second_time_is_noticed_again(
    recall: Recall, shadyside: Site, mail_server: SmtpSink
) -> None:
    drain(5)
    copy = Sending.objects.get()
    one_more(shadyside, "second")
    drain(5)
    go_back(copy)
    one_more(shadyside, "third")
    assert drain(5) == {}
    go_back(copy)
    assert drain(5) == {}
    assert Sending.objects.get().frozen_at is not None


def test_a_copy_brought_to_another_machine_sends_nothing(
    recall: Recall, shadyside: Site, mail_server: SmtpSink, settings: LazySettings, tmp_path: Path
) -> None:
    drain(5)
    settings.DATA_DIR = tmp_path / "elsewhere"
    settings.DATA_DIR.mkdir()
    one_more(shadyside, "second")
    assert drain(5) == {}
    assert Sending.objects.get().frozen_because == Sending.Because.OTHER_PLACE
    freeze.unfreeze()
    assert drain(5) == {R.ACCEPTED: 1}


def test_another_database_in_the_same_place_sends_nothing(
    recall: Recall, shadyside: Site, mail_server: SmtpSink, tmp_path: Path
) -> None:
    drain(5)
    mark = json.loads((tmp_path / freeze.MARK_FILE).read_text())
    mark["installation"] = "00000000-0000-4000-8000-000000000000"
    (tmp_path / freeze.MARK_FILE).write_text(json.dumps(mark))
    one_more(shadyside, "second")
    assert drain(5) == {}
    assert Sending.objects.get().frozen_because == Sending.Because.OTHER_DATABASE


def test_a_process_killed_between_the_database_and_the_file_freezes_nothing(
    recall: Recall, shadyside: Site, mail_server: SmtpSink, tmp_path: Path
) -> None:
    drain(5)
    older = (tmp_path / freeze.MARK_FILE).read_text()
    one_more(shadyside, "second")
    drain(5)
    (tmp_path / freeze.MARK_FILE).write_text(older)
    one_more(shadyside, "third")
    assert drain(5) == {R.ACCEPTED: 1}


def test_a_person_may_freeze_sending_by_command(recall: Recall, mail_server: SmtpSink) -> None:
    call_command("freeze_sending", stdout=StringIO())
    assert drain(5) == {}
    out = StringIO()
    call_command("unfreeze_sending", dry_run=True, stdout=out)
    assert "1 message is due." in out.getvalue()
    assert drain(5) == {}
    call_command("unfreeze_sending", stdout=StringIO())
    assert drain(5) == {R.ACCEPTED: 1}


def test_the_board_says_so_in_its_top_line(manager_mo: User, clock: Clock) -> None:
    freeze.freeze(by=manager_mo)
    client = Client()
    client.force_login(manager_mo)
    page = client.get("/admin/").text
    assert "Sending: frozen, since Nov. 10, 2026, 8:15 a.m., because a person froze it." in page
    freeze.unfreeze(by=manager_mo)
    assert "Sending: frozen" not in client.get("/admin/").text


def test_a_manager_unfreezes_in_the_admin_and_her_name_is_kept(
    manager_mo: User, recall: Recall, mail_server: SmtpSink
) -> None:
    freeze.freeze()
    client = Client()
    client.force_login(manager_mo)
    address = f"/admin/notifications/sending/{freeze.ONLY}/change/"
    assert client.get(address).status_code == 200
    assert client.post(address, {"may_leave": "on"}).status_code == 302
    row = Sending.objects.get()
    assert (row.frozen_at, row.changed_by) == (None, manager_mo)
    assert client.post(address, {}).status_code == 302
    assert drain(5) == {}


def test_a_scheduler_cannot_unfreeze(scheduler_ana: User) -> None:
    freeze.freeze()
    client = Client()
    client.force_login(scheduler_ana)
    assert client.post(f"/admin/notifications/sending/{freeze.ONLY}/change/", {"may_leave": "on"}).status_code != 200
    assert freeze.is_frozen()


@pytest.mark.django_db(transaction=True)
def test_dump_and_restore_of_the_real_database(
    clock: Clock, shadyside: Site, mail_server: SmtpSink, tmp_path: Path
) -> None:
    """A copy is made after the first message and brought back after the second: nothing more leaves."""
    one_more(shadyside, "first")
    drain(5)
    copy = _dump(tmp_path)
    one_more(shadyside, "second")
    drain(5)
    _restore(copy)
    one_more(shadyside, "third")
    assert tasks.sweep().get(R.ACCEPTED, 0) == 0
    assert sorted(received.recipients[0] for received in mail_server.received) == [
        "first@example.org",
        "second@example.org",
    ]
    assert Sending.objects.get().frozen_because == Sending.Because.RESTORED
    freeze.unfreeze()
    drain(5)
    assert mail_server.received[-1].recipients == ("third@example.org",)
    assert not Notification.objects.filter(state=S.SENDING).exists()


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

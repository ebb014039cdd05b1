"""Holds that the demo clinic has every situation, invented people only, and a way in."""

import stat
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from clinic.calendar import SendWindow, local_day, next_send_time
from clinic.models import Site, User
from clinic.roles import STAFF_ROLES, Role, get_roles
from demo import logins
from demo.seed_sites import DEMO_USERS
from exchange.models import ParkedRow
from notifications.enums import Channel, NotificationState
from notifications.models import Notification
from patients.models import ContactPoint, Patient
from recalls.enums import AppointmentStatus, ClosureReason, State
from recalls.models import Appointment, EarlierOffer, Recall, RecallEvent, RoomStop
from recalls.signals import recall_moved

pytestmark = [pytest.mark.django_db, pytest.mark.long]


@pytest.fixture
def data_folder(tmp_path: Path, settings: Settings) -> Path:
    settings.DATA_DIR = tmp_path
    settings.MAIL_INBOX_DIR = tmp_path / "mail"
    return tmp_path


@pytest.fixture
def demo_output(data_folder: Path) -> str:
    """What the command says when it makes the demo clinic, once for each test that asks."""
    out = StringIO()
    call_command("demo", stdout=out)
    return out.getvalue()


def test_a_newcomer_finds_a_clinic_at_work(demo_output: str, data_folder: Path) -> None:
    recalls = list(Recall.objects.all())
    assert {recall.state for recall in recalls} == set(State)
    assert {recall.closure_reason for recall in recalls} - {""} == set(ClosureReason)
    assert Patient.objects.count() == 200
    assert set(Site.objects.values_list("time_zone", flat=True)) == {"America/New_York", "America/Denver"}

    waiting = [recall for recall in recalls if recall.state == State.TO_CONTACT]
    assert len(waiting) >= 40, "a scheduler has a real morning"
    assert any(recall.due_at and recall.due_at < timezone.now() for recall in waiting), "some of it is overdue"
    assert RecallEvent.objects.filter(at__gt=timezone.now()).count() == 0

    patients = Patient.objects.all()
    assert patients.filter(language="es", interpreter_needed=True).exists()
    assert patients.exclude(contact_points__kind=ContactPoint.Kind.EMAIL).exists()
    assert ContactPoint.objects.filter(unusable=ContactPoint.UnusableReason.BOUNCED).exists()
    assert patients.filter(consents__subject="email", consents__granted=False).exists()

    assert all(name.startswith(("Sample-", "Example-")) for name in patients.values_list("family_name", flat=True))
    assert ParkedRow.objects.count() == 5, "and some rows of a file wait to be mended"

    offered = EarlierOffer.objects.open(timezone.now())
    assert offered.exists(), "a visit that was moved left a time that is offered to those who would come sooner"

    shadyside = Site.objects.get(code="SHADY")
    here = Appointment.objects.filter(
        status=AppointmentStatus.ATTENDED, site=shadyside, recall__state=State.AWAITING_OUTCOME
    )
    today = here.filter(starts_at__gt=timezone.now() - timedelta(hours=1))
    assert {visit.in_room_at is None for visit in today} == {True, False}, "somebody waits and somebody is in the room"
    assert RoomStop.objects.filter(room__site=shadyside, day__gt=local_day(shadyside, timezone.now())).count() == 3
    night = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)  # 3 am on a Sunday in Pittsburgh
    leaves = next_send_time(SendWindow.OPEN_DAYS, shadyside, night)
    assert leaves == night, "whoever tries it at night sees the mail come"

    _check_histories(recalls)
    _check_send_times(mail_folder=data_folder / "mail" / "new")
    _check_logins(demo_output)


def _check_histories(recalls: list[Recall]) -> None:
    for recall in recalls:
        events = list(recall.events.all())
        assert [event.compute_hash() for event in events] == [event.hash for event in events]
        assert [event.version for event in events] == list(range(1, recall.version + 1))


def _check_send_times(mail_folder: Path) -> None:
    """Nothing of the past is left to be sent in one burst at the first start."""
    sent = Notification.objects.filter(state=NotificationState.ACCEPTED).exclude(channel=Channel.LETTER)
    assert sent.count() > 300
    assert all(row.accepted_at and row.accepted_at - row.not_before < timedelta(minutes=1) for row in sent)
    files = list(mail_folder.iterdir())
    assert len(files) == sent.count()
    oldest = min(datetime.fromtimestamp(file.stat().st_mtime, UTC) for file in files)
    assert timezone.now() - oldest > timedelta(days=60)
    assert not Notification.objects.filter(state=NotificationState.FAILED).exists()
    assert not Notification.objects.filter(state=NotificationState.PLANNED, not_before__lte=timezone.now()).exists()


def _check_logins(demo_output: str) -> None:
    password = demo_output.rstrip().rpartition(" ")[2]
    assert {login.role for login in DEMO_USERS} == STAFF_ROLES - {Role.INTEGRATION}
    for login in DEMO_USERS:
        assert login.username in demo_output
        user = User.objects.get(username=login.username)
        assert user.check_password(password)
        assert get_roles(user) == {login.role}
        assert {site.code for site in user.sites.all()} == set(login.sites)


@pytest.mark.usefixtures("data_folder", "shadyside")
def test_a_second_start_makes_nothing_and_says_where_the_logins_are() -> None:
    logins.write_logins("five-words")
    out = StringIO()
    call_command("demo", if_empty=True, stdout=out)
    assert str(logins.logins_path()) in out.getvalue()
    assert Patient.objects.count() == 0
    with pytest.raises(CommandError, match="only in an empty installation"):
        call_command("demo")


@pytest.mark.usefixtures("data_folder")
def test_the_logins_are_kept_for_their_owner_alone_and_shown_again() -> None:
    page = logins.write_logins("five-words")
    assert stat.S_IMODE(logins.logins_path().stat().st_mode) == 0o600
    again = StringIO()
    call_command("demo", show_logins=True, stdout=again)
    assert again.getvalue().strip() == page.strip()


def test_a_demo_that_is_broken_off_leaves_nothing_behind(data_folder: Path) -> None:
    left: list[int] = []

    def ctrl_c(**_: object) -> None:
        left.append(len(list((data_folder / "mail" / "new").glob("*"))))
        if left[-1]:
            raise KeyboardInterrupt

    recall_moved.connect(ctrl_c)
    try:
        with pytest.raises(KeyboardInterrupt):
            call_command("demo", stdout=StringIO())
    finally:
        recall_moved.disconnect(ctrl_c)
    assert left[-1], "messages had left already"
    assert not Site.objects.exists()
    assert not list((data_folder / "mail" / "new").iterdir())


@pytest.mark.usefixtures("data_folder")
def test_a_real_clinic_gets_no_demo(shadyside: Site) -> None:
    call_command("demo", if_empty=True)
    assert list(Site.objects.all()) == [shadyside]
    with pytest.raises(CommandError, match="no demo clinic"):
        call_command("demo", show_logins=True)


def test_the_production_profile_refuses_the_demo(settings: Settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="real patients"):
        call_command("demo", if_empty=True)
    assert not Site.objects.exists()


def test_every_installation_has_a_password_of_its_own() -> None:
    assert logins.generate_password() != logins.generate_password()

"""Holds that a sender that falls silent while its site is open raises an alarm, and none over night or a weekend."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.models import Site
from exchange.hl7.processing import process_received
from exchange.hl7.sender_history import record_version
from exchange.hl7.store import store_arrivals
from exchange.models import Hl7Sender
from tests.hl7.sample_messages import arrive, make_oru

pytestmark = pytest.mark.django_db
FRIDAY = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def closing(shadyside: Site, ris: Hl7Sender, time_machine: TimeMachineFixture) -> datetime:
    """A Friday's closing time; the sender is watched for three hours of silence."""
    day = calendar.next_open_day(shadyside, FRIDAY.date())
    Hl7Sender.objects.filter(pk=ris.pk).update(silent_after_hours=3)
    return calendar.closing_time(shadyside, day)


def send_at(moment: datetime, clock: TimeMachineFixture) -> None:
    clock.move_to(moment, tick=False)
    store_arrivals([arrive(make_oru(str(moment)))])
    process_received(5)


def read_board(client: Client, moment: datetime, clock: TimeMachineFixture, person: object) -> str:
    clock.move_to(moment, tick=False)
    client.force_login(person)  # type: ignore[arg-type]
    return client.get(reverse("board")).text


def test_the_hours_count_while_the_site_is_open(
    client: Client, manager_mo: object, closing: datetime, time_machine: TimeMachineFixture, shadyside: Site
) -> None:
    send_at(closing - timedelta(hours=1), time_machine)
    later = calendar.next_open_day(shadyside, closing.date() + timedelta(days=1))
    opening = calendar.instant(shadyside, later, calendar.opening_hours_on(shadyside, later)[0])  # type: ignore[index]
    for moment in (closing + timedelta(hours=12), opening + timedelta(minutes=119)):
        assert "HL7 messages of RIS North: up." in read_board(client, moment, time_machine, manager_mo)
    page = read_board(client, opening + timedelta(minutes=120), time_machine, manager_mo)
    assert "HL7 messages of RIS North: down, none since" in page
    assert "No message of RIS North since" in client.get(reverse("hl7_messages")).text


def test_one_message_ends_the_alarm_whatever_becomes_of_it(
    client: Client, manager_mo: object, closing: datetime, time_machine: TimeMachineFixture
) -> None:
    send_at(closing - timedelta(hours=5), time_machine)
    assert ": down, none since" in read_board(client, closing, time_machine, manager_mo)
    send_at(closing, time_machine)
    assert "HL7 messages of RIS North: up." in read_board(client, closing, time_machine, manager_mo)


def test_a_sender_that_never_sent_is_judged_since_it_was_set_up(
    client: Client, manager_mo: object, closing: datetime, time_machine: TimeMachineFixture, ris: Hl7Sender
) -> None:
    time_machine.move_to(closing - timedelta(hours=4), tick=False)
    record_version(ris, None)
    assert ": down, none has come yet" in read_board(client, closing, time_machine, manager_mo)


@pytest.mark.parametrize("change", [{"silent_after_hours": None}, {"is_active": False}])
def test_nobody_is_warned_of_a_sender_that_is_not_watched(
    client: Client,
    manager_mo: object,
    closing: datetime,
    time_machine: TimeMachineFixture,
    ris: Hl7Sender,
    change: dict[str, object],
) -> None:
    send_at(closing - timedelta(hours=5), time_machine)
    Hl7Sender.objects.filter(pk=ris.pk).update(**change)
    assert "HL7 messages of" not in read_board(client, closing, time_machine, manager_mo)

"""Holds that who mends a message stays within their own sites, is named, and does not change a report alone."""

import pytest
from django.db import DatabaseError, connection, transaction

from clinic.factories import SiteFactory, UserFactory
from clinic.models import Site, User
from clinic.roles import Role
from exchange.hl7.processing import process_received
from exchange.hl7.store import Arrival, store_arrivals
from exchange.mending.parked_messages import replay_message
from exchange.models import Hl7Message, Hl7Sender
from patients.factories import PatientFactory
from recalls.models import Recall, RecallEvent
from tests.exchange.hl7.samples import PID, build_report

APPLIED, PARKED = Hl7Message.State.APPLIED, Hl7Message.State.PARKED


@pytest.fixture
def manager(shadyside: Site) -> User:
    return UserFactory.create(username="max", role=Role.MANAGER, sites=[shadyside])


@pytest.fixture
def colleague(shadyside: Site) -> User:
    return UserFactory.create(username="ada", role=Role.ADMINISTRATOR, sites=[shadyside])


def _park(text: str = "IMPRESSION: BI-RADS 4.") -> Hl7Message:
    return _receive(build_report(text).replace(b"19700201", b"Feb 1, 1970"))


def _receive(body: bytes) -> Hl7Message:
    [receipt] = store_arrivals([Arrival(body, len(body), Hl7Message.Source.MLLP)])
    process_received(seconds=5)
    return Hl7Message.objects.get(pk=receipt.message_id)


def test_a_mended_message_is_a_version_and_what_it_opens_is_booked_on_the_person(ris: Hl7Sender, manager: User) -> None:
    row = replay_message(_park(), by=manager, body=build_report("IMPRESSION: BI-RADS 4."))
    assert (row.state, b"Feb 1" in bytes(row.raw), row.mends.get().by) == (APPLIED, True, manager)
    assert RecallEvent.objects.get().user == manager


def test_a_message_that_is_applied_as_it_came_is_the_senders_word(shadyside: Site, manager: User) -> None:
    message = _receive(build_report("IMPRESSION: BI-RADS 4."))
    Hl7Message.objects.filter(pk=message.pk).update(site=shadyside)
    Hl7Sender.objects.create(name="RIS", application="RIS", facility="SHADY", site=shadyside)
    assert replay_message(message, by=manager).state == APPLIED
    assert RecallEvent.objects.get().user is None


def test_a_changed_report_is_applied_only_when_a_second_person_sends_it(
    ris: Hl7Sender, manager: User, colleague: User
) -> None:
    lowered = build_report("IMPRESSION: BI-RADS 1.")
    row = replay_message(_park("IMPRESSION: BI-RADS 5."), by=manager, body=lowered)
    row = replay_message(row, by=manager)
    assert (row.state, "second person" in row.reason) == (PARKED, True)
    assert replay_message(row, by=colleague).state == APPLIED
    assert [one.by for one in row.mends.all()] == [manager, manager, colleague]


def test_a_message_is_not_mended_into_another_sites_patient(ris: Hl7Sender, manager: User) -> None:
    """Sites that share their record numbers share patients: the refusal is one sentence, whatever does not agree."""
    elsewhere = SiteFactory.create(code="OAK", assigning_authority="SHADY")
    PatientFactory.create(site=elsewhere, assigning_authority="SHADY", mrn="OAK7", birth_date="1951-01-01")
    body = build_report("IMPRESSION: BI-RADS 4.", pid=PID.replace("|M1^", "|OAK7^"))
    row = replay_message(_park(), by=manager, body=body)
    assert (row.state, "does not go in from here" in row.reason) == (PARKED, True)
    assert not Recall.objects.exists()


def test_the_database_refuses_to_change_a_message_as_it_came_and_lets_it_be_emptied(
    ris: Hl7Sender, manager: User
) -> None:
    replay_message(_park(), by=manager, body=build_report("IMPRESSION: BI-RADS 4."))
    for table, column in (("exchange_hl7message", "raw"), ("exchange_hl7messagemend", "body")):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET {column} = %s", [b"other"])
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET {column} = %s", [b""])

"""Holds that of many programs and desks that want one time at one instant exactly one is given it."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from clinic.factories import get_site_staff
from clinic.models import Site
from recalls import actions
from recalls.models import Appointment, Recall, RecallEvent, Room, RoomHold
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.fhir.conftest import FhirClient, issue_of
from tests.fhir.scheduling_requests import find_times, propose_for, send_appointment
from tests.support.concurrency import run_concurrently

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS = 20
ROUNDS = 3


@pytest.fixture
def room(shadyside: Site) -> Room:
    return RoomFactory.create(site=shadyside)


@pytest.fixture
def wanting(
    room: Room, shadyside: Site, fhir_client_for: Callable[..., FhirClient]
) -> list[tuple[FhirClient, Recall, dict[str, Any]]]:
    """Each a program of its own with the same time of the only room, for a patient of its own."""
    recalls = RecallFactory.create_batch(CLIENTS, site=shadyside)
    clients = [fhir_client_for(shadyside, name=f"Program {number}") for number in range(CLIENTS)]
    proposal = find_times(clients[0], recalls[0], _count="1")[0]
    return [(client, recall, propose_for(recall, proposal)) for client, recall in zip(clients, recalls, strict=True)]


def _statuses(responses: list[Any]) -> list[int]:
    """Of all answers in order; each refusal is an OperationOutcome with a sentence."""
    for response in responses:
        if response.status_code != 200:
            assert issue_of(response)["diagnostics"] == "Somebody else has just taken this time. Choose another."
    return sorted(response.status_code for response in responses)


@pytest.mark.parametrize("round_", range(ROUNDS))
@pytest.mark.parametrize("operation", ["hold", "book"])
def test_of_twenty_programs_that_want_one_time_one_is_given_it(
    wanting: list[tuple[FhirClient, Recall, dict[str, Any]]], operation: str, round_: int
) -> None:
    answers = run_concurrently(*(partial(send_appointment, client, operation, body) for client, _, body in wanting))
    assert _statuses(answers) == [200] + [409] * (CLIENTS - 1)
    assert (RoomHold.objects.count(), Appointment.objects.count()) == ((1, 0) if operation == "hold" else (0, 1))


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_of_those_who_hold_and_those_who_book_one_time_one_is_given_it(
    wanting: list[tuple[FhirClient, Recall, dict[str, Any]]], round_: int
) -> None:
    answers = run_concurrently(
        *(
            partial(send_appointment, client, ("hold", "book")[number % 2], body)
            for number, (client, _, body) in enumerate(wanting)
        )
    )
    assert _statuses(answers) == [200] + [409] * (CLIENTS - 1)
    assert RoomHold.objects.count() + Appointment.objects.count() == 1


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_whoever_holds_a_time_books_it_whoever_else_tries_at_that_instant(
    wanting: list[tuple[FhirClient, Recall, dict[str, Any]]], round_: int
) -> None:
    holder, recall, proposal = wanting[0]
    pending = send_appointment(holder, "hold", proposal).json()["entry"][0]["resource"]
    answers = run_concurrently(
        *(partial(send_appointment, client, "book", body) for client, _, body in wanting[1:]),
        partial(send_appointment, holder, "book", pending),
    )
    assert answers[-1].status_code == 200, answers[-1].content
    assert _statuses(answers) == [200] + [409] * (CLIENTS - 1)
    assert Appointment.objects.get().recall == recall


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_booking_sent_many_times_at_once_books_one_visit(
    wanting: list[tuple[FhirClient, Recall, dict[str, Any]]], round_: int
) -> None:
    _client, recall, body = wanting[0]
    answers = run_concurrently(*(partial(send_appointment, client, "book", body) for client, _, _ in wanting[:8]))
    assert sorted(answer.status_code for answer in answers) == [200] + [422] * 7
    assert Appointment.objects.get().recall == recall
    assert recall.events.filter(step="book_appointment").count() == 1


@pytest.mark.parametrize("round_", range(ROUNDS))
@pytest.mark.parametrize("operation", ["hold", "book"])
def test_of_a_desk_and_a_program_that_want_one_time_one_is_given_it(
    wanting: list[tuple[FhirClient, Recall, dict[str, Any]]], room: Room, operation: str, round_: int
) -> None:
    (client, _, body), (_, walked_in, _) = wanting[:2]
    start = datetime.fromisoformat(body["start"])
    scheduler = get_site_staff(room.site).scheduler
    slot = actions.Slot(room.site, start, room=room)
    by_desk, by_program = run_concurrently(
        partial(actions.book_appointment, walked_in, slot, by=scheduler),
        partial(send_appointment, client, operation, body),
    )
    assert isinstance(by_desk, RecallEvent) == (by_program.status_code == 409)
    assert by_program.status_code in (200, 409)
    assert RoomHold.objects.count() + Appointment.objects.count() == 1

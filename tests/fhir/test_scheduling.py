"""Holds that other systems find, hold and book times under the same lock as the desk, after IHE ITI-115 to 118."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from clinic.factories import get_site_staff
from clinic.models import Site
from recalls import actions
from recalls.enums import State
from recalls.models import Appointment, Recall, Room, RoomHold
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.fhir.conftest import FhirClient, issue_of
from tests.fhir.r4_schema import find_faults
from tests.fhir.scheduling_requests import find_times, propose_for, send_appointment

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(shadyside: Site) -> Room:
    return RoomFactory.create(site=shadyside)


@pytest.fixture
def recall(shadyside: Site, room: Room) -> Recall:
    """One whose visit takes an hour in the only room."""
    return RecallFactory.create(site=shadyside)


def test_a_time_is_found_held_and_booked(ris: FhirClient, recall: Recall) -> None:
    proposal = find_times(ris, recall, _count="3")[0]
    assert proposal["status"] == "proposed"
    held = send_appointment(ris, "hold", proposal)
    assert held.status_code == 200, held.content
    assert find_faults(held.json()) == []
    pending = held.json()["entry"][0]["resource"]
    assert (pending["status"], pending["start"]) == ("pending", proposal["start"])
    booked = send_appointment(ris, "book", pending)
    assert booked.status_code == 200, booked.content
    visit = Appointment.objects.get()
    assert booked.json()["entry"][0]["resource"]["id"] == str(visit.pk)
    recall.refresh_from_db()
    assert (recall.state, visit.room is not None, RoomHold.objects.count()) == (State.SCHEDULED, True, 0)
    assert ris.get("/fhir/Appointment", {"patient": str(recall.patient_id), "status": "booked"}).json()["entry"]


def test_a_held_time_is_given_to_nobody_else_until_it_expires(ris: FhirClient, recall: Recall, room: Room) -> None:
    other = RecallFactory.create(site=recall.site)
    scheduler = get_site_staff(recall.site).scheduler
    proposal = find_times(ris, recall)[0]
    assert send_appointment(ris, "hold", proposal).status_code == 200
    assert proposal["start"] not in [one["start"] for one in find_times(ris, other)]
    theirs = propose_for(other, proposal)
    for operation in ("hold", "book"):
        taken = send_appointment(ris, operation, theirs)
        assert (taken.status_code, issue_of(taken)["code"]) == (409, "business-rule")
    start = RoomHold.objects.get().starts_at
    slot = actions.Slot(recall.site, start, room=room)
    with pytest.raises(ValidationError):
        actions.book_appointment(other, slot, by=scheduler)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        actions.book_appointment(other, slot, by=scheduler)


def test_an_expired_hold_books_nothing(ris: FhirClient, recall: Recall) -> None:
    pending = send_appointment(ris, "hold", find_times(ris, recall)[0]).json()["entry"][0]["resource"]
    RoomHold.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    response = send_appointment(ris, "book", pending)
    assert response.status_code == 409
    assert not Appointment.objects.exists()


def test_a_recall_holds_one_time_only(ris: FhirClient, recall: Recall) -> None:
    first, second = find_times(ris, recall)[:2]
    assert [send_appointment(ris, "hold", one).status_code for one in (first, second, first)] == [200, 200, 200]
    assert RoomHold.objects.count() == 1


def test_nothing_is_held_or_booked_for_another_site(
    fhir_client_for: Any, foothills: Site, ris: FhirClient, recall: Recall
) -> None:
    stranger = fhir_client_for(foothills, name="Stranger")
    proposal = find_times(ris, recall)[0]
    assert send_appointment(stranger, "hold", proposal).status_code == 422
    assert send_appointment(stranger, "book", proposal).status_code == 422
    assert stranger.get("/fhir/Appointment/$find", {"based-on": f"ServiceRequest/{recall.pk}"}).status_code == 404
    assert not RoomHold.objects.exists()


def test_no_time_is_held_for_a_recall_that_waits_for_no_visit(ris: FhirClient, recall: Recall) -> None:
    proposal = find_times(ris, recall)[0]
    manager = get_site_staff(recall.site).radiologist
    actions.void(recall, by=manager, note="Wrong patient")
    assert send_appointment(ris, "hold", proposal).status_code == 422


def test_slots_of_a_room_are_read_and_searched(ris: FhirClient, recall: Recall, room: Room) -> None:
    bundle = ris.get("/fhir/Slot", {"schedule": f"Schedule/room-{room.pk}", "_count": "4"}).json()
    assert find_faults(bundle) == []
    slots = [entry["resource"] for entry in bundle["entry"]]
    assert [one["status"] for one in slots] == ["free"] * 4
    assert ris.get(f"/fhir/Slot/{slots[0]['id']}").json() == slots[0]
    assert send_appointment(ris, "book", find_times(ris, recall)[0]).status_code == 200
    assert ris.get(f"/fhir/Slot/{slots[0]['id']}").json()["status"] == "busy"


@pytest.mark.parametrize(
    ("address", "status"),
    [("Slot", 400), ("Slot?schedule=Schedule/room-99999", 200), ("Slot?schedule=x", 400), ("Slot/room-1-x", 404),
     ("Slot/room-1-99999999T9999Z", 404), ("Slot?schedule=Schedule/room-1&start=ge9999-12-31", 400),
     ("Appointment/$find", 400), ("Appointment/$find?service-type=x", 400), ("Appointment/$find?foo=1", 400),
     ("Appointment/$find?service-type=diagnostic&start=2026-01-01&end=2028-01-01", 400),
     ("Appointment/$find?service-type=diagnostic&start=0001-01-01", 400),
     ("Appointment/$find?based-on=ServiceRequest/99999999", 404), ("Appointment/$hold", 405)],
)  # fmt: skip
def test_an_unclear_question_about_times_is_refused(
    ris: FhirClient, shadyside: Site, address: str, status: int
) -> None:
    response = ris.get(f"/fhir/{address}")
    assert response.status_code == status, response.content


@pytest.mark.parametrize("body", [{}, {"resourceType": "Parameters"}, {"resourceType": "Parameters", "parameter": [1]}])
def test_a_hold_without_an_appointment_is_refused(ris: FhirClient, shadyside: Site, body: dict[str, Any]) -> None:
    response = ris.post("/fhir/Appointment/$hold", body, content_type="application/fhir+json")
    assert response.status_code == 422

"""Holds that one click settles a parked report, and that the click counts for what the person saw."""

import pytest

from clinic.factories import UserFactory
from clinic.models import Site, User
from clinic.roles import Role
from exchange.hl7.processing import process_received
from exchange.hl7.store import Arrival, store_arrivals
from exchange.mending.parked_messages import replay_message
from exchange.models import Hl7Message, Hl7Sender
from patients.models import Patient
from recalls.enums import State
from tests.exchange.hl7.conftest import the_recall
from tests.exchange.hl7.samples import PID, build_message, build_report

APPLIED, PARKED = Hl7Message.State.APPLIED, Hl7Message.State.PARKED


@pytest.fixture
def manager(shadyside: Site) -> User:
    return UserFactory.create(username="max", role=Role.MANAGER, sites=[shadyside])


def _receive(*bodies: bytes) -> Hl7Message:
    """Store and apply the messages as the listener and the processor do; the last one as it stands then."""
    receipts = store_arrivals([Arrival(body, len(body), Hl7Message.Source.MLLP) for body in bodies])
    process_received(seconds=5)
    return Hl7Message.objects.get(pk=receipts[-1].message_id)


def test_a_doubtful_text_goes_in_as_proposed_with_one_click(ris: Hl7Sender, manager: User) -> None:
    parked = _receive(build_report("IMPRESSION: BI-RADS 4.", "M4 and U3 in the other system."))
    assert (parked.sender, parked.state, parked.proposal) == (ris, PARKED, {"assessment": "4"})
    assert replay_message(parked, by=manager, accepts_proposal=True).state == APPLIED
    assert the_recall().state == State.TO_CONTACT


def test_a_changed_name_and_a_doubtful_text_are_accepted_one_after_the_other(ris: Hl7Sender, manager: User) -> None:
    married = PID.replace("Sample-Oak^Testa", "Birch^Wilma")
    doubtful = build_report("IMPRESSION: BI-RADS 5.", "M4 and U3.", pid=married, accession="A2", control_id="C2")
    parked = _receive(build_report("IMPRESSION: BI-RADS 1."), doubtful)
    parked = replay_message(parked, by=manager, accepts_proposal=True)
    assert (parked.state, parked.proposal) == (PARKED, {"confirmed": ["same_patient"]})
    assert replay_message(parked, by=manager, accepts_proposal=True).state == APPLIED
    assert (Patient.objects.get().family_name, the_recall().exam.assessment) == ("Birch", "5")


def test_a_click_on_an_old_proposal_does_not_lower_what_came_meanwhile(ris: Hl7Sender, manager: User) -> None:
    parked = _receive(build_report("IMPRESSION: BI-RADS 2.", "M4 and U3."))
    _receive(build_report("IMPRESSION: BI-RADS 4.", status="C", control_id="C2"))
    parked = replay_message(parked, by=manager, accepts_proposal=True)
    assert (parked.state, parked.proposal) == (PARKED, {"assessment": "2", "in_place_of": "4"})
    assert the_recall().exam.assessment == "4"


def test_a_mended_message_is_read_anew(ris: Hl7Sender, manager: User) -> None:
    body = build_report("IMPRESSION: BI-RADS 4.")
    parked = _receive(body.replace(b"19700201", b"Feb 1, 1970"))
    assert (parked.state, parked.field) == (PARKED, "PID-7")
    assert replay_message(parked, by=manager, body=body).state == APPLIED


def test_a_merge_that_came_first_is_made_by_a_replay(ris: Hl7Sender, manager: User) -> None:
    merge = build_message("ADT^A40", "EVN|A40", PID, "MRG|OLD1^^^SHADY^MR", control_id="C2")
    parked = _receive(merge)
    _receive(build_report("IMPRESSION: BI-RADS 5.", pid=PID.replace("|M1^", "|OLD1^")))
    assert replay_message(parked, by=manager).state == APPLIED
    assert the_recall().patient.mrn == "M1"

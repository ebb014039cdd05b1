"""A person sees what came, mends what waits, and settles it."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import AccessLog, Site, User
from exchange.hl7 import processing
from exchange.hl7.message_result import MessageResult, ignored, parked
from exchange.hl7.processing import process_received
from exchange.hl7.store import store_arrivals
from exchange.models import Hl7Message, Hl7Sender
from patients.factories import PatientFactory
from tests.hl7.sample_messages import arrive, make_oru

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ris", "applying")]


@pytest.fixture
def applying(monkeypatch: pytest.MonkeyPatch) -> None:
    """An intake that takes what says 1985 or what a person accepted."""

    def apply(messages: Sequence[Hl7Message]) -> list[MessageResult]:
        return [
            ignored("fine")
            if b"1985" in one.body or (one.accepted or {}).get("assessment") == "4A"
            else parked("This is no birth date.", "PID-7", proposal={"assessment": "4A"})
            for one in messages
        ]

    monkeypatch.setattr(processing, "apply_messages", apply)


def park(control_id: str = "1", **changes: Any) -> Hl7Message:
    [receipt] = store_arrivals([arrive(make_oru(control_id))])
    process_received(5)
    Hl7Message.objects.filter(pk=receipt.message_id).update(**changes)
    return Hl7Message.objects.get(pk=receipt.message_id)


def press(client: Client, message: Hl7Message, button: str, **typed: str) -> Any:
    return client.post(reverse("hl7_message", args=[message.pk]), {button: "", **typed}, follow=True)


def test_a_waiting_message_is_laid_out_with_the_field_at_fault(manager_client: Client) -> None:
    message = park()
    assert "PID-7: This is no birth date." in manager_client.get(reverse("hl7_messages")).text
    page = manager_client.get(reverse("hl7_message", args=[message.pk])).text
    at_fault = page[page.index('<tr class="table-warning">') :]
    assert at_fault.index("PID-7") < at_fault.index("19700201") < at_fault.index("PID-8")


def test_a_message_is_mended_and_goes_in_and_what_came_is_kept(manager_client: Client, manager_mo: User) -> None:
    message = park()
    text = make_oru("1").decode().replace("\r", "\r\n").replace("19700201", "19850201")
    assert "settled: Understood" in press(manager_client, message, "_mend", text=text).text
    message.refresh_from_db()
    assert (message.state, message.settled_by) == ("ignored", manager_mo)
    assert (bytes(message.raw), b"19850201" in bytes(message.mended or b"")) == (make_oru("1"), True)


def test_a_proposal_is_accepted_with_one_button(manager_client: Client) -> None:
    message = park()
    assert "4A" in manager_client.get(reverse("hl7_message", args=[message.pk])).text
    press(manager_client, message, "_accept")
    message.refresh_from_db()
    assert (message.state, message.accepted) == ("ignored", {"assessment": "4A"})


def test_what_was_accepted_counts_no_more_once_the_message_is_another(manager_client: Client) -> None:
    message = park(accepted={"assessment": "4A"})
    press(manager_client, message, "_mend", text=make_oru(text="other").decode())
    message.refresh_from_db()
    assert (message.state, message.accepted) == ("parked", None)


def test_a_replay_that_changes_nothing_says_why(manager_client: Client) -> None:
    assert "not in yet: This is no birth date." in press(manager_client, park(), "_replay").text


def test_a_message_is_dismissed_only_with_a_reason(manager_client: Client) -> None:
    message = park()
    assert "Say why" in press(manager_client, message, "_dismiss", note=" ").text
    press(manager_client, message, "_dismiss", note="A test of the vendor")
    message.refresh_from_db()
    assert (message.state, message.note) == ("dismissed", "A test of the vendor")
    assert "Somebody has settled" in press(manager_client, message, "_replay").text


def test_a_message_that_turns_out_to_be_of_another_site_stays_parked(
    manager_client: Client, foothills: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = park()
    monkeypatch.setattr(processing, "apply_messages", lambda _messages: [ignored("fine", site=foothills)])
    assert "You do not work at this site" in press(manager_client, message, "_replay").text
    message.refresh_from_db()
    assert message.state == "parked"


def test_nobody_sees_messages_of_another_site(manager_client: Client, foothills: Site) -> None:
    message = park(site=foothills)
    assert manager_client.get(reverse("hl7_message", args=[message.pk])).status_code == 404
    assert "No such message" in manager_client.get(reverse("hl7_messages")).text


def test_messages_of_unknown_senders_are_the_administrators(administrator_client: Client) -> None:
    message = park(site=None, sender=None)
    assert administrator_client.get(reverse("hl7_message", args=[message.pk])).status_code == 200


def test_schedulers_open_no_messages(client: Client, scheduler_ana: User) -> None:
    client.force_login(scheduler_ana)
    assert client.get(reverse("hl7_messages")).status_code == 403


def test_a_look_at_a_patients_message_is_in_the_access_log(manager_client: Client, shadyside: Site) -> None:
    patient = PatientFactory.create(site=shadyside)
    manager_client.get(reverse("hl7_message", args=[park(patient=patient).pk]))
    assert AccessLog.objects.get(page="hl7_message").patient_id == patient.pk


def test_a_search_stands_in_no_address(manager_client: Client) -> None:
    park("SECRET-1")
    park("OTHER-2")
    page = manager_client.post(reverse("hl7_messages"), {"q": "SECRET-1"}, follow=True)
    assert "SECRET-1" in page.text
    assert "OTHER-2" not in page.text
    assert all("SECRET" not in address for address, _status in page.redirect_chain)


def test_a_page_of_messages_leads_to_the_next(manager_client: Client, django_assert_max_num_queries: Any) -> None:
    store_arrivals([arrive(make_oru(f"{number:03}")) for number in range(27)])
    process_received(5)
    first = manager_client.get(reverse("hl7_messages"))
    with django_assert_max_num_queries(8):
        second = manager_client.get(reverse("hl7_messages") + first.context["next_page_url"])
    assert [row.control_id for row in second.context["rows"]] == ["025", "026"]


def test_a_dry_run_of_pasted_messages_keeps_nothing(administrator_client: Client, ris: Hl7Sender) -> None:
    page = administrator_client.post(reverse("hl7_trial"), {"text": make_oru().decode()})
    assert "PID-7: This is no birth date." in page.text
    assert Hl7Message.objects.count() == 0

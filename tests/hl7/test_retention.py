"""Holds that bodies of settled messages go after their time, and that what became of them, and idempotency, stay."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from exchange.hl7.processing import process_received
from exchange.hl7.store import store_arrivals
from exchange.models import Hl7AwaitedFinal, Hl7Message, Hl7Sender
from exchange.tasks import empty_hl7_messages
from tests.hl7.sample_messages import arrive, make_oru

pytestmark = pytest.mark.django_db
STATES = Hl7Message.State


def settle(control_id: str = "1", days: int = 366, **changes: object) -> Hl7Message:
    """A message that was settled so many days ago."""
    [receipt] = store_arrivals([arrive(make_oru(control_id))])
    process_received(5)
    given = {"state": STATES.APPLIED, "settled_at": timezone.now() - timedelta(days=days), **changes}
    Hl7Message.objects.filter(pk=receipt.message_id).update(**given)
    return Hl7Message.objects.get(pk=receipt.message_id)


@pytest.mark.parametrize("state", [STATES.APPLIED, STATES.IGNORED, STATES.DISMISSED])
def test_the_body_of_a_settled_message_goes_and_what_became_of_it_stays(ris: Hl7Sender, state: str) -> None:
    before = settle(state=state, reason="fine", mended=b"MSH|mended", accepted={"assessment": "4"})
    assert empty_hl7_messages() == 1
    after = Hl7Message.objects.get(pk=before.pk)
    assert (bytes(after.raw), after.mended, after.accepted, after.proposal) == (b"", None, None, None)
    kept = ("key", "digest", "size", "control_id", "message_type", "sender_id", "state", "reason", "settled_at")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert empty_hl7_messages() == 0


def test_what_waits_is_never_emptied_however_old_it_is(ris: Hl7Sender) -> None:
    waits = settle(state=STATES.PARKED, settled_at=None)
    Hl7Message.objects.filter(pk=waits.pk).update(received_at=timezone.now() - timedelta(days=3000))
    assert empty_hl7_messages() == 0
    Hl7Message.objects.filter(pk=waits.pk).update(state=STATES.DISMISSED, settled_at=timezone.now())
    assert empty_hl7_messages() == 0  # its time begins when it is settled


def test_a_preliminary_4_is_kept_while_its_final_report_is_awaited(ris: Hl7Sender) -> None:
    message = settle(state=STATES.IGNORED)
    Hl7AwaitedFinal.objects.create(site=ris.site, message=message, assessment="4", due_at=timezone.now())
    assert empty_hl7_messages() == 0


def test_each_sender_keeps_as_its_settings_say_and_an_unknown_one_a_year(ris: Hl7Sender) -> None:
    Hl7Sender.objects.filter(pk=ris.pk).update(keep_days=30)
    young, old = settle("1", days=29), settle("2", days=31)
    nobodys = [settle("3", days=364, sender=None), settle("4", days=366, sender=None)]
    assert empty_hl7_messages() == 2
    emptied = set(Hl7Message.objects.filter(emptied_at__isnull=False).values_list("pk", flat=True))
    assert emptied == {old.pk, nobodys[1].pk}
    assert young.pk not in emptied


def test_a_message_sent_again_is_known_and_other_content_is_a_conflict(ris: Hl7Sender) -> None:
    message = settle()
    empty_hl7_messages()
    [again] = store_arrivals([arrive(make_oru("1"))])
    assert (again.message_id, again.is_new, again.ack) == (message.pk, False, "AA")
    [other] = store_arrivals([arrive(make_oru("1", text="BI-RADS 5."))])
    assert (other.ack, Hl7Message.objects.get(pk=other.message_id).conflicts_with_id) == ("AE", message.pk)


def test_the_page_of_an_emptied_message_says_so(client: Client, manager_mo: object, ris: Hl7Sender) -> None:
    message = settle(site=ris.site)
    empty_hl7_messages()
    client.force_login(manager_mo)  # type: ignore[arg-type]
    page = client.get(reverse("hl7_message", args=[message.pk])).text
    assert "emptied on" in page
    assert "PID-7" not in page

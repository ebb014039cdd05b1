"""What a sender's codes mean is set up by an administrator, checked, and kept with its history."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import Site, User
from exchange.models import Hl7Sender

pytestmark = pytest.mark.django_db
NO_VERSIONS = {"versions-TOTAL_FORMS": "0", "versions-INITIAL_FORMS": "0"}


def save(client: Client, sender: Hl7Sender, **typed: str) -> Any:
    given = {
        "name": sender.name, "application": sender.application, "facility": sender.facility, "is_active": "on",
        "site": str(sender.site_id), "encoding": "utf-8", "time_zone": "", "final_after_days": "1",
        "keep_days": "365", **NO_VERSIONS,
    }  # fmt: skip
    address = reverse("admin:exchange_hl7sender_change", args=[sender.pk])
    return client.post(address, given | typed, follow=True)


def test_settings_are_kept_with_those_before(
    administrator_client: Client, administrator_ada: User, ris: Hl7Sender, shadyside: Site
) -> None:
    save(administrator_client, ris, status_words="Wet Read = preliminary", sites_by_location="NORTH = SHADY")
    save(administrator_client, ris, status_words="Wet Read = Final\nProv = preliminary", screening_codes="MAMSCR\n\nM1")
    ris.refresh_from_db()
    assert ris.status_words == {"Wet Read": "final", "Prov": "preliminary"}
    assert ris.screening_codes == ["MAMSCR", "M1"]
    before = ris.versions.get(number=1)
    assert (before.values["status_words"], before.changed_by) == ({"Wet Read": "preliminary"}, administrator_ada)
    assert before.values["sites_by_location"] == {"NORTH": "SHADY"}


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("status_words", "Wet Read", "write code = meaning"),
        ("event_meanings", "S13 = gone", "the meaning is one of booked"),
        ("status_words", "a = final\na = corrected", "this code is there twice"),
        ("sites_by_location", "NORTH = NOWHERE", "the meaning is one of SHADY"),
        ("encoding", "utf-9", "No such character set"),
        ("time_zone", "Mars", "No such time zone"),
        ("final_after_days", "0", "greater than or equal to 1"),
        ("silent_after_hours", "0", "greater than or equal to 1"),
        ("keep_days", "6", "greater than or equal to 7"),
        ("silent_after_hours", "many", "Enter a whole number"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_saved(
    administrator_client: Client, ris: Hl7Sender, field: str, typed: str, words: str
) -> None:
    assert words in save(administrator_client, ris, **{field: typed}).text
    assert ris.versions.count() == 0


def test_a_sender_has_a_name_in_its_messages(administrator_client: Client, ris: Hl7Sender) -> None:
    assert "Give MSH-3, MSH-4 or both" in save(administrator_client, ris, application="", facility="").text


def test_managers_do_not_set_up_senders(manager_client: Client, ris: Hl7Sender) -> None:
    assert manager_client.get(reverse("admin:exchange_hl7sender_change", args=[ris.pk])).status_code == 403

"""Holds that reading goes on while the database refuses to write, and that a form which cannot be saved is not lost."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client
from django.utils.html import escape

from clinic.models import AccessLog, Site, User
from recalls.models import Recall
from recalls.testing.factories import RecallFactory

pytestmark = pytest.mark.django_db(transaction=True)  # a refused write must not end the test's own transaction

NOTE = 'Left a message: "back on Friday" & <soon>'


@contextmanager
def no_writes() -> Iterator[None]:
    """The database reads and refuses to write, as it does while its disk is full."""
    words = {
        "postgresql": ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off"),
        "sqlite": ("PRAGMA query_only = on", "PRAGMA query_only = off"),
    }[connection.vendor]
    assert connection.features.supports_json_field  # found out by a write, once
    with connection.cursor() as cursor:
        cursor.execute(words[0])
        try:
            yield
        finally:
            cursor.execute(words[1])


@pytest.fixture
def recall(shadyside: Site) -> Recall:
    return RecallFactory.create(site=shadyside)


def test_reading_goes_on_and_who_read_is_in_the_log(
    client: Client, scheduler_ana: User, recall: Recall, caplog: pytest.LogCaptureFixture
) -> None:
    client.force_login(scheduler_ana)
    with no_writes():
        answers = [
            client.get(address).status_code
            for address in ("/queue/to_contact/", f"/recalls/{recall.pk}/", "/downtime/")
        ]
    assert answers == [200, 200, 200]
    assert not AccessLog.objects.exists()
    assert f"account {scheduler_ana.pk}, page recall, patients [{recall.patient_id}]" in caplog.text
    assert recall.patient.family_name not in caplog.text


def test_a_page_that_cannot_save_says_so_and_hands_the_form_back(
    client: Client, scheduler_ana: User, recall: Recall
) -> None:
    client.force_login(scheduler_ana)
    typed = {"note": NOTE, "version": recall.version, "key": "k-1"}
    with no_writes():
        answer = client.post(f"/recalls/{recall.pk}/add_note/", typed)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "Nothing of it is lost from your form" in answer.text
    assert f'name="note" value="{escape(NOTE)}"' in answer.text
    assert client.post(f"/recalls/{recall.pk}/add_note/", typed).status_code == 302
    assert recall.events.filter(note=NOTE).count() == 1

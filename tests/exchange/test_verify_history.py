"""Holds that a history that was rewritten outside the application is found."""

import io
import re
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from recalls import db_triggers
from recalls.models import Recall, RecallEvent
from recalls.testing.factories import RecallFactory


def run_verify_history() -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_history", stdout=out)
    except SystemExit as stopped:
        return int(stopped.code or 0), out.getvalue()
    return 0, out.getvalue()


def find_digest(text: str) -> str:
    found = re.search(r"Digest: ([0-9a-f]{64})", text)
    assert found
    return found[1]


@pytest.fixture
def two_recalls(db: None) -> list[Recall]:
    return [RecallFactory.create(closed_normal=True), RecallFactory.create()]


def change_event(**changes: Any) -> None:
    """What a person with the database's own password could do."""
    db_triggers.remove_triggers(connection)
    event = RecallEvent.objects.order_by("pk")[1]
    RecallEvent.objects.filter(pk=event.pk).update(**changes)
    db_triggers.install_triggers(connection)


def test_an_untouched_history_is_whole_and_has_the_same_digest_each_time(two_recalls: list[Recall]) -> None:
    status, text = run_verify_history()
    assert status == 0
    assert "2 recalls checked, 0 broken" in text
    assert find_digest(run_verify_history()[1]) == find_digest(text)


def test_a_changed_note_is_found(two_recalls: list[Recall]) -> None:
    change_event(note="the patient never called")
    status, text = run_verify_history()
    assert status == 1
    assert f"recall #{two_recalls[0].pk}: event 2 was changed" in text


def test_a_removed_event_is_found(two_recalls: list[Recall]) -> None:
    db_triggers.remove_triggers(connection)
    RecallEvent.objects.filter(recall=two_recalls[0], version=2).delete()
    db_triggers.install_triggers(connection)
    assert "event 2 is missing" in run_verify_history()[1]


def test_a_history_cut_off_at_its_end_is_found(two_recalls: list[Recall]) -> None:
    db_triggers.remove_triggers(connection)
    RecallEvent.objects.filter(recall=two_recalls[0]).order_by("version").last().delete()  # type: ignore[union-attr]
    db_triggers.install_triggers(connection)
    assert "the newest events are missing" in run_verify_history()[1]


def test_a_cut_that_also_mends_the_recall_shows_in_the_digest_kept_outside(two_recalls: list[Recall]) -> None:
    kept = find_digest(run_verify_history()[1])
    recall = two_recalls[0]
    db_triggers.remove_triggers(connection)
    recall.events.order_by("version").last().delete()  # type: ignore[union-attr]
    newest = recall.events.order_by("version").last()
    assert newest
    Recall.objects.filter(pk=recall.pk).update(version=newest.version, head_hash=newest.hash)
    db_triggers.install_triggers(connection)
    status, text = run_verify_history()
    assert status == 0
    assert find_digest(text) != kept

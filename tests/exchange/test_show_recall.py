"""Holds that support gets the whole of one recall, in codes and UTC, by its accession alone."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from clinic.factories import SiteFactory
from recalls.testing.factories import RecallFactory
from tests.exchange.conftest import LoadResults, make_result


def run_show_recall(accession: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("show_recall", accession, stdout=out, **options)
    return out.getvalue()


def test_a_recall_is_shown_whole(load_results: LoadResults) -> None:
    load_results(make_result(email="testa@example.org"))
    whole = json.loads(run_show_recall("A1", as_json=True))
    assert list(whole) == [
        "accession", "mrn", "site", "state", "closure_reason", "due_at", "why", "assigned", "events", "appointments",
        "outcomes", "notifications",
    ]  # fmt: skip
    assert (whole["accession"], whole["mrn"], whole["site"]) == ("A1", "M1", "SHADY")
    assert (whole["state"], whole["closure_reason"], whole["assigned"]) == ("to_contact", None, None)
    assert whole["due_at"] == "2026-11-23T22:00:00+00:00"
    assert "First call" in whole["why"]
    opened = {
        "step": "open_recall",
        "from": None,
        "to": "to_contact",
        "by": "intake",
        "at": "2026-11-20T15:00:00+00:00",
    }
    assert whole["events"] == [opened]
    notice = whole["notifications"][0]
    assert set(notice) == {"kind", "channel", "occasion", "due_at", "state", "attempts"}
    assert (notice["kind"], notice["channel"], notice["state"], notice["attempts"]) == (
        "recall_notice", "email", "planned", 0,
    )  # fmt: skip


def test_a_closed_recall_shows_its_visits_and_outcome(db: None) -> None:
    recall = RecallFactory.create(closed_normal=True)
    whole = json.loads(run_show_recall(recall.exam.accession, as_json=True))
    assert (whole["state"], whole["closure_reason"], whole["due_at"]) == ("closed", "normal", None)
    assert [visit["status"] for visit in whole["appointments"]] == ["attended"]
    assert [outcome["assessment"] for outcome in whole["outcomes"]] == ["1"]
    assert [event["step"] for event in whole["events"]][-1:] != []


def test_an_exam_without_a_recall_says_so(load_results: LoadResults) -> None:
    load_results(make_result(assessment="1"))
    whole = json.loads(run_show_recall("A1", as_json=True))
    assert (whole["state"], whole["events"]) == (None, [])
    assert "This exam has no recall." in run_show_recall("A1")


def test_the_words_name_nobody(load_results: LoadResults) -> None:
    load_results(make_result(email="testa@example.org"))
    text = run_show_recall("A1")
    assert "state: to_contact" in text
    assert "step=open_recall" in text
    assert not any(word in text for word in ("Testa", "Sample", "example.org"))


def test_an_accession_of_two_sites_asks_for_the_site(load_results: LoadResults) -> None:
    SiteFactory.create(code="OAK")
    load_results(make_result(), make_result(site="OAK", mrn="M2"))
    with pytest.raises(CommandError, match="OAK, SHADY") as error:
        run_show_recall("A1")
    assert error.value.returncode == 2
    assert json.loads(run_show_recall("A1", site="OAK", as_json=True))["mrn"] == "M2"


def test_an_unknown_accession_ends_with_status_one(db: None) -> None:
    with pytest.raises(CommandError) as error:
        run_show_recall("A1")
    assert error.value.returncode == 1

"""Holds that a history that was rewritten outside the application is found."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F, Model

from clinic.factories import get_site_staff
from clinic.models import Site
from history.append_only import suspended
from history.sealed_tables import append_only_tables
from recalls import actions, db_triggers
from recalls.enums import State
from recalls.models import (
    Biopsy,
    Concordance,
    ContactAttempt,
    LesionAssessment,
    Outcome,
    OutcomeRelease,
    OutsideReport,
    PathologyResult,
    Recall,
    RecallEvent,
    Referral,
    Refusal,
    ResultDisclosure,
    ScreeningExam,
)
from recalls.testing.factories import RecallFactory
from tests.rules.step_actions import correct_result, outside_imaging

Tampering = Callable[[], Any]


def run_verify_history() -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_history", stdout=out)
    except SystemExit as stopped:
        return int(stopped.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def clinic_history(shadyside: Site) -> list[Recall]:
    """Recalls with rows in every history; the first has an outcome, pathology and a referral."""
    cast = get_site_staff(shadyside)
    cancer = RecallFactory.create(site=shadyside, cancer=True)
    corrected = RecallFactory.create(site=shadyside)
    correct_result(corrected, cast.radiologist)
    actions.decline(corrected, by=cast.scheduler, note="Said no.")
    actions.record_outside(corrected, outside_imaging(corrected), by=cast.scheduler)
    return [cancer, corrected, RecallFactory.create(site=shadyside, closed_normal=True)]


def tamper(change: Tampering) -> None:
    """What a person with the database's own password could do."""
    with suspended(connection, append_only_tables()):
        db_triggers.remove_state_trigger(connection)
        assert change()
        db_triggers.install_state_trigger(connection)


def newest(model: type[Model]) -> Any:
    return model._base_manager.order_by("-pk")


def edit(model: type[Model], **changes: Any) -> Tampering:
    return lambda: model._base_manager.filter(pk=newest(model)[0].pk).update(**changes)


def delete(model: type[Model]) -> Tampering:
    return lambda: model._base_manager.filter(pk=newest(model)[0].pk)._raw_delete("default")


def swap(model: type[Model], name: str) -> Tampering:
    def exchange() -> int:
        one, *others = newest(model)
        other = next(row for row in others if getattr(row, name) != getattr(one, name))
        for row, value in ((one, getattr(other, name)), (other, getattr(one, name))):
            model._base_manager.filter(pk=row.pk).update(**{name: value})
        return 2

    return exchange


def add_back_dated(model: type[Model]) -> Tampering:
    def add() -> Any:
        row = newest(model)[0]
        row.pk, row.at = None, row.at - timedelta(days=3)
        model._base_manager.bulk_create([row])
        return row

    return add


def edit_recall(**changes: Any) -> Tampering:
    return lambda: Recall.objects.filter(pk=Recall.objects.earliest("pk").pk).update(**changes)


TAMPERED: list[tuple[str, Tampering, str]] = [
    ("an outcome is called benign", edit(Outcome, assessment="2"), "recalls_outcome was changed"),
    ("the comment of an outcome is edited", edit(Outcome, text="Nothing."), "recalls_outcome was changed"),
    ("an outcome is given to another author", edit(Outcome, by="somebody else"), "recalls_outcome was changed"),
    ("two outcomes are exchanged", swap(Outcome, "assessment"), "recalls_outcome was changed"),
    ("an outcome is moved to another recall", swap(Outcome, "recall_id"), "recalls_outcome is missing"),
    ("the category of a lesion is edited", edit(LesionAssessment, assessment="2"), "lesionassessment was changed"),
    ("a pathology result is called benign", edit(PathologyResult, result="benign"), "pathologyresult was changed"),
    ("a signature is dated back", edit(Concordance, at=F("at") - timedelta(days=1)), "concordance was changed"),
    ("a biopsy is dated back", edit(Biopsy, done_on="2020-01-01"), "biopsy was changed"),
    ("a call is deleted", delete(ContactAttempt), "contactattempt is missing"),
    ("a call that never was is put in", add_back_dated(ContactAttempt), "contactattempt was added without a step"),
    ("the note of a call is edited", edit(ContactAttempt, note="Reached."), "contactattempt was changed"),
    ("a talk is dated back", edit(ResultDisclosure, told_at=F("told_at") - timedelta(days=9)), "disclosure was"),
    ("a talk that never was is put in", add_back_dated(ResultDisclosure), "disclosure was added without a step"),
    ("a release is dated back", edit(OutcomeRelease, release_at=F("at") - timedelta(days=9)), "release was changed"),
    ("a refusal is edited", edit(Refusal, words="I never want it."), "refusal was changed"),
    ("a refusal is deleted", delete(Refusal), "refusal is missing"),
    ("a referral is edited", edit(Referral, facility="Elsewhere"), "referral was changed"),
    ("an outside report is edited", edit(OutsideReport, text="All well."), "outsidereport was changed"),
    ("the reading of an exam is edited", lambda: ScreeningExam.objects.update(assessment="1"), "reading of its exam"),
    ("a recall is closed for another reason", edit_recall(closure_reason="lost"), "its row was changed"),
    ("a recall is given to another patient", swap(Recall, "patient_id"), "its row was changed"),
    ("a recall is given another exam", edit_recall(exam_id=F("exam_id") + 1), "its row was changed"),
    (
        "a state is set back",
        edit_recall(state=State.TO_CONTACT, due_at=F("opened_at"), closure_reason="", closed_at=None, closed_by=""),
        "its state was changed without a step",
    ),
    ("the note of an event is edited", edit(RecallEvent, note="never called"), "was changed"),
    ("an event is edited together with its seals", edit(RecallEvent, seals={}), "was changed"),
    ("the newest event is cut off", delete(RecallEvent), "the newest events are missing"),
    ("two events are exchanged", swap(RecallEvent, "step"), "was changed"),
]


def test_an_untouched_history_is_whole(clinic_history: list[Recall]) -> None:
    assert run_verify_history() == (0, "0 blocks, 3 recalls, 0 messages checked, 0 broken.\n")


@pytest.mark.parametrize(
    ("change", "found"), [(change, found) for _name, change, found in TAMPERED], ids=[name for name, *_ in TAMPERED]
)
def test_what_was_tampered_with_is_found(change: Tampering, found: str, clinic_history: list[Recall]) -> None:
    tamper(change)
    status, text = run_verify_history()
    assert status == 1
    assert found in text


def test_what_was_there_before_the_seals_is_no_fault(clinic_history: list[Recall]) -> None:
    """Facts whose event has no seals are as old as that event; any other is put in past the steps."""
    recall = RecallFactory.create()
    event = recall.events.get()
    event.seals = {}
    event.hash = event.compute_hash()
    row = ContactAttempt(recall=recall, at=event.at, by="intake", channel="phone", result="voicemail")

    def make_old() -> bool:
        RecallEvent.objects.filter(pk=event.pk).update(seals={}, hash=event.hash)
        ContactAttempt.objects.bulk_create([row])
        return bool(Recall.objects.filter(pk=recall.pk).update(head_hash=event.hash))

    tamper(make_old)
    assert run_verify_history()[0] == 0
    tamper(lambda: ContactAttempt.objects.filter(pk=row.pk).update(at=F("at") + timedelta(seconds=1)))
    assert "added without a step" in run_verify_history()[1]

"""Tests that events, outcomes and attempts can only be added, also past the application."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F, Model

from clinic.factories import get_site_staff
from clinic.models import Site
from patients.models import Consent, PatientChange
from recalls import actions
from recalls.actions import OutcomeInput
from recalls.enums import Assessment, State
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
    SupersededReading,
)
from recalls.testing.factories import RecallFactory
from tests.rules.step_actions import correct_result, in_three_days, outside_imaging

pytestmark = pytest.mark.django_db

APPEND_ONLY_MODELS: list[type[Model]] = [
    RecallEvent, ContactAttempt, Outcome, OutcomeRelease, PathologyResult, Concordance, SupersededReading, Consent,
    LesionAssessment, Biopsy, ResultDisclosure, Refusal, Referral, OutsideReport, PatientChange,
]  # fmt: skip


@pytest.fixture
def recall_with_full_history(shadyside: Site) -> Recall:
    """A recall with a row in every history."""
    recall = RecallFactory.create(site=shadyside, cancer=True, patient__detailed_email=True)
    cast = get_site_staff(shadyside)
    other = RecallFactory.create(site=shadyside)
    correct_result(other, cast.radiologist)
    actions.decline(other, by=cast.scheduler, note="Said no.")
    actions.record_outside(other, outside_imaging(other), by=cast.scheduler)
    return recall


@pytest.mark.parametrize("model", APPEND_ONLY_MODELS, ids=lambda model: model.__name__)
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda rows: rows.update(id=F("id")), id="update"),
        pytest.param(lambda rows: rows._raw_delete(rows.db), id="delete"),
    ],
)
def test_the_database_refuses_to_change_or_delete(
    model: type[Model], change: Callable[[Any], Any], recall_with_full_history: Recall
) -> None:
    rows = model._default_manager.all()
    before = rows.count()
    assert before
    with pytest.raises(DatabaseError, match="never changed or deleted"), transaction.atomic():
        change(rows)
    assert rows.count() == before


def test_the_database_refuses_to_replace_a_row(recall_with_full_history: Recall) -> None:
    """REPLACE is SQLite's way to delete a row and add another with the same number in one statement."""
    event = recall_with_full_history.events.latest("pk")
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no REPLACE")
    for unique in ("id", "recall_id, version"):
        columns = "recall_id, version, step, from_state, to_state, by, at, note, data, request_key, previous_hash, hash"
        kept = f"id, {columns}" if unique == "id" else columns
        with (
            pytest.raises(DatabaseError, match="never changed or deleted"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                f"INSERT OR REPLACE INTO recalls_recallevent ({kept}) "
                f"SELECT {kept} FROM recalls_recallevent WHERE id = %s",
                [event.pk],
            )


@pytest.mark.parametrize("name", ["patient", "exam", "site", "closed_by", "closure_note"])
def test_the_database_refuses_to_give_a_recall_away_without_an_event(
    name: str, recall_with_full_history: Recall, foothills: Site
) -> None:
    other = RecallFactory.create(site=foothills)
    new = getattr(other, name) if name in ("patient", "exam", "site") else "somebody else"
    with pytest.raises(DatabaseError, match="only together with an event"), transaction.atomic():
        Recall.objects.filter(pk=recall_with_full_history.pk).update(**{name: new})


def test_the_database_refuses_to_take_a_version_back(recall_with_full_history: Recall) -> None:
    with pytest.raises(DatabaseError, match="only together with an event"), transaction.atomic():
        Recall.objects.filter(pk=recall_with_full_history.pk).update(version=F("version") - 1)


def test_the_database_refuses_to_set_a_state_without_an_event(recall_with_full_history: Recall) -> None:
    with pytest.raises(DatabaseError, match="only together with an event"), transaction.atomic():
        Recall.objects.filter(pk=recall_with_full_history.pk).update(
            state=State.TO_CONTACT,
            closure_reason="",
            closed_at=None,
            closed_by="",
            due_at=recall_with_full_history.opened_at,
        )


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ({"due_at": None}, "an_open_recall_has_a_due_instant"),
        ({"closure_reason": "normal", "version": 99}, "a_closed_recall_has_reason_time_and_person"),
        ({"hold_until": "2030-01-01"}, "a_held_recall_knows_where_it_returns"),
        ({"state": "closed", "due_at": None, "version": 99}, "a_closed_recall_has_reason_time_and_person"),
        ({"state": "on_hold", "version": 99}, "a_held_recall_knows_where_it_returns"),
    ],
)
def test_the_database_repeats_the_rules_of_a_recall(wrong: dict[str, Any], constraint: str, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Recall.objects.filter(pk=recall.pk).update(**wrong)


def test_an_exam_has_one_open_recall(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    again = actions.open_recall(recall.exam, by=get_site_staff(shadyside).scheduler)
    assert again.recall == recall
    copy = Recall.objects.get(pk=recall.pk)
    copy.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save(force_insert=True)
    assert Recall.objects.count() == 1


def test_a_recall_has_one_booked_visit(shadyside: Site) -> None:
    visit = RecallFactory.create(site=shadyside, booked=True).appointments.get()
    visit.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        visit.save(force_insert=True)


def test_every_event_hash_includes_the_previous_hash(recall_with_full_history: Recall) -> None:
    previous = ""
    events = list(recall_with_full_history.events.order_by("version"))
    for number, event in enumerate(events, start=1):
        assert (event.version, event.previous_hash, event.hash) == (number, previous, event.compute_hash())
        previous = event.hash
    assert (recall_with_full_history.version, recall_with_full_history.head_hash) == (len(events), previous)


def test_a_rewritten_event_no_longer_matches_its_hash(recall_with_full_history: Recall) -> None:
    event = recall_with_full_history.events.order_by("version")[1]
    event.by = "somebody else"
    assert event.compute_hash() != event.hash


def test_an_amendment_keeps_the_earlier_reading(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, closed_normal=True)
    radiologist = get_site_staff(shadyside).radiologist
    actions.amend_outcome(
        recall, OutcomeInput(Assessment.PROBABLY_BENIGN), reason="Seen again on a larger screen.", by=radiologist
    )
    first, second = recall.outcomes.all()
    assert (first.assessment, second.assessment, second.amends) == ("1", "3", first)
    assert (recall.state, recall.closure_reason) == (State.RESULT_TO_TELL, "")  # another category is told anew
    assert second.read_at == first.read_at
    with pytest.raises(ValidationError, match="why the outcome is amended"):
        actions.amend_outcome(recall, OutcomeInput(Assessment.BENIGN), reason=" ", by=radiologist)


def test_a_closed_recall_says_why_when_and_who(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, declined=True)
    assert recall.closure_reason == "declined"
    assert recall.closed_at == recall.events.latest("pk").at
    assert recall.closed_by == recall.events.latest("pk").by
    assert recall.due_at is None


@pytest.mark.parametrize("step", ["decline", "transfer", "void", "hold", "reopen"])
def test_a_step_that_needs_a_reason_is_refused_without_one(step: str, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, **({"declined": True} if step == "reopen" else {}))
    by = (
        get_site_staff(shadyside).scheduler
        if step in ("decline", "transfer", "hold")
        else get_site_staff(shadyside).radiologist
    )
    arguments: dict[str, Any] = {"facility": "Hillside Sample Clinic"} if step == "transfer" else {}
    if step == "hold":
        arguments = {"until": in_three_days(recall)}
    version = recall.version
    with pytest.raises(ValidationError, match="Say why"):
        getattr(actions, step)(recall, **arguments, by=by, note="  ")
    assert Recall.objects.get(pk=recall.pk).version == version

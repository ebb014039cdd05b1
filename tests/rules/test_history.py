"""Can what happened be rewritten? Events, readings and tries are only ever added; the database itself holds that."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F, Model

from clinic.factories import cast_of
from clinic.models import Site
from patients.models import Consent
from recalls import actions
from recalls.actions import Reading
from recalls.factories import RecallFactory
from recalls.models import (
    Concordance,
    ContactAttempt,
    Outcome,
    OutcomeRelease,
    PathologyResult,
    Recall,
    RecallEvent,
    SupersededReading,
)
from recalls.states import Assessment, State
from tests.rules.situations import corrected

pytestmark = pytest.mark.django_db

HISTORIES: list[type[Model]] = [
    RecallEvent, ContactAttempt, Outcome, OutcomeRelease, PathologyResult, Concordance, SupersededReading, Consent,
]  # fmt: skip


@pytest.fixture
def lived(shadyside: Site) -> Recall:
    """A recall with a row in every history."""
    recall = RecallFactory.create(site=shadyside, benign_concordant=True, patient__detailed_email=True)
    cast = cast_of(shadyside)
    if not OutcomeRelease.objects.exists():
        actions.release_outcome(recall, recall.opened_at, by=cast.radiologist)
    other = RecallFactory.create(site=shadyside)
    corrected(other, cast.radiologist)
    return recall


@pytest.mark.parametrize("model", HISTORIES, ids=lambda model: model.__name__)
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda rows: rows.update(id=F("id")), id="update"),
        pytest.param(lambda rows: rows._raw_delete(rows.db), id="delete"),
    ],
)
def test_the_database_refuses_to_change_or_delete(
    model: type[Model], change: Callable[[Any], Any], lived: Recall
) -> None:
    rows = model._default_manager.all()
    before = rows.count()
    assert before
    with pytest.raises(DatabaseError, match="never changed or deleted"), transaction.atomic():
        change(rows)
    assert rows.count() == before


def test_the_database_refuses_to_set_a_state_without_an_event(lived: Recall) -> None:
    with pytest.raises(DatabaseError, match="only together with an event"), transaction.atomic():
        Recall.objects.filter(pk=lived.pk).update(
            state=State.TO_CONTACT, closure_reason="", closed_at=None, closed_by="", due_at=lived.opened_at
        )


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ({"due_at": None}, "an_open_recall_has_a_due_instant"),
        ({"closure_reason": "normal"}, "a_closed_recall_has_reason_time_and_person"),
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
    again = actions.open_recall(recall.exam, by=cast_of(shadyside).scheduler)
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


def test_every_event_is_sealed_to_the_one_before(lived: Recall) -> None:
    previous = ""
    events = list(lived.events.order_by("version"))
    for number, event in enumerate(events, start=1):
        assert (event.version, event.previous_hash, event.hash) == (number, previous, event.seal())
        previous = event.hash
    assert (lived.version, lived.head_hash) == (len(events), previous)


def test_a_rewritten_event_no_longer_fits_its_seal(lived: Recall) -> None:
    event = lived.events.order_by("version")[1]
    event.by = "somebody else"
    assert event.seal() != event.hash


def test_an_amendment_keeps_the_earlier_reading(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, closed_normal=True)
    radiologist = cast_of(shadyside).radiologist
    actions.amend_outcome(
        recall, Reading(Assessment.PROBABLY_BENIGN), reason="Seen again on a larger screen.", by=radiologist
    )
    first, second = recall.outcomes.all()
    assert (first.assessment, second.assessment, second.amends) == ("1", "3", first)
    assert (recall.state, recall.closure_reason) == (State.FOLLOW_UP, "")
    with pytest.raises(ValidationError, match="why the outcome is amended"):
        actions.amend_outcome(recall, Reading(Assessment.BENIGN), reason=" ", by=radiologist)


def test_a_closed_recall_says_why_when_and_who(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, declined=True)
    assert recall.closure_reason == "declined"
    assert recall.closed_at == recall.events.latest("pk").at
    assert recall.closed_by == recall.events.latest("pk").by
    assert recall.due_at is None


@pytest.mark.parametrize("step", ["decline", "transfer", "void", "hold", "reopen"])
def test_a_step_that_needs_a_reason_is_refused_without_one(step: str, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, **({"declined": True} if step == "reopen" else {}))
    by = cast_of(shadyside).scheduler if step in ("decline", "transfer", "hold") else cast_of(shadyside).radiologist
    arguments = [recall.exam.exam_date.replace(year=2099)] if step == "hold" else []
    version = recall.version
    with pytest.raises(ValidationError, match="Say why"):
        getattr(actions, step)(recall, *arguments, by=by, note="  ")
    assert Recall.objects.get(pk=recall.pk).version == version

"""May a radiologist take back the category she chose by a slip, and does nobody ever hear of it?"""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from time_machine import TimeMachineFixture

from clinic.models import Site, User
from notifications.kinds import NotificationState
from notifications.models import Notification
from recalls import actions
from recalls.actions import Reading
from recalls.factories import RecallFactory
from recalls.models import Outcome, OutcomeTakenBack, Recall
from recalls.permissions import NotNow, current_outcome
from recalls.states import Assessment, ClosureReason, State
from recalls.undoing import UNDO_WITHIN
from reports.history import history_parts
from reports.parts import read
from tests.rules.situations import MONDAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def seen(shadyside: Site, time_machine: TimeMachineFixture) -> Recall:
    """She came this morning, and her outcome is awaited."""
    time_machine.move_to(MONDAY, tick=False)
    recall: Recall = RecallFactory.create(site=shadyside, attended=True)
    return recall


def _slip(recall: Recall, by: User, assessment: Assessment = Assessment.BENIGN) -> Outcome:
    actions.record_outcome(recall, Reading(assessment, release_at=timezone.now()), by=by)
    return Outcome.objects.get(recall=recall)


def _owed(recall: Recall) -> set[tuple[str, str]]:
    rows = Notification.objects.filter(recall=recall, state=NotificationState.PLANNED)
    return set(rows.values_list("kind", "occasion"))


def test_an_outcome_taken_back_is_no_outcome_and_its_row_and_history_stay(seen: Recall, radiologist_rao: User) -> None:
    slip = _slip(seen, radiologist_rao)
    assert seen.state == State.CLOSED
    actions.undo(seen, by=radiologist_rao)
    assert (seen.state, seen.closure_reason, current_outcome(seen)) == (State.AWAITING_OUTCOME, "", None)
    assert Outcome.everything.get(recall=seen) == slip
    events = list(seen.events.order_by("version"))
    assert all(later.previous_hash == earlier.hash == earlier.seal() for earlier, later in pairwise(events))


def test_the_right_outcome_follows_as_if_there_had_been_no_other(seen: Recall, radiologist_rao: User) -> None:
    _slip(seen, radiologist_rao, Assessment.PROBABLY_BENIGN)
    actions.undo(seen, by=radiologist_rao)
    assert (seen.follow_up_from, seen.follow_up_on) == (None, None)
    right = _slip(seen, radiologist_rao, Assessment.NEGATIVE)
    assert (seen.state, seen.closure_reason) == (State.CLOSED, ClosureReason.NORMAL)
    assert current_outcome(seen) == right


def test_no_message_and_no_figure_knows_of_it(seen: Recall, radiologist_rao: User, shadyside: Site) -> None:
    owed = _owed(seen)
    figures = list(read(history_parts([shadyside], timezone.now())))
    _slip(seen, radiologist_rao)
    assert _owed(seen) != owed
    assert list(read(history_parts([shadyside], timezone.now()))) != figures
    actions.undo(seen, by=radiologist_rao)
    assert _owed(seen) == owed
    assert list(read(history_parts([shadyside], timezone.now()))) == figures


def test_nothing_leaves_while_it_may_be_a_slip(seen: Recall, radiologist_rao: User) -> None:
    slip = _slip(seen, radiologist_rao)
    assert Notification.objects.get(outcome=slip).due_at >= timezone.now() + UNDO_WITHIN


def test_after_ten_seconds_it_is_amended_with_a_reason(
    seen: Recall, radiologist_rao: User, time_machine: TimeMachineFixture
) -> None:
    slip = _slip(seen, radiologist_rao)
    time_machine.shift(UNDO_WITHIN + timedelta(seconds=1))
    with pytest.raises(NotNow, match="Ten seconds are over"):
        actions.undo(seen, by=radiologist_rao)
    assert current_outcome(seen) == slip


def test_nobody_changes_what_was_taken_back(seen: Recall, radiologist_rao: User) -> None:
    _slip(seen, radiologist_rao)
    actions.undo(seen, by=radiologist_rao)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        OutcomeTakenBack.objects.update(by="Somebody else")


def test_the_page_offers_it_where_she_saved_and_tells_of_it_afterwards(
    seen: Recall, radiologist_rao: User, client: Client
) -> None:
    client.force_login(radiologist_rao)
    url = reverse("step", args=[seen.pk, "record_outcome"])
    form = client.get(url).context["form"]
    fresh = {field.name: field.value() for field in form if field.value() not in (None, "", False)}
    typed = {"assessment": Assessment.BENIGN, "release": "now"}
    page = client.post(url, {**fresh, **typed}, follow=True)
    undo_url = reverse("undo", args=[seen.pk])
    assert undo_url in page.text
    seen.refresh_from_db()
    client.post(undo_url, {"version": seen.version, "key": "once"})
    page = client.get(reverse("recall", args=[seen.pk]))
    assert "undone" in page.text
    assert str(Assessment.BENIGN.label) in page.text
    seen.refresh_from_db()
    assert seen.state == State.AWAITING_OUTCOME

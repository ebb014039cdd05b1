"""A form that the browser's Back brought again asks before it logs a second call."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.models import Site, User
from recalls.models import ContactAttempt, Recall, RecallEvent
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, page_text

pytestmark = pytest.mark.django_db
HOME_UNANSWERED = {"channel": "phone", "point": "home", "result": "no_answer", "note": "Rang ten times"}


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def recall(shadyside: Site) -> Recall:
    made: Recall = RecallFactory.create(site=shadyside)
    return made


@pytest.fixture
def ana(client_for: ClientFor, scheduler_ana: User) -> Client:
    return client_for(scheduler_ana)


def _url(recall: Recall, step: str = "log_contact") -> str:
    return reverse("step", args=[recall.pk, step])


def _open(browser: Client, recall: Recall, step: str = "log_contact") -> dict[str, str]:
    initial = browser.get(_url(recall, step)).context["form"].initial
    return {"version": initial["version"], "key": initial["key"], "then": "stay"}


def _send(browser: Client, recall: Recall, fields: dict[str, str], step: str = "log_contact") -> Any:
    return browser.post(_url(recall, step), fields)


def _asked(answer: Any) -> dict[str, str]:
    """The fields of the question's form; the question must have been asked."""
    assert answer.status_code == 200
    return dict(answer.context["fields"])


def test_the_same_form_sent_again_asks_and_saves_only_when_told_to(
    ana: Client, recall: Recall, clock: time_machine.Traveller
) -> None:
    form = _open(ana, recall) | HOME_UNANSWERED
    _send(ana, recall, form)
    clock.shift(timedelta(seconds=20))
    answer = _send(ana, recall, form)
    assert "You saved “No answer”" in page_text(answer)
    assert "Rang ten times" in page_text(answer)
    assert ContactAttempt.objects.count() == 1
    assert _send(ana, recall, _asked(answer)).status_code == 302
    assert ContactAttempt.objects.count() == 2


def test_a_form_that_back_loaded_anew_asks_too(ana: Client, recall: Recall, clock: time_machine.Traveller) -> None:
    _send(ana, recall, _open(ana, recall) | HOME_UNANSWERED)
    clock.shift(timedelta(seconds=2))
    answer = _send(ana, recall, _open(ana, recall) | HOME_UNANSWERED)
    assert _asked(answer)["again"] == "yes"
    assert ContactAttempt.objects.count() == 1


def test_a_used_form_with_another_result_is_not_swallowed(
    ana: Client, recall: Recall, clock: time_machine.Traveller
) -> None:
    form = _open(ana, recall) | HOME_UNANSWERED
    _send(ana, recall, form)
    clock.shift(timedelta(seconds=2))
    answer = _send(ana, recall, form | {"result": "left_message", "note": "On the machine after all"})
    _send(ana, recall, _asked(answer))
    assert list(ContactAttempt.objects.values_list("result", flat=True)) == ["no_answer", "left_message"]


def test_a_double_click_saves_once_and_asks_nothing(ana: Client, recall: Recall, clock: time_machine.Traveller) -> None:
    form = _open(ana, recall) | HOME_UNANSWERED
    first, second = (_send(ana, recall, form) for _click in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    assert ContactAttempt.objects.count() == 1


@pytest.mark.parametrize(
    ("later", "changes"),
    [
        (timedelta(minutes=1), {"point": "mobile"}),
        (timedelta(minutes=1), {"result": "left_message"}),
        (timedelta(minutes=6), {}),
    ],
)
def test_another_number_another_result_or_a_later_call_is_simply_logged(
    later: timedelta, changes: dict[str, str], ana: Client, recall: Recall, clock: time_machine.Traveller
) -> None:
    _send(ana, recall, _open(ana, recall) | HOME_UNANSWERED)
    clock.shift(later)
    assert _send(ana, recall, _open(ana, recall) | HOME_UNANSWERED | changes).status_code == 302
    assert ContactAttempt.objects.count() == 2


def test_a_colleague_may_log_the_same_result(
    ana: Client, recall: Recall, client_for: ClientFor, scheduler_bea: User, clock: time_machine.Traveller
) -> None:
    _send(ana, recall, _open(ana, recall) | HOME_UNANSWERED)
    clock.shift(timedelta(minutes=1))
    bea = client_for(scheduler_bea)
    assert _send(bea, recall, _open(bea, recall) | HOME_UNANSWERED).status_code == 302
    assert ContactAttempt.objects.count() == 2


def test_saving_another_after_a_colleague_moved_the_recall_shows_what_the_colleague_did(
    ana: Client, recall: Recall, client_for: ClientFor, scheduler_bea: User, clock: time_machine.Traveller
) -> None:
    form = _open(ana, recall) | HOME_UNANSWERED
    _send(ana, recall, form)
    clock.shift(timedelta(minutes=1))
    bea = client_for(scheduler_bea)
    _send(bea, recall, _open(bea, recall) | HOME_UNANSWERED | {"result": "left_message"})
    answer = _send(ana, recall, _asked(_send(ana, recall, form)))
    assert answer.status_code == 409
    assert ContactAttempt.objects.count() == 2


def test_an_edited_note_sent_from_a_used_form_is_asked_about_and_not_lost(
    ana: Client, recall: Recall, clock: time_machine.Traveller
) -> None:
    form = _open(ana, recall, "add_note") | {"note": "Daughter drives"}
    _send(ana, recall, form, "add_note")
    clock.shift(timedelta(minutes=1))
    answer = _send(ana, recall, form | {"note": "Daughter drives on Tuesdays"}, "add_note")
    assert "You saved “Add a note”" in page_text(answer)
    _send(ana, recall, _asked(answer), "add_note")
    notes = RecallEvent.objects.filter(step="add_note").order_by("pk").values_list("note", flat=True)
    assert list(notes) == ["Daughter drives", "Daughter drives on Tuesdays"]

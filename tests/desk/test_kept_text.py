"""Text typed before the session ended is shown to the person who typed it, and to nobody else."""

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.models import User
from desk.kept_forms import KEEP_FOR, cookie_name
from desk.models import KeptForm
from recalls.models import ContactAttempt, Recall
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import page_text

pytestmark = pytest.mark.django_db
PASSWORD = uuid.uuid4().hex
NOTE = "Hija ayuda; llamar después de las 6 <b>pm</b> ☎"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def recall(shadyside: object) -> Recall:
    made: Recall = RecallFactory.create(site=shadyside)
    return made


@pytest.fixture
def browser() -> Client:
    """One that checks each form's token, as a real one meets it."""
    return Client(enforce_csrf_checks=True)


def _sign_in(browser: Client, user: User) -> None:
    """By the form, as the browser then holds its cookies; whoever was signed in has left."""
    browser.cookies.pop(settings.SESSION_COOKIE_NAME, None)
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    page = browser.get("/sign-in/").content.decode()
    typed = {
        "username": user.username,
        "password": PASSWORD,
        "csrfmiddlewaretoken": _hidden(page, "csrfmiddlewaretoken"),
    }
    assert browser.post("/sign-in/", typed).status_code == 302
    browser.get(reverse("home"))


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found, name
    return found.group(1)


def _typed(browser: Client, recall: Recall, result: str = "no_answer", note: str = NOTE) -> dict[str, str]:
    """The fields that the browser sends after somebody has filled in the form of a call."""
    page = browser.get(_form_url(recall)).content.decode()
    form = page[page.index('id="call"') :]
    hidden = {name: _hidden(form, name) for name in ("csrfmiddlewaretoken", "typed_by", "version", "key", "proposed")}
    return hidden | {"channel": "phone", "result": result, "note": note}


def _form_url(recall: Recall) -> str:
    return reverse("step", args=[recall.pk, "log_contact"])


def _send_too_late(browser: Client, user: User, recall: Recall, clock: time_machine.Traveller) -> dict[str, str]:
    _sign_in(browser, user)
    typed = _typed(browser, recall)
    clock.shift(settings.SESSION_IDLE_TIMEOUT + timedelta(minutes=1))
    answer = browser.post(_form_url(recall), typed)
    assert answer["Location"] == f"/sign-in/?next={_form_url(recall)}"
    return typed


def test_what_was_typed_is_shown_again_and_saved_once(
    browser: Client, scheduler_ana: User, recall: Recall, clock: time_machine.Traveller
) -> None:
    _send_too_late(browser, scheduler_ana, recall, clock)
    sign_in_page = page_text(browser.get("/sign-in/"))
    assert "You were signed out; nothing was saved yet." in sign_in_page
    assert NOTE not in sign_in_page
    assert not ContactAttempt.objects.exists()

    _sign_in(browser, scheduler_ana)
    page = browser.get(_form_url(recall))
    assert "You were signed out; nothing was saved yet. Your text is below." in page_text(page)
    assert page.context["form"]["note"].value() == NOTE
    assert page.context["form"]["result"].value() == "no_answer"

    again = _typed(browser, recall)
    browser.post(_form_url(recall), again)
    assert [attempt.note for attempt in ContactAttempt.objects.all()] == [NOTE]
    assert not KeptForm.objects.exists()
    assert "nothing was saved yet" not in page_text(browser.get(_form_url(recall)))


def test_another_person_on_the_same_screen_never_sees_it(
    browser: Client, scheduler_ana: User, scheduler_bea: User, recall: Recall, clock: time_machine.Traveller
) -> None:
    _send_too_late(browser, scheduler_ana, recall, clock)
    _sign_in(browser, scheduler_bea)
    assert not KeptForm.objects.exists()
    page = page_text(browser.get(_form_url(recall)))
    assert "Hija ayuda" not in page
    assert "nothing was saved yet. Your text" not in page
    _sign_in(browser, scheduler_ana)
    assert "Hija ayuda" not in page_text(browser.get(_form_url(recall)))


def test_a_tab_older_than_the_persons_last_sign_in_loses_nothing(
    browser: Client, scheduler_ana: User, recall: Recall
) -> None:
    _sign_in(browser, scheduler_ana)
    typed = _typed(browser, recall)
    _sign_in(browser, scheduler_ana)
    browser.get(_form_url(recall))  # the other tab, with a new token
    answer = browser.post(_form_url(recall), typed)
    assert answer["Location"] == _form_url(recall)
    assert browser.get(_form_url(recall)).context["form"]["note"].value() == NOTE


def test_a_form_of_one_person_sent_under_another_is_dropped(
    browser: Client, scheduler_ana: User, scheduler_bea: User, recall: Recall
) -> None:
    _sign_in(browser, scheduler_ana)
    typed = _typed(browser, recall)
    _sign_in(browser, scheduler_bea)
    browser.get(_form_url(recall))
    assert browser.post(_form_url(recall), typed).status_code == 403
    assert not KeptForm.objects.exists()
    assert not ContactAttempt.objects.exists()


def test_another_browser_of_the_same_person_and_another_page_show_nothing(
    browser: Client, scheduler_ana: User, recall: Recall, clock: time_machine.Traveller
) -> None:
    _send_too_late(browser, scheduler_ana, recall, clock)
    _sign_in(browser, scheduler_ana)
    assert NOTE not in page_text(browser.get(reverse("step", args=[recall.pk, "add_note"])))
    elsewhere = Client()
    _sign_in(elsewhere, scheduler_ana)
    assert NOTE not in page_text(elsewhere.get(_form_url(recall)))


def test_it_is_gone_after_half_an_hour(
    browser: Client, scheduler_ana: User, recall: Recall, clock: time_machine.Traveller
) -> None:
    _send_too_late(browser, scheduler_ana, recall, clock)
    clock.shift(KEEP_FOR + timedelta(seconds=1))
    _sign_in(browser, scheduler_ana)
    assert NOTE not in page_text(browser.get(_form_url(recall)))


def test_the_browser_and_the_session_hold_no_word_of_it(
    browser: Client,
    scheduler_ana: User,
    recall: Recall,
    clock: time_machine.Traveller,
    caplog: pytest.LogCaptureFixture,
) -> None:
    _send_too_late(browser, scheduler_ana, recall, clock)
    cookies = browser.cookies.output()
    assert "Hija" not in cookies
    assert browser.cookies[cookie_name()]["httponly"]
    assert browser.cookies[cookie_name()].value not in str(list(KeptForm.objects.values()))
    assert "Hija" not in str(dict(browser.session))
    assert "Hija" not in caplog.text


def test_a_form_that_nobody_signed_is_not_kept(
    browser: Client, scheduler_ana: User, recall: Recall, clock: time_machine.Traveller
) -> None:
    _sign_in(browser, scheduler_ana)
    typed = _typed(browser, recall) | {"typed_by": "1:forged"}
    clock.shift(settings.SESSION_IDLE_TIMEOUT + timedelta(minutes=1))
    browser.post(_form_url(recall), typed)
    assert not KeptForm.objects.exists()


def test_a_recall_that_a_colleague_moved_meanwhile_is_not_overwritten(
    browser: Client, scheduler_ana: User, scheduler_bea: User, recall: Recall, clock: time_machine.Traveller
) -> None:
    _send_too_late(browser, scheduler_ana, recall, clock)
    colleague = Client()
    _sign_in(colleague, scheduler_bea)
    colleague.post(_form_url(recall), _typed(colleague, recall, "left_message", "From Bea"))
    _sign_in(browser, scheduler_ana)
    again = _typed(browser, recall)
    answer = browser.post(_form_url(recall), again)
    assert answer.status_code == 409
    assert "This recall has changed since you opened it" in page_text(answer)
    assert [attempt.note for attempt in ContactAttempt.objects.all()] == ["From Bea"]


def test_an_open_page_learns_when_the_session_ends_without_prolonging_it(
    browser: Client, scheduler_ana: User, clock: time_machine.Traveller
) -> None:
    _sign_in(browser, scheduler_ana)
    clock.shift(timedelta(minutes=10))
    assert browser.get(reverse("still_here")).json() == {"seconds_left": 300}
    clock.shift(timedelta(minutes=4))
    assert browser.get(reverse("still_here")).json() == {"seconds_left": 60}


def test_typing_prolongs_the_session(scheduler_ana: User, clock: time_machine.Traveller) -> None:
    browser = Client()
    _sign_in(browser, scheduler_ana)
    for _minute in range(30):
        clock.shift(timedelta(minutes=1))
        assert browser.post(reverse("still_here")).status_code == 200
    assert browser.get(reverse("queue")).status_code == 200


def test_a_page_asked_for_too_late_says_why_the_person_must_sign_in(
    scheduler_ana: User, clock: time_machine.Traveller
) -> None:
    browser = Client()
    _sign_in(browser, scheduler_ana)
    clock.shift(timedelta(minutes=16))
    page = page_text(browser.get(reverse("queue"), follow=True))
    assert "You were signed out because nothing was done here for a while." in page

"""Two users on one recall, and one form sent twice."""

import pytest
from django.urls import reverse

from clinic.models import Site, User
from recalls.enums import ContactChannel, ContactResult, State
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, StepFormClient, page_text

pytestmark = pytest.mark.django_db
CALL = {"channel": ContactChannel.PHONE, "result": ContactResult.NO_ANSWER}


def test_the_second_to_save_reads_who_did_what_and_loses_no_word(
    client_for: ClientFor, scheduler_ana: User, scheduler_bea: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    first = StepFormClient(client_for(scheduler_ana), recall, "log_contact")
    second = StepFormClient(client_for(scheduler_bea), recall, "log_contact")
    assert first.send(**CALL, note="rang twice").status_code == 302
    answer = second.send(**CALL, note="a sister answered")
    assert answer.status_code == 409
    page = page_text(answer)
    assert "was first: “Log a contact”" in page
    assert scheduler_ana.get_full_name() in page
    assert "a sister answered" in page
    assert recall.contact_attempts.count() == 1


def test_after_reading_it_the_user_may_send_the_same_text_again(
    client_for: ClientFor, scheduler_ana: User, scheduler_bea: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    first = StepFormClient(client_for(scheduler_ana), recall, "log_contact")
    second = StepFormClient(client_for(scheduler_bea), recall, "log_contact")
    first.send(**CALL)
    shown = second.send(**CALL, note="a sister answered").context["form"]  # type: ignore[attr-defined]
    again = {field.name: field.value() for field in shown if field.value() is not None}
    assert client_for(scheduler_bea).post(second.url, again).status_code == 302
    assert [attempt.note for attempt in recall.contact_attempts.all()] == ["", "a sister answered"]


def test_who_comes_too_late_for_a_step_reads_why_it_is_over(
    client_for: ClientFor, scheduler_ana: User, scheduler_bea: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, booked_ahead=True)
    confirm = StepFormClient(client_for(scheduler_bea), recall, "confirm")
    StepFormClient(client_for(scheduler_ana), recall, "cancel_appointment").send(note="The patient called.")
    answer = confirm.send(note="The patient will come.")
    assert answer.status_code == 409
    page = page_text(answer)
    assert "was first: “Cancel visit”" in page
    assert "Not while the recall is “To contact”" in page
    assert "The patient will come." in page
    recall.refresh_from_db()
    assert recall.state == State.TO_CONTACT


def test_a_form_sent_twice_acts_once(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    form = StepFormClient(client_for(scheduler_ana), recall, "log_contact")
    answers = [form.send(**CALL), form.send(**CALL)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert recall.contact_attempts.count() == 1


def test_a_task_ticked_off_twice_stays_done_by_the_first(
    client_for: ClientFor, scheduler_ana: User, scheduler_bea: User, shadyside: Site
) -> None:
    task = RecallFactory.create(site=shadyside, wrong_number=True).work_items.get()
    for user in (scheduler_ana, scheduler_bea):
        assert client_for(user).post(reverse("work_item_done", args=[task.pk])).status_code == 302
    task.refresh_from_db()
    assert task.done_by == scheduler_ana

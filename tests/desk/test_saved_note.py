"""After saving the page says about whom it was and what was done, also above the next patient's name."""

from typing import Any

import pytest
from django.urls import reverse

from clinic.models import Site, User
from recalls.enums import Assessment, ContactChannel, ContactResult
from recalls.models import WorkItem
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, StepFormClient, page_text

pytestmark = pytest.mark.django_db


def _page_after(form: StepFormClient, **typed: Any) -> str:
    answer = form.send(**typed)
    assert answer.status_code == 302
    return page_text(form.browser.get(answer["Location"]))


def test_a_logged_call_names_the_patient_and_the_result(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    form = StepFormClient(client_for(scheduler_ana), recall, "log_contact")
    page = _page_after(form, channel=ContactChannel.PHONE, result=ContactResult.LEFT_MESSAGE)
    assert f"{recall.patient.full_name}:</strong> Phone call: Left message." in page


def test_a_radiologists_outcome_is_named_above_the_next_case(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    read, following = RecallFactory.create_batch(2, site=shadyside, attended=True)
    form = StepFormClient(client_for(radiologist_rao), read, "record_outcome")
    page = _page_after(form, assessment=Assessment.SUSPICIOUS_B, telling="to_tell")
    assert following.patient.full_name in page
    assert f"{read.patient.full_name}:</strong> Record outcome: {Assessment.SUSPICIOUS_B.label}." in page


def test_a_step_undone_and_a_task_done_name_the_patient(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    browser = client_for(scheduler_ana)
    task = WorkItem.objects.get(recall=recall, done_at=None)
    page = page_text(browser.post(reverse("work_item_done", args=[task.pk]), follow=True))
    assert f"{recall.patient.full_name}:</strong> Done: {task.get_kind_display()}." in page
    StepFormClient(browser, recall, "log_contact").send(channel=ContactChannel.PHONE, result=ContactResult.NO_ANSWER)
    recall.refresh_from_db()
    page = page_text(browser.post(reverse("undo", args=[recall.pk]), {"version": recall.version}, follow=True))
    assert f"{recall.patient.full_name}:</strong> Undone: " in page


def test_neither_cookie_nor_session_holds_the_name(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    form = StepFormClient(client_for(scheduler_ana), recall, "log_contact")
    form.send(channel=ContactChannel.PHONE, result=ContactResult.NO_ANSWER)
    kept = f"{dict(form.browser.session)} {form.browser.cookies}"
    assert recall.patient.family_name not in kept


def test_the_users_own_other_tab_is_not_called_somebody_else(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    first, second = (StepFormClient(client_for(scheduler_ana), recall, "add_note") for _ in range(2))
    first.send(note="Called back at noon.")
    page = page_text(second.send(note="Called back."))
    assert "You did this yourself meanwhile: “Add a note”" in page
    assert "was first" not in page
    assert "Called back." in page

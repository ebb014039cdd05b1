"""Tests of the pages about barriers: the call, the recall's page, the tasks, the patient's page, the help of a site."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from clinic.models import Site, User
from notifications.inbound.barrier_replies import read_barrier
from notifications.inbound.sms_replies import handle_sms_reply
from patients.models import ContactPoint
from recalls import actions
from recalls.actions import StatedBarriers
from recalls.admin.barriers import BarrierResourceForm
from recalls.enums.barriers import BarrierKind, BarrierSource
from recalls.models import Barrier, BarrierHelp, BarrierResource, Recall, WorkItem
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, StepFormClient, page_text
from tests.portal.conftest import give_birth_date, make_link

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
REVIEW: dict[str, Any] = {"reviewer": "Dr. Sample", "reviewed_on": date(2026, 11, 2)}
TAXI = "We can send you a taxi. It costs you nothing."


@pytest.fixture
def recall(clock: time_machine.Traveller, shadyside: Site) -> Recall:
    made: Recall = RecallFactory.create(site=shadyside)
    return made


@pytest.fixture
def taxi(shadyside: Site) -> BarrierResource:
    made: BarrierResource = BarrierResource.objects.create(
        site=shadyside, kind=BarrierKind.RIDE, language="en", text=TAXI, phone="+14125550188", **REVIEW
    )
    BarrierResource.objects.create(site=shadyside, kind=BarrierKind.COST, language="en", text="Nobody reviewed this.")
    BarrierResource.objects.create(
        site=shadyside,
        kind=BarrierKind.RIDE,
        language="es",
        text="Podemos enviarle un taxi. No le cuesta nada.",
        phone="+14125550188",
        **REVIEW,
    )
    return made


def test_a_barrier_is_noted_with_the_call_and_closed_from_its_task(
    client_for: ClientFor, scheduler_ana: User, recall: Recall, taxi: BarrierResource
) -> None:
    browser = client_for(scheduler_ana)
    page = browser.get(reverse("recall", args=[recall.pk]))
    assert TAXI in page_text(page)  # the script holds it before anything is noted
    assert "Nobody reviewed this." not in page_text(page)
    call = {"channel": "phone", "point": "mobile", "result": "reached_calls_back", "barriers": ["ride", "work"]}
    assert StepFormClient(browser, recall, "log_contact").send(**call).status_code == 302
    assert [row.kind for row in Barrier.objects.all()] == ["ride", "work"]
    shown = page_text(browser.get(reverse("recall", args=[recall.pk])))
    assert "In the way" in shown
    assert "said by the patient, on the phone" in shown
    task = WorkItem.objects.get()
    answer = browser.post(reverse("work_item_done", args=[task.pk]), {"recall": recall.pk})
    assert reverse("step", args=[recall.pk, "help_with_barrier"]) in answer.headers["Location"]
    for barrier in Barrier.objects.all():
        sent = StepFormClient(browser, recall, "help_with_barrier").send(
            barrier=barrier.pk, resource=taxi.pk if barrier.kind == "ride" else "", outcome="solved"
        )
        assert sent.status_code == 302
    task.refresh_from_db()
    assert task.done_by == scheduler_ana
    assert BarrierHelp.objects.earliest("pk").offered == TAXI
    history = page_text(browser.get(reverse("recall", args=[recall.pk])))
    assert f"Offered: {TAXI}" in history


def test_a_missed_visit_is_where_it_was_said(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    missed = RecallFactory.create(site=shadyside, missed=True)
    call = {"channel": "phone", "point": "mobile", "result": "reached_will_book", "barriers": ["care"]}
    assert StepFormClient(client_for(scheduler_ana), missed, "log_contact").send(**call).status_code == 302
    assert Barrier.objects.get().source == BarrierSource.MISSED_VISIT


def test_the_script_offers_in_the_patients_language(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, taxi: BarrierResource
) -> None:
    spanish = RecallFactory.create(site=shadyside, patient__language="es")
    shown = page_text(client_for(scheduler_ana).get(reverse("recall", args=[spanish.pk])))
    assert "Podemos enviarle un taxi." in shown
    assert TAXI not in shown


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_patients_page_offers_help_only_for_what_stands_in_the_way(
    client: Client, recall: Recall, scheduler_ana: User, taxi: BarrierResource, language: str
) -> None:
    recall.patient.language = language
    recall.patient.save()
    assert give_birth_date(client, make_link(recall.patient), recall.patient).status_code == 302
    text = TAXI if language == "en" else "Podemos enviarle un taxi."
    assert text not in page_text(client.get("/my/"))
    stated = StatedBarriers((BarrierKind.RIDE, BarrierKind.COST), BarrierSource.CALL)
    actions.state_barrier(recall, stated, by=scheduler_ana)
    shown = page_text(client.get("/my/"))
    assert text in shown
    assert "(412) 555-0188" in shown
    assert "Nobody reviewed this." not in shown


def test_a_link_leads_only_to_hosts_that_are_allowed(shadyside: Site, settings: Settings) -> None:
    settings.TEXT_LINK_HOSTS = ["rides.example.org"]
    row = BarrierResource(site=shadyside, kind=BarrierKind.RIDE, language="en", text=TAXI)
    row.link = "https://rides.example.org/book"
    row.full_clean()
    for wrong in (
        "https://elsewhere.example.com/",
        "http://rides.example.org/",
        "https://rides.example.org@evil.example/",
    ):
        row.link = wrong
        with pytest.raises(ValidationError):
            row.full_clean()
    row.link, row.text = "", "Look at https://elsewhere.example.com/"
    with pytest.raises(ValidationError):
        row.full_clean()


def test_changed_words_lose_their_review(taxi: BarrierResource) -> None:
    typed = {
        "site": taxi.site_id, "kind": "ride", "language": "en", "text": "A taxi.", "phone": "", "link": "",
        "reviewer": "Dr. Sample", "reviewed_on": "2026-11-02", "in_use": "on",
    }  # fmt: skip
    form = BarrierResourceForm(typed, instance=taxi)
    assert form.is_valid()
    assert form.save().is_reviewed is False
    form = BarrierResourceForm(typed | {"reviewed_on": "2026-11-09"}, instance=taxi)
    assert form.is_valid()
    assert form.save().is_reviewed


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("No ride!", "ride"), ("tengo miedo", "fear"), ("El costo", "cost"), ("Necesito intérprete", "language"),
        ("no ride but maybe my son", None), ("1", None), ("", None),
    ],
)  # fmt: skip
def test_a_text_that_says_only_what_is_in_the_way_is_understood(words: str, kind: str | None) -> None:
    assert read_barrier(words) == kind


def test_a_text_message_opens_the_same_task(recall: Recall) -> None:
    number = recall.patient.contact_points.get(kind=ContactPoint.Kind.MOBILE).value
    handle_sms_reply(number, "No tengo transporte")
    barrier = Barrier.objects.get()
    assert (barrier.kind, barrier.source, barrier.by, barrier.words) == ("ride", "text", "patient", "")
    assert [task.kind for task in WorkItem.objects.all()] == ["barrier"]


def test_a_text_of_a_patient_with_two_recalls_is_a_task_for_a_person(recall: Recall) -> None:
    RecallFactory.create(site=recall.site, patient=recall.patient)
    handle_sms_reply(recall.patient.contact_points.get(kind=ContactPoint.Kind.MOBILE).value, "No ride")
    assert not Barrier.objects.exists()
    assert WorkItem.objects.filter(done_at=None, kind="patient_asked").count() == 1


def test_the_history_says_what_was_in_the_way(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, navigator_case=True)
    shown = page_text(client_for(scheduler_ana).get(reverse("recall", args=[recall.pk])))
    assert "in the way: No ride" in shown
    assert "Take as my case" in shown
    assert re.search(r"Case of [^<]+ since [^<]+ \(Something is in the way\)", shown)
    assert recall.due_at
    assert recall.due_at > timezone.now() - timedelta(days=30)

"""A patient who asks what was seen, or says no, is answered plainly and rung by the doctor."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.models import Site, User
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import ContactAttemptInput
from recalls.enums import ContactChannel, ContactResult, FindingKind, Side, WorkItemKind
from recalls.models import Recall, WorkItem
from recalls.presenters.call_script import CALL_SCRIPTS, build_call_script
from recalls.presenters.next_action import describe_next_action
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, page_text

pytestmark = pytest.mark.django_db
ALARMING_WORDS = ("cancer", "cáncer", "tumor", "biops", "birads", "suspicious", "sospechos", "mass")


@pytest.mark.parametrize("language", sorted(CALL_SCRIPTS))
@pytest.mark.parametrize("kind", [kind for kind in FindingKind if kind != FindingKind.OTHER])
def test_each_finding_has_a_plain_answer_without_an_alarming_word(
    kind: FindingKind, language: str, shadyside: Site, scheduler_ana: User
) -> None:
    patient = PatientFactory.create(site=shadyside, language=language)
    recall = RecallFactory.create(patient=patient, exam__findings=[(kind, Side.LEFT)])
    answers = build_call_script(recall, scheduler_ana).if_asked
    assert len(answers) == 2
    assert [word for word in ALARMING_WORDS if word in " ".join(answers).lower()] == []


@pytest.mark.parametrize("situation", ["suspicious_screen", "biopsy_to_book", "suspicious_to_tell"])
def test_of_a_result_that_the_doctor_tells_the_caller_says_only_that_the_doctor_rings(
    situation: str, shadyside: Site, scheduler_ana: User
) -> None:
    recall = RecallFactory.create(site=shadyside, **{situation: True})
    assert build_call_script(recall, scheduler_ana).if_asked == (
        "I can pass your question on to the doctor, who will ring you.",
    )


def test_a_finding_without_words_and_two_of_a_kind_say_nothing_twice(shadyside: Site, scheduler_ana: User) -> None:
    found = [(FindingKind.OTHER, Side.LEFT), (FindingKind.MASS, Side.LEFT), (FindingKind.MASS, Side.RIGHT)]
    answers = build_call_script(RecallFactory.create(site=shadyside, exam__findings=found), scheduler_ana).if_asked
    assert len(answers) == 2


def test_a_question_is_a_task_on_the_radiologists_worklist_with_a_time(
    client_for: ClientFor, scheduler_ana: User, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    browser = client_for(scheduler_ana)
    url = reverse("step", args=[recall.pk, "ask_doctor"])
    assert url in page_text(browser.get(reverse("step", args=[recall.pk, "log_contact"])))
    browser.post(url, _filled(browser, url) | {"note": "Do I need to bring my daughter?"})
    task = WorkItem.objects.get(recall=recall)
    assert task.kind == WorkItemKind.DOCTOR_QUESTION
    assert timezone.now() < task.due_at < timezone.now() + timedelta(days=5)
    assert "bring my daughter" in page_text(client_for(radiologist_rao).get(reverse("worklist")))


def test_a_question_needs_words(scheduler_ana: User, shadyside: Site, client_for: ClientFor) -> None:
    recall = RecallFactory.create(site=shadyside)
    browser = client_for(scheduler_ana)
    url = reverse("step", args=[recall.pk, "ask_doctor"])
    browser.post(url, _filled(browser, url) | {"note": "  "})
    assert not WorkItem.objects.exists()


def _filled(browser: Client, url: str) -> dict[str, str]:
    initial = browser.get(url).context["form"].initial
    return {"version": initial["version"], "key": initial["key"]}


def test_after_a_no_the_next_thing_is_the_doctor_or_the_refusal_and_no_third_call(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    for result in (ContactResult.NO_ANSWER, ContactResult.LEFT_MESSAGE):
        actions.log_contact(recall, ContactAttemptInput(ContactChannel.PHONE, result), by=scheduler_ana)
    browser = client_for(scheduler_ana)
    url = reverse("step", args=[recall.pk, "log_contact"])
    said_no = {"channel": "phone", "result": "refused", "note": "Enough of hospitals"}
    answer = browser.post(url, _filled(browser, url) | said_no, follow=True)
    assert answer.request["PATH_INFO"] == reverse("recall", args=[recall.pk])
    page = page_text(answer)
    assert "The patient said no: ask the doctor to call, or record the refusal" in page
    assert f'href="{reverse("step", args=[recall.pk, "ask_doctor"])}' in page
    assert f'href="{reverse("step", args=[recall.pk, "decline"])}' in page
    assert "third call" not in describe_next_action(Recall.objects.get(pk=recall.pk)).lower()

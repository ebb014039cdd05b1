"""Holds that an exam without a recall can be corrected, and a recall of it opened, by those whom the table names."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import AccessLog, Site, User
from recalls.models import Recall, RecallEvent, ScreeningExam, SupersededReading
from recalls.testing.factories import ExamFactory, RecallFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def negative(shadyside: Site) -> ScreeningExam:
    return ExamFactory.create(patient__site=shadyside, negative=True, assessment_left="1", assessment_right="1")


def send(client: Client, user: User, exam: ScreeningExam, step: str, **typed: str) -> Any:
    client.force_login(user)
    return client.post(reverse("exam", args=[exam.pk]), {**typed, step: ""}, follow=True)


def offered(client: Client, user: User, exam: ScreeningExam) -> set[str]:
    client.force_login(user)
    return {name for name, _step, _form in client.get(reverse("exam", args=[exam.pk])).context["forms"]}


def test_a_negative_result_raised_to_a_4_opens_a_recall_and_keeps_the_old_reading(
    client: Client, radiologist_rao: User, negative: ScreeningExam
) -> None:
    page = send(client, radiologist_rao, negative, "correct_result", assessment="4B", comment="A mass was overlooked.")
    recall = Recall.objects.get(exam=negative)
    negative.refresh_from_db()
    assert (recall.state, recall.suspicious, negative.assessment) == ("to_contact", True, "4B")
    assert (negative.assessment_left, negative.assessment_right) == ("", "")
    assert SupersededReading.objects.get().reading["assessment"] in ("1", "2")
    assert reverse("recall", args=[recall.pk]) in page.text


def test_a_result_corrected_from_1_to_2_opens_nothing(
    client: Client, radiologist_rao: User, negative: ScreeningExam
) -> None:
    other = "2" if negative.assessment == "1" else "1"
    send(client, radiologist_rao, negative, "correct_result", assessment=other, comment="A benign cyst.")
    negative.refresh_from_db()
    assert negative.assessment == other
    assert not Recall.objects.exists()


@pytest.mark.parametrize("who", ["scheduler_ana", "manager_mo", "radiologist_rao"])
def test_a_symptom_opens_a_recall_of_a_negative_exam_in_the_name_of_who_says_so(
    client: Client, who: str, request: pytest.FixtureRequest, negative: ScreeningExam
) -> None:
    user = request.getfixturevalue(who)
    send(client, user, negative, "open_recall", kind="clinical", reason="A lump, reported by phone.")
    event = RecallEvent.objects.get()
    assert (event.recall.kind, event.by, event.note) == ("clinical", user.get_full_name() or who, event.note)
    assert "A lump" in event.note


def test_a_lump_that_is_reported_is_noted_with_its_breast(
    client: Client, scheduler_ana: User, negative: ScreeningExam
) -> None:
    said = {"reason": "Reported by phone.", "lump": "left"}
    page = send(client, scheduler_ana, negative, "open_recall", kind="technical", **said)
    assert set(page.context["form"].errors) == {"lump"}
    send(client, scheduler_ana, negative, "open_recall", kind="clinical", **said)
    assert [(one.kind, one.side) for one in negative.findings.all()] == [("lump", "left")]


def test_a_recall_by_hand_needs_a_reason_and_a_kind(
    client: Client, scheduler_ana: User, negative: ScreeningExam
) -> None:
    page = send(client, scheduler_ana, negative, "open_recall")
    assert set(page.context["form"].errors) == {"kind", "reason"}
    assert not Recall.objects.exists()


def test_an_exam_with_a_recall_gets_no_second_one(client: Client, scheduler_ana: User, shadyside: Site) -> None:
    exam = RecallFactory.create(site=shadyside).exam
    assert offered(client, scheduler_ana, exam) == set()
    page = send(client, scheduler_ana, exam, "open_recall", reason="Again.")
    assert "has a recall already" in page.text
    assert Recall.objects.count() == 1


@pytest.mark.parametrize(
    ("who", "steps"),
    [
        ("scheduler_ana", {"open_recall"}),
        ("manager_mo", {"open_recall"}),
        ("navigator_nia", set()),
        ("radiologist_rao", {"open_recall", "correct_result"}),
    ],
)
def test_each_role_is_offered_what_the_workflow_table_grants(
    client: Client, who: str, steps: set[str], request: pytest.FixtureRequest, negative: ScreeningExam
) -> None:
    assert offered(client, request.getfixturevalue(who), negative) == steps


def test_who_may_not_correct_a_result_is_refused_whatever_the_page_offered(
    client: Client, scheduler_ana: User, negative: ScreeningExam
) -> None:
    page = send(client, scheduler_ana, negative, "correct_result", assessment="4B", comment="x")
    assert "Your role may not do this" in page.text
    assert not Recall.objects.exists()


def test_a_look_at_an_exam_is_in_the_access_log_and_other_sites_exams_are_not_there(
    client: Client, scheduler_ana: User, other_site_scheduler: User, negative: ScreeningExam
) -> None:
    offered(client, scheduler_ana, negative)
    assert AccessLog.objects.get(page="exam").patient_id == negative.patient_id
    client.force_login(other_site_scheduler)
    assert client.get(reverse("exam", args=[negative.pk])).status_code == 404

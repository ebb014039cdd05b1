"""Holds that whoever calls sees the plan, and the manager sees how many patients have one."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic.actors import PATIENT
from clinic.models import Site, User
from patients.actions import record_death
from patients.contact_plan import actions as plans
from patients.contact_plan.models import MayAnswer, NumberCheck
from patients.factories import PatientFactory
from patients.models import ContactPlan, ContactPoint, Patient
from recalls import actions
from recalls.actions import RecordEdit
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.contact_plan.conftest import Handed
from tests.portal.conftest import page_text

pytestmark = pytest.mark.django_db


def _make_plan(patient: Patient, who: MayAnswer = MayAnswer.MESSAGE, name: str = "Sam Sample") -> None:
    edit = RecordEdit(details={"voicemail": "yes"}, best_time="afternoon")
    actions.edit_record(patient, edit, by=PATIENT, source=plans.SOURCE)
    plans.record_number(patient, ContactPoint.Kind.MOBILE, NumberCheck.CODE, by=PATIENT)
    plans.record_calls(patient)
    plans.record_people(patient, who, name, by=PATIENT)
    plans.record_result_wish(patient, by=PATIENT)


def test_the_caller_reads_the_plan_beside_the_numbers_and_on_the_ladder(
    client: Client, scheduler_ana: User, asking_site: Site
) -> None:
    recall = RecallFactory.create(site=asking_site)
    client.force_login(scheduler_ana)
    address = reverse("recall", args=[recall.pk])
    assert "contact plan" not in page_text(client.get(address)).lower()
    _make_plan(recall.patient)
    page, day = page_text(client.get(address)), f"{timezone.now().astimezone(asking_site.zone):%a %-d %b}"
    for words in (
        "Best reached: in the afternoon", f"verified {day}", "Message may be left",
        "Who else may answer: Sam Sample: may take the message “please call back”",
        f"The patient's contact plan, {day}",
        "Could you ask Testa to call me",
    ):  # fmt: skip
        assert words in page
    _make_plan(recall.patient, MayAnswer.ONLY_ME, "")
    page = page_text(client.get(address))
    assert "Who else may answer: only the patient" in page
    assert "Thank you. I will call again." in page
    assert "Could you ask" not in page


def test_the_record_tells_who_may_answer_and_what_changed(
    client: Client, scheduler_ana: User, asking_site: Site
) -> None:
    patient = PatientFactory.create(site=asking_site)
    client.force_login(scheduler_ana)
    _make_plan(patient)
    page = page_text(client.get(reverse("patient", args=[patient.pk])))
    assert "Who else may answer none may take the message “please call back”, Sam Sample patient contact plan" in page
    assert "Mobile phone, check of the number none verified by a code patient contact plan" in page
    plan_page = page_text(client.get(reverse("contact_plan", args=[patient.pk])))
    assert f"Finished {timezone.now().astimezone(asking_site.zone):%a %-d %b}." in plan_page


def test_the_board_counts_patients_with_a_plan_and_a_proven_number_by_site(
    client: Client, manager_mo: User, asking_site: Site, foothills: Site
) -> None:
    manager_mo.sites.add(foothills)
    today = timezone.now().astimezone(asking_site.zone).date()
    screened = [PatientFactory.create(site=asking_site) for _ in range(4)]
    for patient in (*screened, screened[0]):
        ExamFactory.create(patient=patient, exam_date=today - timedelta(days=2), negative=True)
    ExamFactory.create(patient=PatientFactory.create(site=asking_site), exam_date=today - timedelta(days=40))
    for patient in screened[:3]:
        _make_plan(patient)
    ContactPlan.objects.filter(patient=screened[1]).update(finished_at=timezone.now() - timedelta(days=400))
    screened[2].contact_points.filter(kind="mobile").update(verified_at=None)
    client.force_login(manager_mo)
    page = page_text(client.get("/board/"))
    assert f"{asking_site.name} 4 2 (50 %) 2 (50 %)" in page
    assert f"{foothills.name} 4" not in page, "a site that does not ask has no line"
    record_death(screened[3], today, by=manager_mo)
    assert f"{asking_site.name} 3 2 (67 %) 2 (67 %)" in page_text(client.get("/board/"))
    with CaptureQueriesContext(connection) as asking:
        client.get("/board/")
    Site.objects.update(asks_contact_plan=False)
    with CaptureQueriesContext(connection) as silent:
        assert "Contact plans of those" not in page_text(client.get("/board/"))
    assert len(asking) == len(silent), "they are parts of the board's one query"


def test_a_merge_mixes_no_plans_and_asks_a_person(
    client: Client, manager_mo: User, asking_site: Site, hand_to: Handed
) -> None:
    stays, goes = (PatientFactory.create(site=asking_site, birth_date="1960-01-02") for _ in range(2))
    _make_plan(goes, MayAnswer.RESULTS)
    _make_plan(stays, MayAnswer.ONLY_ME, "")
    actions.merge_patients(goes, stays, by=manager_mo)
    assert ContactPlan.objects.get(patient=stays).may_answer == MayAnswer.ONLY_ME
    assert "another contact plan" in " ".join(stays.work_items.values_list("reason", flat=True))


def test_whoever_went_is_forgotten_with_the_record(asking_site: Site, ruth: Patient) -> None:
    from retention.personal_rows import DELETED_OF_PERSON

    assert {"ContactPlan", "NumberCode", "TabletHandover"} <= {model.__name__ for model in DELETED_OF_PERSON}

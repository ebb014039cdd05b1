"""The pages on which two people let old records go, and on which holds are set, lifted and read."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from clinic.factories import UserFactory
from clinic.models import AccessLog, SecurityEvent, Site, User
from clinic.roles import Role
from patients.models import Patient
from recalls.testing.factories import ExamFactory
from retention import due_list, holds
from retention.models import DueRecord, LegalHold
from tests.accounts.conftest import PASSWORD
from tests.retention.conftest import when_due

pytestmark = pytest.mark.django_db
REASON = "Case 2026-17 of the county"


@pytest.fixture
def privacy_officer(shadyside: Site) -> User:
    return UserFactory.create(username="pia", role=Role.PRIVACY_OFFICER, sites=[shadyside])


@pytest.fixture
def due(full_record: Patient) -> DueRecord:
    due_list.refresh_list(when_due(full_record))
    return DueRecord.objects.get()


def signed_in(user: User) -> Client:
    """By the sign-in page: the decision asks for the password unless it was given lately."""
    user.set_password(PASSWORD)
    user.save()
    browser = Client()
    assert browser.post(reverse("sign_in"), {"username": user.username, "password": PASSWORD}).status_code == 302
    return browser


def decide(user: User, decision: str, due: DueRecord) -> int:
    answer = signed_in(user).post(reverse("retention_decide"), {"decision": decision, "record": [due.pk]})
    return answer.status_code


def test_two_people_let_a_record_go(due: DueRecord, administrator_ada: User, privacy_officer: User) -> None:
    assert str(due.patient) in signed_in(administrator_ada).get(reverse("retention")).text
    assert decide(administrator_ada, "ask", due) == 302
    assert decide(administrator_ada, "confirm", due) == 302
    due.refresh_from_db()
    assert (due.asked_by, due.confirmed_by) == (administrator_ada, None)
    assert "Waits for a second person" in signed_in(privacy_officer).get(reverse("retention")).text
    decide(privacy_officer, "confirm", due)
    due.refresh_from_db()
    assert due.confirmed_by == privacy_officer


def test_what_was_asked_is_taken_back(due: DueRecord, administrator_ada: User, privacy_officer: User) -> None:
    decide(administrator_ada, "ask", due)
    decide(privacy_officer, "take_back", due)
    due.refresh_from_db()
    assert due.asked_by is None


def test_the_list_is_on_record_as_a_look_at_its_patients(due: DueRecord, administrator_ada: User) -> None:
    signed_in(administrator_ada).get(reverse("retention"))
    assert due.patient_id in (AccessLog.objects.latest("pk").patient_ids or [])


def test_a_person_seen_at_another_site_is_not_the_administrators_to_decide(
    due: DueRecord, administrator_ada: User, foothills: Site
) -> None:
    ExamFactory.create(site=foothills, patient=due.patient, negative=True, exam_date="2001-01-02")
    assert str(due.patient) not in signed_in(administrator_ada).get(reverse("retention")).text
    decide(administrator_ada, "ask", due)
    due.refresh_from_db()
    assert due.asked_by is None


@pytest.mark.parametrize("role", [Role.SCHEDULER, Role.NAVIGATOR, Role.RADIOLOGIST, Role.MANAGER])
def test_nobody_else_lets_records_go(role: Role, due: DueRecord, shadyside: Site) -> None:
    user = UserFactory.create(role=role, sites=[shadyside])
    assert signed_in(user).get(reverse("retention")).status_code == 403
    assert decide(user, "ask", due) == 403


@pytest.mark.parametrize("role", [Role.SCHEDULER, Role.NAVIGATOR, Role.RADIOLOGIST, Role.ADMINISTRATOR])
def test_only_managers_and_privacy_officers_set_and_lift_holds(
    role: Role, full_record: Patient, shadyside: Site, manager_mo: User
) -> None:
    user = UserFactory.create(role=role, sites=[shadyside])
    hold = holds.set_hold(full_record, REASON, by=manager_mo)
    with pytest.raises(PermissionDenied):
        holds.set_hold(full_record, REASON, by=user)
    with pytest.raises(PermissionDenied):
        holds.lift_hold(hold, REASON, by=user)
    assert signed_in(user).get(reverse("legal_holds")).status_code == 403


def test_a_hold_is_set_by_record_number_and_birth_date_and_stands_in_the_security_log(
    full_record: Patient, privacy_officer: User
) -> None:
    fields = {"mrn": full_record.mrn, "birth_date": "1900-01-01", "reason": REASON}
    browser = signed_in(privacy_officer)
    assert "No record in use" in browser.post(reverse("legal_holds"), fields).text
    browser.post(reverse("legal_holds"), {**fields, "birth_date": full_record.birth_date.isoformat()})
    hold = LegalHold.objects.get()
    assert (hold.patient, hold.reason, hold.user) == (full_record, REASON, privacy_officer)
    event = SecurityEvent.objects.get(kind=SecurityEvent.Kind.LEGAL_HOLD)
    assert (event.by, event.detail) == (privacy_officer, f"set for patient {full_record.pk}: {REASON}")
    assert full_record.mrn in browser.get(reverse("legal_holds")).text


def test_a_hold_is_lifted_with_a_reason_and_once(full_record: Patient, manager_mo: User) -> None:
    hold = holds.set_hold(full_record, REASON, by=manager_mo)
    browser, lift = signed_in(manager_mo), reverse("lift_hold", args=[hold.pk])
    browser.post(lift, {"reason": "short"})
    assert LegalHold.objects.filter(lift=None).exists()
    for _twice in range(2):
        browser.post(lift, {"reason": "The case is closed"})
    assert "The case is closed" in browser.get(reverse("patient_hold", args=[full_record.pk])).text
    lifted = SecurityEvent.objects.filter(kind=SecurityEvent.Kind.LEGAL_HOLD, detail__startswith="lifted")
    assert lifted.count() == 1


def test_a_patient_of_another_site_is_no_managers_to_hold(full_record: Patient, foothills: Site) -> None:
    stranger = UserFactory.create(role=Role.MANAGER, sites=[foothills])
    assert signed_in(stranger).get(reverse("patient_hold", args=[full_record.pk])).status_code == 404
    with pytest.raises(PermissionDenied):
        holds.set_hold(full_record, REASON, by=stranger)


@pytest.mark.usefixtures("seen_once")
def test_the_list_takes_the_same_queries_however_long_it_is(
    due: DueRecord, administrator_ada: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser = signed_in(administrator_ada)
    browser.get(reverse("retention"))
    with django_assert_num_queries(5) as one:
        browser.get(reverse("retention"))
    for _more in range(5):
        exam = ExamFactory.create(site=due.patient.site, negative=True, exam_date="2010-01-05")
        DueRecord.objects.create(patient=exam.patient, due_on=due.due_on)
    with django_assert_num_queries(len(one)):
        browser.get(reverse("retention"))

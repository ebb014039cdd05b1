"""Holds that whoever sees a patient, by itself or on a list, is on record, and that the privacy officer finds it."""

from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic.factories import UserFactory
from clinic.models import AccessLog, Site, User
from clinic.roles import Role
from patients.factories import PatientFactory
from patients.models import Patient
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from reports.access.access_rows import MANY_IN_AN_HOUR
from tests.support.admin_pages import changelist_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def recall(shadyside: Site) -> Recall:
    return RecallFactory.create(
        site=shadyside, wrong_number=True, patient__family_name="Sample-Elm", patient__mrn="ELM-77"
    )


@pytest.fixture
def officer_client(client: Client, shadyside: Site) -> Client:
    client.force_login(UserFactory.create(username="pia", role=Role.PRIVACY_OFFICER, sites=[shadyside]))
    return client


def sign_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    browser.get(reverse("keyboard_shortcuts"))
    return browser


@pytest.mark.parametrize("page", ["queue", "work_items", "search"])
def test_a_list_leaves_one_row_with_those_it_names(page: str, recall: Recall, scheduler_ana: User) -> None:
    browser = sign_in(scheduler_ana)
    browser.post(reverse("search"), {"q": "Sample-Elm"})
    before = list(AccessLog.objects.values_list("pk", flat=True))
    with CaptureQueriesContext(connection) as taken:
        answer = browser.get(reverse(page))
    assert "Sample-Elm" in answer.text
    inserts = [query for query in taken if 'INSERT INTO "clinic_accesslog"' in query["sql"]]
    shown = {row.patient_id or tuple(row.patient_ids or ()) for row in AccessLog.objects.exclude(pk__in=before)}
    assert (len(inserts), shown) in [(1, {recall.patient_id}), (1, {(recall.patient_id,)})]


@pytest.mark.parametrize("model", [Patient, Recall])
def test_a_list_of_the_administration_leaves_a_row_too(
    model: type[Patient | Recall], recall: Recall, administrator_ada: User
) -> None:
    sign_in(administrator_ada).get(changelist_url(model))
    row = AccessLog.objects.get()
    assert (row.user, row.patient_ids) == (administrator_ada, [recall.patient_id])


def test_the_history_page_of_a_patient_leaves_a_row(recall: Recall, administrator_ada: User) -> None:
    sign_in(administrator_ada).get(reverse("admin:patients_patient_history", args=[recall.patient_id]))
    assert AccessLog.objects.get().patient_ids == [recall.patient_id]


def test_a_row_says_from_where_in_which_session_at_which_sites_and_by_which_search(
    recall: Recall, scheduler_ana: User, shadyside: Site
) -> None:
    browser = sign_in(scheduler_ana)
    for words in ("Sample-Elm", "ELM-77", "Sample-Elm"):
        browser.post(reverse("search"), {"q": words}, REMOTE_ADDR="192.0.2.7")
        browser.get(reverse("search"), REMOTE_ADDR="192.0.2.7")
    first, second, third = AccessLog.objects.order_by("pk")
    assert (first.address, first.sites, len(first.session)) == ("192.0.2.7", str(shadyside.pk), 16)
    assert first.session == second.session
    assert first.filter == third.filter != second.filter
    assert "Elm" not in f"{first.filter}{first.session}"


def test_nobody_changes_or_deletes_what_stands_in_the_log(recall: Recall, scheduler_ana: User) -> None:
    sign_in(scheduler_ana).get(reverse("recall", args=[recall.pk]))
    for statement in ("UPDATE clinic_accesslog SET page = 'x'", "DELETE FROM clinic_accesslog"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_page_without_a_patient_leaves_no_row(recall: Recall, scheduler_ana: User) -> None:
    sign_in(scheduler_ana).get(reverse("keyboard_shortcuts"))
    assert not AccessLog.objects.exists()


def test_who_opens_their_own_record_or_one_of_their_name_raises_an_alarm(
    officer_client: Client, shadyside: Site
) -> None:
    own, relative, other = (
        RecallFactory.create(site=shadyside, patient__family_name=family, patient__given_name=given)
        for family, given in (("Sample-Ash", "Ana"), ("Sample-Ash", "Bea"), ("Sample-Oak", "Ana"))
    )
    ana = UserFactory.create(
        role=Role.SCHEDULER, sites=[shadyside], first_name="Ana", last_name="Sample-Ash", username="ash"
    )
    browser = sign_in(ana)
    for one in (own, relative, other):
        browser.get(reverse("recall", args=[one.pk]))
    alarms = dict(AccessLog.objects.filter(page="recall").values_list("patient_id", "alarm"))
    assert alarms == {own.patient_id: "own_record", relative.patient_id: "surname", other.patient_id: ""}
    page = officer_client.get(reverse("access_log")).text
    assert "perhaps the person&#x27;s own record" in page


def test_who_opens_very_many_patients_in_an_hour_is_named(officer_client: Client, scheduler_ana: User) -> None:
    with time_machine.travel(timezone.now().replace(minute=1) - timedelta(hours=1), tick=False):
        AccessLog.objects.bulk_create(
            AccessLog(user=scheduler_ana, page="recall", patient_id=number) for number in range(MANY_IN_AN_HOUR)
        )
    assert f"opened {MANY_IN_AN_HOUR} patients in the hour of" in officer_client.get(reverse("access_log")).text


def test_the_officer_gets_who_looked_at_a_patient_when_and_why_on_screen_and_as_a_file(
    officer_client: Client, recall: Recall, scheduler_ana: User, shadyside: Site
) -> None:
    browser = sign_in(scheduler_ana)
    browser.get(reverse("recall", args=[recall.pk]))
    browser.get(reverse("queue"))
    asked = {"mrn": "ELM-77", "why": "The patient asks"}
    rows = officer_client.post(reverse("access_log"), asked).context["rows"]
    assert [(one["who"], one["row"].page, one["shown"]) for one in rows] == [
        (scheduler_ana.get_full_name(), "queue", "on a list of 1"),
        (scheduler_ana.get_full_name(), "recall", "by itself"),
    ]
    file = b"".join(officer_client.post(reverse("access_log"), {**asked, "_file": ""})).decode()
    assert (file.count("\r\n"), file.count("The patient asks")) == (5, 2)  # both of the officer's own looks too


def test_what_the_officer_asks_is_on_record_with_the_reason(officer_client: Client, recall: Recall) -> None:
    officer_client.post(reverse("access_log"), {"mrn": "ELM-77", "why": "The patient asks"})
    row = AccessLog.objects.get(page="access report")
    assert (row.user.username, row.patient_id, row.why) == ("pia", recall.patient_id, "The patient asks")


def test_the_officer_of_one_site_does_not_learn_of_another_sites_patient(
    officer_client: Client, foothills: Site
) -> None:
    PatientFactory.create(site=foothills, mrn="FOREIGN-1")
    page = officer_client.post(reverse("access_log"), {"mrn": "FOREIGN-1", "why": "x"})
    assert "No patient of your sites has this record number." in page.text


def test_a_person_may_be_asked_for_instead_of_a_patient(
    officer_client: Client, recall: Recall, scheduler_ana: User
) -> None:
    sign_in(scheduler_ana).get(reverse("recall", args=[recall.pk]))
    page = officer_client.post(reverse("access_log"), {"person": scheduler_ana.pk, "why": "A complaint"})
    assert [one["row"].user for one in page.context["rows"]] == [scheduler_ana]

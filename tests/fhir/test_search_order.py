"""Holds in which order a search answers, what comes along with it, and that an index serves what changed since."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic.factories import get_site_staff
from clinic.models import AccessLog, Site
from exchange.fhir import bundles
from exchange.fhir.search.definitions import DEFINITIONS
from notifications.models import Notification
from patients.actions import set_contact_points
from patients.factories import PatientFactory
from patients.models import ContactPoint, Patient
from recalls import actions
from recalls.actions.contact import open_work_item
from recalls.enums import WorkItemKind
from recalls.models import Appointment, Biopsy, Outcome, PathologyResult, Recall, RecallEvent, ScreeningExam, WorkItem
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.fhir.conftest import FhirClient, issue_of
from tests.fhir.r4_schema import find_faults
from tests.support.analyze import analyze
from tests.support.many_rows import multiply_rows

pytestmark = pytest.mark.django_db

WITH_TIMES = [name for name, one in DEFINITIONS.items() if one.has_updated]
ROWS = int(os.environ.get("FHIR_ROWS", "2000"))  # of each table, for the plans of the database


def _search(client: FhirClient, address: str, **parameters: Any) -> dict[str, Any]:
    response = client.get(f"/fhir/{address}", parameters)
    assert response.status_code == 200, response.content
    bundle: dict[str, Any] = response.json()
    assert find_faults(bundle) == []
    return bundle


def _resources(bundle: dict[str, Any], mode: str = "match") -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle.get("entry", []) if entry["search"]["mode"] == mode]


def _walk(client: FhirClient, address: str, **parameters: Any) -> list[dict[str, Any]]:
    """The resources of every page."""
    bundle = _search(client, address, **parameters)
    found = _resources(bundle)
    while following := [link["url"] for link in bundle["link"] if link["relation"] == "next"]:
        bundle = client.get(following[0]).json()
        found += _resources(bundle)
    return found


@pytest.fixture
def some_history(shadyside: Site) -> None:
    """Results, tissue and tasks of several patients, written at different hours."""
    start = timezone.now() - timedelta(days=2)
    for number, state in enumerate(({"cancer": True}, {"missed": True}, {"benign_to_tell": True}, {})):
        with time_machine.travel(start + timedelta(hours=3 * number)):
            RecallFactory.create(site=shadyside, **state)


@pytest.mark.parametrize("sort", ["_lastUpdated", "-_lastUpdated", "_id", "-_id"])
@pytest.mark.usefixtures("some_history")
def test_pages_of_a_sorted_search_repeat_and_leave_out_nothing(
    ris: FhirClient, sort: str, subtests: pytest.Subtests
) -> None:
    Notification.objects.update(accepted_at=timezone.now())
    for name in WITH_TIMES:
        with subtests.test(name):
            whole = _walk(ris, name, _count="100")
            found = _walk(ris, name, _count="3", _sort=sort)
            assert sorted(one["id"] for one in found) == sorted(one["id"] for one in whole)
            if "_lastUpdated" in sort:
                times = [one["meta"]["lastUpdated"] for one in found]
                assert times == sorted(times, reverse=sort.startswith("-"))
            else:
                ids = [one["id"] for one in whole]
                assert [one["id"] for one in found] == (ids[::-1] if sort.startswith("-") else ids)


def test_whoever_asks_since_when_gets_what_changed_in_that_order(ris: FhirClient, shadyside: Site) -> None:
    first, second, third = PatientFactory.create_batch(3, site=shadyside)
    a_day_later = timezone.now() + timedelta(days=1)
    with time_machine.travel(a_day_later):
        ris.defaults["HTTP_AUTHORIZATION"] = ris.renewed()
        set_contact_points(second, {ContactPoint.Kind.EMAIL: "new@example.org"}, by=get_site_staff(shadyside).manager)
        recall = RecallFactory.create(exam=ExamFactory.create(patient=first))
        since = f"ge{(a_day_later - timedelta(hours=1)).isoformat()}"
        assert [one["id"] for one in _walk(ris, "Patient", _lastUpdated=since, _count="1")] == [str(second.pk)]
        assert [one["id"] for one in _walk(ris, "ServiceRequest", _lastUpdated=since)] == [str(recall.pk)]
    with time_machine.travel(a_day_later + timedelta(days=1)):
        ris.defaults["HTTP_AUTHORIZATION"] = ris.renewed()
        actions.merge_patients(third, first, by=get_site_staff(shadyside).manager)
        found = [one["id"] for one in _walk(ris, "Patient", _lastUpdated=since)]
        assert found[0] == str(second.pk)
        assert str(third.pk) in found
        actions.void(recall, by=get_site_staff(shadyside).radiologist, note="Wrong patient")
        (request,) = _walk(ris, "ServiceRequest", _lastUpdated=f"ge{timezone.now().date()}")
        assert request["status"] == "entered-in-error"


@pytest.mark.parametrize(
    "query",
    ["Patient?_sort=family", "Patient?_sort=_lastUpdated,_id", "Organization?_sort=_lastUpdated", "Task?_sort=",
     "Patient?_summary=true", "Patient?_summary=text", "Patient?_revinclude=Task:owner", "Task?_revinclude=Task:focus",
     "Patient?_revinclude=*", "Patient?_count=-1", "Patient?_count=x", "Patient?_include:iterate=Patient:link"],
)  # fmt: skip
def test_another_order_or_summary_is_refused(ris: FhirClient, query: str) -> None:
    response = ris.get(f"/fhir/{query}")
    assert response.status_code == 400
    assert issue_of(response)["diagnostics"]


@pytest.mark.parametrize("question", [{"_summary": "count"}, {"_count": "0"}])
def test_the_number_of_matches_is_told_without_showing_one(
    ris: FhirClient, shadyside: Site, foothills: Site, question: dict[str, str]
) -> None:
    PatientFactory.create_batch(3, site=shadyside)
    PatientFactory.create(site=foothills)
    bundle = _search(ris, "Patient", **question)
    assert (bundle["total"], "entry" in bundle) == (3, False)
    assert not AccessLog.objects.exists()


def test_a_page_has_a_hundred_resources_at_most(ris: FhirClient, shadyside: Site) -> None:
    PatientFactory.create(site=shadyside)
    multiply_rows(Patient.objects.all(), 119, mrn="mrn || '-' || n")
    for asked, given in ((None, 50), ("7", 7), ("100", 100), ("5000", 100)):
        assert len(_resources(_search(ris, "Patient", **({"_count": asked} if asked else {})))) == given
    assert len(_walk(ris, "Patient", _count="5000")) == 120


def test_what_refers_to_a_recall_comes_along(ris: FhirClient, shadyside: Site, foothills: Site) -> None:
    recall = RecallFactory.create(site=shadyside, cancer=True)
    other = RecallFactory.create(site=shadyside, booked=True)
    wanted = ["Task:focus", "Appointment:based-on", "DiagnosticReport:based-on", "Procedure:based-on"]
    bundle = _search(ris, "ServiceRequest", _id=recall.pk, _revinclude=wanted)
    along = _resources(bundle, "include")
    assert {one["resourceType"] for one in along} == {"Task", "Appointment", "DiagnosticReport", "Procedure"}
    assert str(other.pk) not in {one.get("focus", {}).get("reference", "").rpartition("/")[2] for one in along}
    of_patient = _resources(
        _search(ris, "Patient", _id=recall.patient_id, _revinclude="Observation:patient"), "include"
    )
    assert {one["subject"]["reference"] for one in of_patient} == {f"Patient/{recall.patient_id}"}


def test_nothing_comes_along_that_the_client_may_not_read(
    fhir_client_for: Callable[..., FhirClient], shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True)
    client = fhir_client_for(shadyside, scopes=["system/ServiceRequest.read", "system/Appointment.read"])
    bundle = _search(client, "ServiceRequest", _id=recall.pk, _revinclude=["Task:focus", "Appointment:based-on"])
    assert [one["resourceType"] for one in _resources(bundle, "include")] == ["Appointment"]


def test_too_much_that_would_come_along_is_refused(
    ris: FhirClient, shadyside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "MAX_REFERRING", 1)
    RecallFactory.create_batch(2, site=shadyside)
    response = ris.get("/fhir/ServiceRequest", {"_revinclude": "Task:focus"})
    assert (response.status_code, issue_of(response)["code"]) == (400, "too-costly")


def test_a_page_of_what_changed_costs_the_same_number_of_queries_whatever_it_holds(
    ris: FhirClient, shadyside: Site
) -> None:
    now = timezone.now()

    def count(name: str) -> int:
        along = DEFINITIONS[name].reverse_includes
        with time_machine.travel(now, tick=False), CaptureQueriesContext(connection) as captured:
            ris.get(f"/fhir/{name}", {"_count": "100", "_sort": "-_lastUpdated", "_revinclude": along})
        return len(captured)

    def count_all() -> dict[str, int]:
        Notification.objects.update(accepted_at=now)
        return {name: count(name) for name in WITH_TIMES}

    RecallFactory.create(site=shadyside, cancer=True)
    count("Patient")  # the first request of a minute writes when the client was last used
    few = count_all()
    RecallFactory.create_batch(3, site=shadyside, cancer=True)
    assert count_all() == few


INDEX_BY_RESOURCE = {
    "Patient": {"patient_by_change"},
    "ServiceRequest": {"recall_by_change"},
    "Flag": {"recall_by_change"},
    "CarePlan": {"recall_by_change"},
    "Task": {"recall_by_change", "work_item_by_change"},
    "Appointment": {"recall_by_change"},
    "DiagnosticReport": {"exam_by_change", "outcome_by_time", "pathology_by_time"},
    "Observation": {"exam_by_change", "outcome_by_time"},
    "Procedure": {"biopsy_by_time"},
    "Communication": {"notification_by_acceptance"},
}


@pytest.fixture
def full_tables(shadyside: Site) -> None:
    """Many rows of each kind, each changed a minute before the one before it."""
    recall = RecallFactory.create(site=shadyside, cancer=True)
    open_work_item(recall, WorkItemKind.VERIFY_CONTACT, "The letter came back.")
    Notification.objects.update(accepted_at=timezone.now(), expires_at=None)
    copies = ROWS - 1

    def before(column: str) -> dict[str, str]:
        return {column: "now() - n * interval '1 minute'"}

    multiply_rows(Patient.objects.filter(pk=recall.patient_id), copies, mrn="mrn || '-' || n", **before("changed_at"))
    exams = ScreeningExam.objects.filter(pk=recall.exam_id)
    multiply_rows(exams, copies, ["patient_id"], accession="accession || '-' || n", **before("changed_at"))
    multiply_rows(Recall.objects.filter(pk=recall.pk), copies, ["patient_id", "exam_id"], **before("changed_at"))
    of_recall = ["recall_id"]
    multiply_rows(Appointment.objects.all()[:1], copies, of_recall)
    multiply_rows(Outcome.all_objects.all()[:1], copies, of_recall, **before("at"))
    multiply_rows(Biopsy.all_objects.all()[:1], copies, of_recall, **before("at"))
    multiply_rows(PathologyResult.objects.all()[:1], copies, of_recall, **before("at"))
    message = Notification.objects.all()[:1]
    own = before("accepted_at") | {"public_id": "gen_random_uuid()"}
    multiply_rows(message, copies, [*of_recall, "patient_id"], **own)
    multiply_rows(WorkItem.objects.all()[:1], copies, [*of_recall, "patient_id"], **before("opened_at"))
    analyze(
        Patient,
        ScreeningExam,
        Recall,
        Appointment,
        Outcome,
        Biopsy,
        PathologyResult,
        Notification,
        WorkItem,
        RecallEvent,
    )


@pytest.mark.skipif(connection.vendor != "postgresql", reason="other databases serve a trial only")
@pytest.mark.usefixtures("full_tables")
def test_an_index_serves_what_changed_since(ris: FhirClient, subtests: pytest.Subtests) -> None:
    since = f"ge{(timezone.now() - timedelta(days=1)).isoformat()}"
    for name, indexes in INDEX_BY_RESOURCE.items():
        for parameters in ({"_lastUpdated": since}, {"_sort": "_lastUpdated"}, {"_sort": "-_lastUpdated"}):
            with subtests.test(name, **parameters):
                plan = _explain_first_query(ris, name, parameters)
                assert {index for index in indexes if index in plan} == indexes, plan


def _explain_first_query(client: FhirClient, name: str, parameters: dict[str, str]) -> str:
    """How the database finds the keys of a second page."""
    following = next(link["url"] for link in _search(client, name, **parameters)["link"] if link["relation"] == "next")
    with CaptureQueriesContext(connection) as captured:
        assert client.get(following).status_code == 200
    keys = [query["sql"] for query in captured if '"fhir_updated"' in query["sql"] and "LIMIT" in query["sql"]]
    with connection.cursor() as cursor:
        lines = []
        for sql in keys:
            cursor.execute(f"EXPLAIN (ANALYZE) {sql}")
            lines += [str(row[-1]) for row in cursor.fetchall()]
    if os.environ.get("FHIR_ROWS"):
        print(name, parameters, *lines, sep="\n")
    return "\n".join(lines)

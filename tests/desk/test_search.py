"""Search finds patients by any detail at hand, and only at the user's sites."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic.models import Site, User
from patients.factories import PatientFactory
from patients.models import ContactPoint, Patient, SearchTerm
from recalls.models import Recall, ScreeningExam
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, page_text
from tests.support.analyze import analyze

pytestmark = pytest.mark.django_db


@pytest.fixture
def testa(shadyside: Site) -> Recall:
    patient = PatientFactory.create(
        site=shadyside,
        mrn="T-4711",
        given_name="Maria",
        preferred_name="Testa",
        family_name="Sample-Oak Rivera",
        birth_date=date(1968, 11, 24),
        mobile="412 555 0142",
    )
    RecallFactory.create(site=shadyside, patient__given_name="Other", patient__family_name="Example-Elm")
    recall: Recall = RecallFactory.create(patient=patient, exam__accession="ACC-9")
    return recall


def _found(browser: Client, asked: str) -> list[str]:
    answer = browser.post(reverse("search"), {"q": asked})
    assert answer.headers["Location"] == reverse("search")
    return [row.url for row in browser.get(reverse("search")).context["rows"]]


@pytest.mark.parametrize(
    "asked",
    [
        "sample-oak", "Sample-Oak, Maria", "maria sample", "Testa Sample-Oak", "testa", "Sample-Oak Riv",
        "1968-11-24", "11/24/1968", "t-4711", "acc-9", "412 555 0142", "(412) 555-0142", "+14125550142",
    ],
)  # fmt: skip
def test_a_patient_is_found_by(asked: str, client_for: ClientFor, scheduler_ana: User, testa: Recall) -> None:
    assert _found(client_for(scheduler_ana), asked) == [reverse("recall", args=[testa.pk])]


def test_what_was_typed_never_stands_in_an_address(client_for: ClientFor, scheduler_ana: User, testa: Recall) -> None:
    browser = client_for(scheduler_ana)
    answer = browser.post(reverse("search"), {"q": "sample-oak"})
    page = page_text(browser.get(answer.headers["Location"]))
    assert "oak" not in answer.headers["Location"]
    assert 'method="post" role="search"' in page


def test_a_patient_of_another_site_is_not_found(
    client_for: ClientFor, other_site_scheduler: User, testa: Recall
) -> None:
    browser = client_for(other_site_scheduler)
    assert _found(browser, "sample-oak") == []
    assert "No patient was found at your sites." in page_text(browser.get(reverse("search")))


def test_an_open_recall_stands_before_a_closed_one(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    opened = RecallFactory.create(site=shadyside, patient__family_name="Twice-Example")
    closed = RecallFactory.create(patient=opened.patient, closed_normal=True)
    assert _found(client_for(scheduler_ana), "twice") == [reverse("recall", args=[row.pk]) for row in (opened, closed)]
    page = page_text(client_for(scheduler_ana).get(reverse("search")))
    assert "Type any part of a name" in page


WAYS_TO_SEARCH = ("Sample-2917", "Testa Sample-2917", "b000017", "ab000017", "1970-01-18", "412 555 0142")


def test_each_way_to_search_asks_six_times_at_most_and_reads_no_whole_table(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, subtests: pytest.Subtests
) -> None:
    _many_patients(shadyside, 3_000)
    browser = client_for(scheduler_ana)
    for asked in WAYS_TO_SEARCH:
        with subtests.test(asked):
            browser.post(reverse("search"), {"q": asked})
            browser.get(reverse("search"))
            with CaptureQueriesContext(connection) as taken:
                browser.get(reverse("search"))
            searches = [query["sql"] for query in taken if "patients_" in query["sql"] or "accession" in query["sql"]]
            assert 1 <= len(searches) <= 6
            plan = [line for sql in searches for line in _explain(sql)]
            whole = ("SCAN patients_", "SCAN recalls_", "Seq Scan on patients_", "Seq Scan on recalls_")
            assert [line for line in plan if any(word in line for word in whole)] == []


def _explain(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}")
        return [str(line[-1]) for line in cursor.fetchall()]


def _many_patients(site: Site, count: int) -> None:
    """Written straight into the tables: only their number matters here."""
    now = timezone.now()
    patients = Patient.objects.bulk_create(
        Patient(
            site=site,
            assigning_authority="A",
            mrn=f"B{number:06d}",
            family_name=f"Sample-{number}",
            given_name=f"Testa-{number}",
            birth_date=date(1970, 1, 1) + timedelta(days=number),
        )
        for number in range(count)
    )
    ContactPoint.objects.bulk_create(
        ContactPoint(patient=patient, kind="mobile", value=f"+1412{patient.pk:07d}") for patient in patients
    )
    exams = ScreeningExam.objects.bulk_create(
        ScreeningExam(site=site, patient=each, accession=f"A{each.mrn}", exam_date=now.date(), assessment="0-AI")
        for each in patients
    )
    Recall.objects.bulk_create(
        Recall(site=site, patient=exam.patient, exam=exam, state="to_contact", due_at=now, clock_from=now)
        for exam in exams
    )
    analyze(Patient, ContactPoint, SearchTerm, ScreeningExam, Recall)

"""Holds that the board costs the same few queries at a hundred and at twenty thousand recalls."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic.models import Site, User
from patients.models import Patient
from recalls.enums import OPEN_STATES, Assessment, State
from recalls.models import Recall, ScreeningExam
from reports.weekly_figures import store_weekly_figures
from tests.support.analyze import analyze
from tests.support.many_rows import multiply_rows

MOST_QUERIES = 11
BOARD = "/board/"
LISTS = ("/admin/recalls/recall/", "/admin/patients/patient/", "/admin/recalls/recallevent/")

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seen_once")]


def _create_recalls(site: Site, first: int, last: int) -> None:
    """Rows written straight into the tables: this test is about their number, not about how they came to be."""
    now, states = timezone.now(), [state for state in OPEN_STATES if state != State.ON_HOLD]
    numbers = range(first, last)
    patients = Patient.objects.bulk_create(
        Patient(
            site=site, assigning_authority="SHADY", mrn=f"B{n}", family_name="Sample-Oak", given_name="Testa",
            birth_date="1970-01-01",
        )
        for n in numbers
    )  # fmt: skip
    exams = ScreeningExam.objects.bulk_create(
        ScreeningExam(
            site=site, patient=patient, accession=f"B{n}", exam_date=now.date(), assessment=Assessment.NEED_IMAGING
        )
        for n, patient in zip(numbers, patients, strict=True)
    )
    Recall.objects.bulk_create(
        Recall(
            site=site, patient=exam.patient, exam=exam, clock_from=now, version=1,
            state=(state := states[n % len(states)]),
            result_since=now if state == State.RESULT_TO_TELL else None,
            tell_by=now if state == State.RESULT_TO_TELL else None,
            due_at=now + timedelta(hours=n % 100 - 50), opened_at=now - timedelta(days=n % 90),
        )
        for n, exam in zip(numbers, exams, strict=True)
    )  # fmt: skip


def _count_queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_board_and_the_lists_cost_the_same_queries_at_a_hundred_and_at_twenty_thousand_recalls(
    client: Client, manager_mo: User, shadyside: Site, foothills: Site
) -> None:
    manager_mo.sites.add(foothills)
    client.force_login(manager_mo)
    _create_recalls(shadyside, 0, 100)
    store_weekly_figures()  # as the workers do every five minutes
    client.get(BOARD)  # the first request of a session also writes when the user was last seen
    cache.clear()
    few = {address: _count_queries(client, address) for address in (BOARD, *LISTS)}
    at_foothills = str(foothills.pk)
    multiply_rows(Patient.objects.all(), 199, mrn="mrn || '-' || n", site_id=at_foothills)
    exam_changes = {"accession": "accession || '-' || n", "site_id": at_foothills}
    multiply_rows(ScreeningExam.objects.all(), 199, moved=["patient_id"], **exam_changes)
    multiply_rows(Recall.objects.all(), 199, moved=["patient_id", "exam_id"], site_id=at_foothills)
    assert Recall.objects.count() == 20_000
    analyze(Patient, ScreeningExam, Recall)  # without statistics one list takes minutes
    cache.clear()
    many = {address: _count_queries(client, address) for address in (BOARD, *LISTS)}
    assert few == many
    assert max(many.values()) <= MOST_QUERIES


def test_the_board_stays_within_its_queries_also_while_the_workers_are_away(
    client: Client, manager_mo: User, shadyside: Site
) -> None:
    client.force_login(manager_mo)
    client.get(BOARD)
    cache.clear()
    assert _count_queries(client, BOARD) <= MOST_QUERIES


def test_a_list_counts_no_further_than_it_pages(client: Client, manager_mo: User, shadyside: Site) -> None:
    client.force_login(manager_mo)
    _create_recalls(shadyside, 0, 1200)
    with CaptureQueriesContext(connection) as captured:
        page = client.get("/admin/recalls/recall/")
    counts = [query["sql"] for query in captured if "COUNT(" in query["sql"]]
    assert counts
    assert all("LIMIT 1001" in sql for sql in counts)
    assert "The first 1000 are listed; search or filter to see others." in page.text

"""Holds that a query compiled once answers for the values of each request, and refuses what it cannot replace."""

from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic.factories import get_site_staff
from clinic.models import Site
from clinic.queries.prepared import PreparedQuery, ValueAltered
from clinic.queries.related_rows import prefetch_rows, query_related, read_related
from history.added_rows import collect_added_rows
from patients.actions import lock_patient_key
from recalls import actions
from recalls.actions import PathologyInput
from recalls.enums import PathologyClass
from recalls.lesion_stages import LesionStage, load_lesion_statuses
from recalls.models import Appointment, Recall
from recalls.testing.factories import RecallFactory

pytestmark = pytest.mark.django_db


def _due(*, numbers: list[int], before: datetime) -> "QuerySet[Recall]":
    rows = Recall.objects.filter(pk__in=numbers, due_at__lt=before).select_related("patient")
    return rows.prefetch_related("contact_attempts").order_by("pk")


def test_the_same_query_answers_for_other_values(shadyside: Site) -> None:
    query, now = PreparedQuery(_due), timezone.now()
    recalls = [RecallFactory.create(site=shadyside, called_once=True) for _ in range(4)]
    numbers = [recall.pk for recall in recalls]
    for number, recall in enumerate(recalls):
        Recall.objects.filter(pk=recall.pk).update(due_at=now + timedelta(hours=number))
    for wanted, hours in ((numbers[:2], 1), (numbers[2:], 9), (numbers[1:3], 2), (numbers, 3)):
        before = now + timedelta(hours=hours)
        with CaptureQueriesContext(connection) as taken:
            rows = list(query.rows(numbers=wanted, before=before))
            assert [row.patient.family_name for row in rows]
            assert [len(row.contact_attempts.all()) for row in rows] == [1] * len(rows)
        assert rows == list(_due(numbers=wanted, before=before))
        assert len(taken) == 2


def test_a_value_that_is_altered_on_its_way_is_refused(shadyside: Site) -> None:
    def altered(*, at: datetime) -> "QuerySet[Recall]":
        return Recall.objects.filter(due_at__lt=at - timedelta(hours=1))

    def of_the_first_request(*, at: datetime) -> "QuerySet[Recall]":
        return Recall.objects.filter(due_at__lt=at, opened_at__lt=timezone.now())

    for build in (altered, of_the_first_request):
        with pytest.raises(ValueAltered):
            PreparedQuery(build).rows(at=timezone.now())


def test_what_belongs_to_a_row_is_what_its_manager_gives(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, cancer=True)
    user = get_site_staff(shadyside).scheduler
    for owner in (recall, recall.patient, shadyside, user):
        names = [field.name for field in owner._meta.related_objects if field.one_to_many and field.related_name]
        for name in names + [field.name for field in owner._meta.many_to_many]:
            with CaptureQueriesContext(connection) as taken:
                rows = read_related(owner, name)
            assert (name, rows) == (name, list(getattr(owner, name).all()))
            assert (name, len(taken)) == (name, 1)
    with CaptureQueriesContext(connection) as taken:
        assert {visit.recall for visit in read_related(recall, "appointments")} == {recall}
    assert len(taken) == 1


def test_rows_filled_in_for_a_page_are_those_that_django_prefetches(shadyside: Site) -> None:
    booked = RecallFactory.create(site=shadyside, booked=True)
    recall, django = Recall.objects.get(pk=booked.pk), Recall.objects.get(pk=booked.pk)
    rooms = Prefetch("appointments", Appointment.objects.select_related("room"))
    prefetch_related_objects([django], "contact_attempts", "events", rooms)
    prefetch_rows(recall, "contact_attempts", "events", appointments=_VISITS)
    with CaptureQueriesContext(connection) as taken:
        for name in ("contact_attempts", "events", "appointments"):
            assert list(getattr(recall, name).all()) == list(getattr(django, name).all())
        (visit,) = recall.appointments.all()
        assert (visit.recall, visit.room) == (recall, None)
    assert len(taken) == 0
    assert recall.events.filter(pk__gt=0).count() == django.events.count()


def _visits(*, owner: int) -> "QuerySet[Appointment]":
    return Appointment.objects.filter(recall=owner).select_related("room")


_VISITS = PreparedQuery(_visits)


def test_what_was_prefetched_is_not_asked_again_unless_it_is_to_be(shadyside: Site) -> None:
    booked = RecallFactory.create(site=shadyside, booked=True)
    recall = Recall.objects.prefetch_related("appointments").get(pk=booked.pk)
    booked.appointments.update(length_minutes=45)
    with CaptureQueriesContext(connection) as taken:
        (known,) = read_related(recall, "appointments")
    (asked,) = query_related(recall, "appointments")
    assert (len(taken), known.length_minutes == 45, asked.length_minutes) == (0, False, 45)


@pytest.mark.django_db(transaction=True)
def test_a_query_that_locks_is_refused_outside_of_a_transaction(shadyside: Site) -> None:
    if not connection.features.has_select_for_update:
        pytest.skip("SQLite locks no rows")
    recall = RecallFactory.create(site=shadyside)
    with transaction.atomic():
        lock_patient_key(recall.patient_id)
    with pytest.raises(TransactionManagementError):
        lock_patient_key(recall.patient_id)


def test_a_step_reads_the_lesions_again_once_it_has_added_a_row(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, awaiting_pathology=True)
    radiologist = get_site_staff(shadyside).radiologist
    with collect_added_rows():
        before = load_lesion_statuses(recall)
        with CaptureQueriesContext(connection) as taken:
            assert load_lesion_statuses(recall) == before
        assert len(taken) == 0
        actions.record_pathology(recall, PathologyInput(PathologyClass.BENIGN), by=radiologist)
    assert [status.stage for status in load_lesion_statuses(recall)] == [LesionStage.TO_SIGN]

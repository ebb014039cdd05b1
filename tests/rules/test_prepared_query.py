"""Holds that a query compiled once answers for the values of each request, and refuses what it cannot replace."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic.models import Site
from clinic.queries.prepared import PreparedQuery, ValueAltered
from recalls.models import Recall
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

"""Holds that kept numbers are exact to the instant, follow every change, and that a recount finds and mends a fault."""

from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from clinic.factories import SiteFactory
from clinic.models import Heartbeat, Site
from desk.union_counts import CountQuery, fetch_counts
from patients.models import Consent, ContactPoint
from recalls import tasks
from recalls.kept_facts import triggers, upkeep
from recalls.models import CountLine, Recall, RecallFacts
from recalls.selectors import kept_counts
from recalls.testing.factories import RecallFactory

pytestmark = pytest.mark.django_db


def _total(parts: list[CountQuery]) -> int:
    return sum(row.count for row in fetch_counts(parts))


def _set(recall: Recall, **columns: datetime) -> None:
    Recall.objects.filter(pk=recall.pk).update(**columns)


@pytest.mark.parametrize("minutes", [-61, -60, -59, -31, -1, 0, 1, 29, 60])
def test_a_number_is_exact_to_the_instant_within_its_hour(shadyside: Site, minutes: int) -> None:
    now = timezone.now()
    for offset in (-90, -60, -30, -1, 0, 1, 30, 60):
        recall = RecallFactory.create(site=shadyside)
        at = now + timedelta(minutes=offset)
        _set(recall, due_at=at, target_at=at + timedelta(minutes=offset), opened_at=at - timedelta(days=8))
    bound = now + timedelta(minutes=minutes)
    bounds = {shadyside.pk: bound}
    late = Q(due_at__lt=bound) | Q(target_at__lt=bound)
    for name, condition in (("due", Q(due_at__lt=bound)), ("target", Q(target_at__lt=bound)), ("late", late)):
        assert _total(kept_counts.before("n", name, bounds)) == Recall.objects.filter(condition).count(), name
    band = bound - timedelta(days=8)
    rows = fetch_counts(kept_counts.by_age("n", [shadyside.pk], [band]))
    young = sum(row.count for row in rows if row.number_1 == 0)
    assert young == Recall.objects.filter(opened_at__gt=band).count()
    assert sum(row.count for row in rows) == Recall.objects.count()


def test_what_changes_about_the_patient_changes_the_numbers_with_it(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    patient, facts = recall.patient, RecallFacts.objects.filter(pk=recall.pk)
    ContactPoint.objects.filter(patient=patient).update(unusable="wrong")
    assert facts.get().no_phone
    ContactPoint.objects.create(patient=patient, kind="other", value="+14125550199")
    assert not facts.get().no_phone
    Consent.objects.create(patient=patient, subject="email", granted=False)
    assert facts.get().opted_out
    type(patient).objects.filter(pk=patient.pk).update(interpreter_needed=True, do_not_call=True)
    assert facts.get().interpreter
    assert facts.get().no_phone
    assert not upkeep.check_and_mend()


def test_summing_up_changes_no_number(shadyside: Site) -> None:
    for _ in range(3):
        RecallFactory.create(site=shadyside, booked=True)
    now = {shadyside.pk: timezone.now() + timedelta(days=400)}
    before = _total(kept_counts.before("n", "due", now))
    assert tasks.sum_count_lines() > 0
    assert _total(kept_counts.before("n", "due", now)) == before == 3
    assert not CountLine.objects.filter(is_sum=False).exists()
    assert not CountLine.objects.filter(count=0).exists()
    assert tasks.sum_count_lines() == 0
    assert not upkeep.check_and_mend()


def test_the_nightly_recount_reports_and_mends_what_differs(shadyside: Site, caplog: pytest.LogCaptureFixture) -> None:
    recall = RecallFactory.create(site=shadyside)
    triggers.remove(connection)
    ContactPoint.objects.filter(patient=recall.patient).update(unusable="wrong")
    CountLine.objects.create(site=SiteFactory.create(), name="due", key="to_contact", bucket=1, count=5)
    triggers.install(connection)
    found = tasks.recount()
    assert found["facts"] == 1
    assert found["numbers"] == 1
    assert "differed from a recount" in caplog.text
    assert Heartbeat.objects.get(pk=upkeep.RECOUNT_NAME).started_at is not None
    assert tasks.recount() == {"facts": 0, "numbers": 0}
    assert Heartbeat.objects.get(pk=upkeep.RECOUNT_NAME).started_at is None
    call_command("check_counts")


def test_a_recall_that_is_gone_counts_no_more(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    RecallFacts.objects.filter(pk=recall.pk).delete()
    assert _total([kept_counts.open_by_kind("n", [shadyside.pk])]) == 0


def test_the_triggers_are_put_up_once(shadyside: Site) -> None:
    triggers.install(connection)
    RecallFactory.create(site=shadyside)
    assert not upkeep.check_and_mend()

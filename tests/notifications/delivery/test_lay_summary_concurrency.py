"""Tests that two processes at once make one summary, print one letter and send one email."""

import pytest

from clinic.models import Site, User
from notifications.delivery import lay_summary_batches, lay_summary_outbox
from notifications.models import LaySummary
from notifications.planning.lay_summaries.planner import plan_summaries
from patients.factories import PatientFactory
from recalls.testing.factories import ExamFactory
from tests.notifications.clock import Clock
from tests.notifications.lay_summaries import read_exam
from tests.support.concurrency import run_concurrently

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(clock: Clock, shadyside: Site) -> Site:
    shadyside.sends_lay_summaries = True
    shadyside.save()
    return shadyside


def test_two_walks_over_the_same_exam_owe_one_summary(site: Site) -> None:
    exams = [ExamFactory.create(patient=PatientFactory.create(site=site), negative=True).pk for _ in range(5)]
    run_concurrently(*(lambda: plan_summaries(exams) for _ in range(3)))
    assert sorted(LaySummary.objects.values_list("exam", flat=True)) == exams


def test_two_people_who_print_at_once_get_no_letter_twice(site: Site, scheduler_ana: User, scheduler_bea: User) -> None:
    for _ in range(4):
        read_exam(site)
    made = run_concurrently(
        lambda: lay_summary_batches.make_batch(scheduler_ana, site),
        lambda: lay_summary_batches.make_batch(scheduler_bea, site),
    )
    assert sorted(len(one.summaries) for one in made) == [0, 4]


def test_two_workers_send_an_email_once(site: Site) -> None:
    for _ in range(3):
        read_exam(site, patient={"detailed_email": True})
    taken = run_concurrently(*(lambda: [claim.row.pk for claim in lay_summary_outbox.iter_claims()] for _ in range(2)))
    claimed = [pk for found in taken for pk in found]
    assert sorted(set(claimed)) == sorted(claimed)
    claimed += [claim.row.pk for claim in lay_summary_outbox.iter_claims()]  # skipped while another process held it
    assert sorted(claimed) == sorted(LaySummary.objects.values_list("pk", flat=True))

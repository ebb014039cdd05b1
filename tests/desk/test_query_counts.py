"""A page takes the same number of queries, however many recalls there are."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic.models import Site, User
from patients.factories import PatientFactory
from recalls.enums import Assessment, State
from recalls.models import Recall, ScreeningExam
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor
from tests.support.many_rows import multiply_rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seen_once")]

# Session, user with roles, sites and deadlines, recall, its nine lists, what its results left, two of its site, access
# log, the patient's other recalls, messages: ADR 0011.
PAGE_QUERIES = 18
# The worklist asks for preliminary readings whose final report is missing too. One of each is the access log's.
LIST_BUDGET = 10
QUEUE_BUDGET = 9


def _queries(browser: Client, url: str) -> int:
    browser.get(url)  # the first request of a session also writes when it was last seen
    return _queries_of_one(browser, url)


def _queries_of_one(browser: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as taken:
        assert browser.get(url).status_code == 200
    return len(taken)


def _bulk_create_recalls(site: Site, count: int) -> None:
    """Recalls written straight into the tables, valid in every constraint: only their number matters here."""
    start, now = Recall.objects.count(), timezone.now()
    patient = PatientFactory.create(site=site)
    exams = ScreeningExam.objects.bulk_create(
        ScreeningExam(
            site=site,
            patient=patient,
            accession=f"B{start + number}",
            exam_date=now.date(),
            assessment=Assessment.NEED_IMAGING,
        )
        for number in range(count)
    )
    states = [state for state in State if state not in (State.CLOSED, State.ON_HOLD)]
    Recall.objects.bulk_create(
        Recall(
            site=site,
            patient=patient,
            exam=exam,
            state=(state := states[number % len(states)]),
            due_at=now + timedelta(minutes=number - count // 2),
            target_at=now + timedelta(days=7),
            result_since=now if state == State.RESULT_TO_TELL else None,
            tell_by=now if state == State.RESULT_TO_TELL else None,
            contact_since=now,
            clock_from=now,
            version=1,
        )
        for number, exam in enumerate(exams)
    )


def test_the_queue_asks_at_most_nine_questions_at_a_hundred_and_at_twenty_thousand_recalls(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, foothills: Site
) -> None:
    scheduler_ana.sites.add(foothills)
    browser = client_for(scheduler_ana)
    _bulk_create_recalls(shadyside, 60)
    _bulk_create_recalls(foothills, 40)
    urls = [reverse("queue_state", args=[state]) for state in (State.TO_CONTACT, State.SCHEDULED)]
    urls.append(f"{reverse('queue')}?why=no-phone&mine=1&language=en")
    few = [_queries(browser, url) for url in urls]
    multiply_rows(ScreeningExam.objects.all(), 199, accession="accession || '-' || n")
    multiply_rows(Recall.objects.all(), 199, moved=["exam_id"])
    assert Recall.objects.count() == 20_000
    many = []
    for url in urls:
        browser.get(url)
        cache.clear()  # the numbers of a large clinic are kept for seconds: the dearest page is the one that counts
        many.append(_queries_of_one(browser, url))
    assert many == few
    assert max(few) <= QUEUE_BUDGET


@pytest.mark.parametrize(
    "story", ["to_contact", "three_attempts", "biopsy_missed", "closed_benign", "cancer_to_tell", "cancer", "high_risk"]
)
def test_a_recalls_page_asks_the_same_number_of_questions_whatever_happened_to_it(
    story: str, client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, **{story: True})
    # Where the patient is to be called, one call may be logged for their other recalls too.
    calls = int(recall.state in (State.TO_CONTACT, State.BIOPSY_TO_BOOK))
    assert _queries(client_for(scheduler_ana), reverse("recall", args=[recall.pk])) == PAGE_QUERIES + calls


def _worklist(site: Site) -> None:
    for story in ("attended", "priors_received", "awaiting_concordance", "ladder_complete", "benign_to_tell"):
        RecallFactory.create(site=site, **{story: True})


def _work_items(site: Site) -> None:
    RecallFactory.create(site=site, wrong_number=True)


def _transferred(site: Site) -> None:
    RecallFactory.create(site=site, transferred=True)


@pytest.mark.parametrize(
    ("name", "fill"),
    [
        ("worklist", _worklist),
        ("work_items", _work_items),
        ("search", RecallFactory.create),
        ("report_requests", _transferred),
    ],
)
def test_a_list_asks_the_same_number_of_questions_for_one_row_and_for_several(
    name: str, fill: Callable[..., object], client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    browser, url = client_for(radiologist_rao), reverse(name)
    browser.post(reverse("search"), {"q": "Sample"})
    fill(site=shadyside)
    once = _queries(browser, url)
    fill(site=shadyside)
    fill(site=shadyside)
    assert _queries(browser, url) == once
    assert once <= LIST_BUDGET

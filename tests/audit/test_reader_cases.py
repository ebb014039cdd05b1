"""Closed recalls come back to those who read them; what a reader writes of a missed cancer stays between two people."""

import csv
import json
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from time_machine import TimeMachineFixture

from clinic.factories import UserFactory
from clinic.models import Site, User
from clinic.roles import Role
from recalls.enums import Assessment
from recalls.models import CancerDiagnosis, Outcome, Recall, ScreeningExam
from recalls.testing.factories import RecallFactory
from reports.audit.feedback.reviews import find_missed_readings, write_review
from reports.models import AuditPhysician, CaseRating, CaseReview
from tests.audit.histories import RECORDED, History, Reading, write_histories

DAY = date(2026, 3, 3)
SECRET = "The distortion was there in the oblique view."
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_november(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2026-11-24T22:00:00Z", tick=False)


@pytest.fixture
def rao(client: Client, radiologist_rao: User) -> Client:
    client.force_login(radiologist_rao)
    return client


def _case(site: Site, reader: User, story: str) -> Recall:
    return RecallFactory.create(site=site, exam__reader=reader, **{story: True})


def _cases(client: Client, **asked: str) -> list[int]:
    answer: Any = client.get("/audit/cases/", asked)
    return [card["recall"].pk for card in answer.context["cards"]]


def _missed(site: Site, reader: User) -> ScreeningExam:
    """Read as negative in March, cancer known from a registry in June."""
    (exam,) = write_histories(site, [History(DAY, Assessment.NEGATIVE, reader=reader, known_later=((95, "invasive"),))])
    return exam


def test_a_closed_recall_comes_back_to_its_reader_with_how_it_ended(
    rao: Client, radiologist_rao: User, shadyside: Site
) -> None:
    cancer = _case(shadyside, radiologist_rao, "cancer")
    _case(shadyside, radiologist_rao, "to_contact")
    _case(shadyside, radiologist_rao, "lost")
    page: Any = rao.get("/audit/cases/")
    (card,) = page.context["cards"]
    assert card["recall"] == cancer
    assert (card["row"].pathology, card["row"].concordance) == ("Malignant, invasive", "Malignant")


def test_it_also_comes_back_to_who_read_the_work_up(client: Client, radiologist_rao: User, shadyside: Site) -> None:
    recall = _case(shadyside, UserFactory.create(role=Role.RADIOLOGIST, sites=[shadyside]), "closed_normal")
    reader = Outcome.objects.get(recall=recall).user
    assert reader is not None
    client.force_login(reader)
    assert _cases(client) == [recall.pk]


def test_one_click_says_whether_a_case_was_useful_and_it_may_be_said_anew(
    rao: Client, radiologist_rao: User, shadyside: Site
) -> None:
    recall = _case(shadyside, radiologist_rao, "closed_normal")
    rao.post(f"/audit/cases/{recall.pk}/rate/", {"useful": "yes"})
    assert _cases(rao) == []
    assert _cases(rao, show="all") == [recall.pk]
    rao.post(f"/audit/cases/{recall.pk}/rate/", {"useful": "no"})
    page: Any = rao.get("/audit/cases/?show=all")
    assert page.context["cards"][0]["recall"].rating is False
    assert CaseRating.objects.count() == 2
    assert rao.post(f"/audit/cases/{recall.pk}/rate/", {"useful": "perhaps"}).status_code == 404


def test_false_positives_are_shown_by_choice(rao: Client, radiologist_rao: User, shadyside: Site) -> None:
    cancer, normal = (_case(shadyside, radiologist_rao, story) for story in ("cancer", "closed_normal"))
    assert _cases(rao, show="false-positive") == [normal.pk]
    assert _cases(rao, show="cancer") == [cancer.pk]
    assert rao.get("/audit/cases/?show=everything").status_code == 404


def test_nobody_rates_or_sees_the_cases_of_another_reader(
    rao: Client, shadyside: Site, manager_mo: User, scheduler_ana: User
) -> None:
    other = UserFactory.create(role=Role.RADIOLOGIST, sites=[shadyside])
    exam = write_histories(shadyside, [History(DAY, Assessment.NEED_IMAGING, reader=other, closed_because="benign")])[0]
    recall = Recall.objects.get(exam=exam)
    assert _cases(rao) == []
    assert rao.post(f"/audit/cases/{recall.pk}/rate/", {"useful": "yes"}).status_code == 404
    for user in (manager_mo, scheduler_ana):
        rao.force_login(user)
        assert rao.get("/audit/cases/").status_code == 403
        assert rao.get("/audit/trend/").status_code == 403


def test_a_cancer_after_a_negative_screening_is_owed_a_review(
    rao: Client, radiologist_rao: User, shadyside: Site
) -> None:
    exam = _missed(shadyside, radiologist_rao)
    address = f"/audit/cases/review/{exam.pk}/false_negative/"
    page: Any = rao.get("/audit/cases/")
    assert [row.exam for row in page.context["reviews_owed"]] == [exam]
    assert rao.post(address, {"note": "  "}).status_code == 422
    assert rao.post(address, {"note": SECRET}).status_code == 302
    page = rao.get("/audit/cases/")
    assert page.context["reviews_owed"] == []
    assert SECRET in page.content.decode()
    assert rao.post(address, {"note": "Again."}).status_code == 422
    assert CaseReview.objects.get().note == SECRET


def test_a_cancer_after_a_work_up_read_as_benign_is_owed_a_review_by_who_read_it(
    rao: Client, radiologist_rao: User, shadyside: Site
) -> None:
    readings = (Reading(Assessment.PROBABLY_BENIGN, days=10),)
    histories = [History(DAY, Assessment.NEED_IMAGING, readings=readings, known_later=((200, "in_situ"),))]
    write_histories(shadyside, histories, radiologist_rao)
    page: Any = rao.get("/audit/cases/")
    (row,) = page.context["reviews_owed"]
    assert (row.reading.kind, row.reading.day, row.reading.cancer_on) == (
        "missed_upgrade", date(2026, 3, 13), date(2026, 9, 19),
    )  # fmt: skip


def test_a_cancer_that_was_seen_or_came_later_than_a_year_is_owed_none(shadyside: Site, radiologist_rao: User) -> None:
    write_histories(
        shadyside,
        [
            History(DAY, Assessment.NEED_IMAGING, reader=radiologist_rao, known_later=((20, "invasive"),)),
            History(date(2025, 3, 3), Assessment.NEGATIVE, reader=radiologist_rao, known_later=((366, "invasive"),)),
        ],
    )
    assert find_missed_readings([shadyside], date(2026, 11, 24)) == []


def test_the_note_is_read_by_the_reader_and_the_audit_physician_alone(
    rao: Client, radiologist_rao: User, manager_mo: User, shadyside: Site
) -> None:
    exam = _missed(shadyside, radiologist_rao)
    rao.post(f"/audit/cases/review/{exam.pk}/false_negative/", {"note": SECRET})
    physician, colleague = (UserFactory.create(role=Role.RADIOLOGIST, sites=[shadyside]) for _one in range(2))
    AuditPhysician.objects.create(site=shadyside, user=physician, named_by=manager_mo)
    rao.force_login(colleague)
    page: Any = rao.get("/audit/cases/")
    assert SECRET not in page.content.decode()
    assert page.context["reviews_of_others"] == []
    rao.force_login(physician)
    page = rao.get("/audit/cases/")
    assert SECRET in page.content.decode()
    assert [row.reader for row in page.context["reviews_of_others"]] == [radiologist_rao.get_full_name()]
    (reading,) = find_missed_readings([shadyside], date(2026, 11, 24))
    with pytest.raises(PermissionDenied):
        write_review(reading, "Not mine.", by=physician)
    assert rao.post(f"/audit/cases/review/{exam.pk}/false_negative/", {"note": "Not mine."}).status_code == 404


def test_a_review_and_a_rating_are_never_changed(radiologist_rao: User, shadyside: Site) -> None:
    exam = _missed(shadyside, radiologist_rao)
    review = CaseReview.objects.create(exam=exam, kind="false_negative", note=SECRET, user=radiologist_rao, by="Rao")
    with pytest.raises(IntegrityError), transaction.atomic():
        CaseReview.objects.filter(pk=review.pk).update(note="Nothing to see.")


def test_the_own_trend_stands_beside_the_others_together(rao: Client, radiologist_rao: User, shadyside: Site) -> None:
    other, third = (UserFactory.create(role=Role.RADIOLOGIST, sites=[shadyside], last_name="Kim") for _one in range(2))
    for reader, called in ((radiologist_rao, 1), (other, 2), (third, 3)):
        some = [History(DAY, Assessment.NEGATIVE, reader=reader) for _one in range(10 - called)]
        write_histories(shadyside, [*some, *[History(DAY, Assessment.NEED_IMAGING, reader=reader)] * called])
    page: Any = rao.get("/audit/trend/")
    document = page.context["document"]
    air = next(one for one in document["measures"] if one["definition"]["name"] == "air")
    assert [row["year"] for row in air["rows"]] == [2024, 2025, 2026]
    own, others = air["rows"][-1]["own"], air["rows"][-1]["others"]
    assert ((own["numerator"], own["denominator"]), (others["numerator"], others["denominator"])) == ((1, 10), (5, 20))
    assert air["rows"][0]["own"] is None
    assert "Kim" not in page.content.decode()
    file: Any = rao.get("/audit/trend/figures/json/")
    assert json.loads(file.content) == document
    file = rao.get("/audit/trend/figures/csv/")
    rows = list(csv.DictReader(StringIO(b"".join(file).decode("utf-8-sig"))))
    assert [row["numerator"] for row in rows if row["measure"] == "air"] == ["", "", "", "", "1", "5"]


def test_the_page_costs_the_same_however_many_cases_there_are(
    rao: Client, radiologist_rao: User, shadyside: Site
) -> None:
    def ask() -> int:
        with CaptureQueriesContext(connection) as queries:
            rao.get("/audit/cases/?show=all")
        return len(queries)

    _case(shadyside, radiologist_rao, "cancer")
    _missed(shadyside, radiologist_rao)
    rao.get("/audit/cases/")
    few = ask()
    _case(shadyside, radiologist_rao, "cancer")
    _missed(shadyside, radiologist_rao)
    CancerDiagnosis.objects.create(
        site=shadyside, patient=_missed(shadyside, radiologist_rao).patient, diagnosed_on=DAY, result="in_situ",
        **RECORDED,
    )  # fmt: skip
    assert ask() == few

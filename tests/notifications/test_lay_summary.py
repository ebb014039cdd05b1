"""Does each patient of a site that asks for it get her lay summary, whole, in time and by a safe way?

Domain fact: 21 CFR 900.12(c)(2): within 30 days of the exam, within 7 for a suspicious or highly suggestive result.
"""

from datetime import timedelta

import pytest
from django.core import mail

from clinic.models import Site
from notifications import texts
from notifications.compare import continue_today
from notifications.kinds import Channel, Kind, NotificationState, Reason
from notifications.models import Notification
from notifications.render import render
from notifications.situation import situation_of
from patients.factories import PatientFactory
from recalls.factories import RecallFactory
from recalls.models import Recall, ScreeningExam
from recalls.states import Assessment, Density, WorkItemKind
from tests.notifications.timeline import Clock, row_of
from tests.words.test_locked import SUMS

pytestmark = pytest.mark.django_db
S = NotificationState


@pytest.fixture
def writes_here(clock: Clock, shadyside: Site) -> Site:
    shadyside.sends_lay_summaries = True
    shadyside.save()
    return shadyside


def opened(site: Site, *, detailed: bool = False, **exam: object) -> Recall:
    patient = PatientFactory.create(site=site, detailed_email=detailed)
    return RecallFactory.create(patient=patient, **{f"exam__{name}": value for name, value in exam.items()})


def summary_of(recall: Recall) -> Notification:
    return row_of(recall, Kind.LAY_SUMMARY)


def words(recall: Recall) -> str:
    return " ".join(render(summary_of(recall), situation_of(recall), detailed=True).text.split())


def test_a_site_whose_other_system_sends_them_plans_none(clock: Clock, shadyside: Site) -> None:
    recall = opened(shadyside, detailed=True)
    assert not Notification.objects.filter(recall=recall, kind=Kind.LAY_SUMMARY).exists()


def test_it_goes_on_paper_unless_she_agreed_to_detail_in_email(writes_here: Site, clock: Clock) -> None:
    paper, email = opened(writes_here), opened(writes_here, detailed=True)
    clock.run("2026-11-11")
    row = summary_of(paper)
    assert (row.state, row.channel) == (S.TO_PRINT, Channel.LETTER)
    assert paper.work_items.get().kind == WorkItemKind.PRINT_LETTER
    assert summary_of(email).state == S.ACCEPTED
    assert [sent.to for sent in mail.outbox if "mammogram" in sent.body and "density" in sent.body] == [
        [email.patient.contact_points.get(kind="email").value]
    ]


def test_it_names_her_the_place_the_day_the_result_and_what_to_do(writes_here: Site) -> None:
    recall = opened(writes_here)
    said = words(recall)
    for part in (
        recall.patient.full_name,
        writes_here.sender_name,
        writes_here.address_line,
        "(412) 555-0100",
        f"{recall.exam.exam_date:%B} {recall.exam.exam_date.day}, {recall.exam.exam_date.year}",
        "We need more pictures before we can give you a result.",
        "Please call us to choose a day for the next visit.",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("density", "name"),
    [(Density.A, "not_dense"), (Density.B, "not_dense"), (Density.C, "dense"), (Density.D, "dense")],
)
def test_the_federal_words_stand_letter_for_letter_by_her_density(
    density: Density, name: str, writes_here: Site
) -> None:
    said = words(opened(writes_here, density=density))
    assert {f"density_{name}"} <= SUMS.keys()
    other = {"dense": "not_dense", "not_dense": "dense"}[name]
    assert texts.locked(f"density_{name}") in said
    assert texts.locked(f"density_{other}") not in said


@pytest.mark.parametrize("assessment", [one for one in Assessment if one.value[0] in "345"])
def test_every_result_that_recalls_has_its_words(assessment: Assessment, writes_here: Site) -> None:
    assert "biopsy" in words(opened(writes_here, assessment=assessment)) or assessment == Assessment.PROBABLY_BENIGN


def test_a_missing_fact_stops_it_and_asks_a_person_until_it_is_entered(writes_here: Site, clock: Clock) -> None:
    recall = opened(writes_here, detailed=True, density="")
    clock.run("2026-11-12")
    assert (summary_of(recall).state, summary_of(recall).reason) == (S.SUPPRESSED, Reason.FACT_MISSING)
    item = recall.work_items.get()
    assert item.kind == WorkItemKind.TELL_OTHERWISE
    assert "the breast density" in item.reason
    ScreeningExam.objects.filter(pk=recall.exam_id).update(density=Density.C)
    clock.jump("2026-11-13")
    continue_today(5)
    clock.run("2026-11-14")
    assert summary_of(recall).state == S.ACCEPTED


def test_a_suspicious_result_waits_for_a_talk_and_still_comes_within_seven_days(writes_here: Site) -> None:
    soon, later = opened(writes_here), opened(writes_here, assessment=Assessment.SUSPICIOUS_B)
    assert summary_of(soon).due_at - soon.opened_at < timedelta(days=1)
    assert timedelta(days=2) < summary_of(later).due_at - later.opened_at < timedelta(days=7)

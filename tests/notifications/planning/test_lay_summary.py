"""Tests that each patient of a site that wants it gets a complete lay summary in time by a safe channel.

Domain fact: 21 CFR 900.12(c)(2): within 30 days of the exam, within 7 for a suspicious or highly suggestive result.
"""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from clinic.actors import INTAKE
from clinic.models import Site
from notifications.content import loader
from notifications.enums import Channel, NotificationKind, NotificationState, StatusReason
from notifications.models import Notification
from notifications.planning.daily_reconcile import continue_daily_reconcile
from notifications.planning.snapshot import load_snapshot
from notifications.rendering.markdown import render_email
from patients.factories import PatientFactory
from recalls import actions
from recalls.enums import Assessment, Density, WorkItemKind
from recalls.models import Recall, ScreeningExam
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, latest_notification
from tests.words.test_federal_texts import SUMS

pytestmark = pytest.mark.django_db


@pytest.fixture
def site_with_lay_summaries(clock: Clock, shadyside: Site) -> Site:
    shadyside.sends_lay_summaries = True
    shadyside.save()
    return shadyside


def open_recall(site: Site, *, detailed: bool = False, **exam: object) -> Recall:
    patient = PatientFactory.create(site=site, detailed_email=detailed)
    return RecallFactory.create(patient=patient, **{f"exam__{name}": value for name, value in exam.items()})


def summary_of(recall: Recall) -> Notification:
    return latest_notification(recall, NotificationKind.LAY_SUMMARY)


def letter_text(recall: Recall) -> str:
    return " ".join(render_email(summary_of(recall), load_snapshot(recall), detailed=True).text.split())


def test_a_site_whose_other_system_sends_them_plans_none(clock: Clock, shadyside: Site) -> None:
    recall = open_recall(shadyside, detailed=True)
    assert not Notification.objects.filter(recall=recall, kind=NotificationKind.LAY_SUMMARY).exists()


def test_it_goes_on_paper_unless_the_patient_agreed_to_detail_in_email(
    site_with_lay_summaries: Site, clock: Clock
) -> None:
    paper, email = open_recall(site_with_lay_summaries), open_recall(site_with_lay_summaries, detailed=True)
    clock.run_until("2026-11-11")
    row = summary_of(paper)
    assert (row.state, row.channel) == (NotificationState.TO_PRINT, Channel.LETTER)
    assert paper.work_items.get().kind == WorkItemKind.PRINT_LETTER
    assert summary_of(email).state == NotificationState.ACCEPTED
    assert [sent.to for sent in mail.outbox if "mammogram" in sent.body and "density" in sent.body] == [
        [email.patient.contact_points.get(kind="email").value]
    ]


def test_it_names_the_patient_the_place_the_day_the_result_and_what_to_do(site_with_lay_summaries: Site) -> None:
    recall = open_recall(site_with_lay_summaries)
    said = letter_text(recall)
    for part in (
        recall.patient.full_name,
        site_with_lay_summaries.sender_name,
        site_with_lay_summaries.address_line,
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
def test_the_federal_words_stand_letter_for_letter_by_breast_density(
    density: Density, name: str, site_with_lay_summaries: Site
) -> None:
    said = letter_text(open_recall(site_with_lay_summaries, density=density))
    assert {f"density_{name}"} <= SUMS.keys()
    other = {"dense": "not_dense", "not_dense": "dense"}[name]
    assert loader.get_locked_text(f"density_{name}") in said
    assert loader.get_locked_text(f"density_{other}") not in said


@pytest.mark.parametrize("assessment", [one for one in Assessment if one.value[0] in "345"])
def test_every_result_that_recalls_has_its_words(assessment: Assessment, site_with_lay_summaries: Site) -> None:
    assert (
        "biopsy" in letter_text(open_recall(site_with_lay_summaries, assessment=assessment))
        or assessment == Assessment.PROBABLY_BENIGN
    )


def test_a_missing_fact_stops_it_and_asks_a_person_until_it_is_entered(
    site_with_lay_summaries: Site, clock: Clock
) -> None:
    recall = open_recall(site_with_lay_summaries, detailed=True, density="")
    clock.run_until("2026-11-12")
    assert (summary_of(recall).state, summary_of(recall).reason) == (
        NotificationState.SUPPRESSED,
        StatusReason.REQUIRED_FACT_MISSING,
    )
    item = recall.work_items.get()
    assert item.kind == WorkItemKind.UNDELIVERABLE_MESSAGE
    assert "the breast density" in item.reason
    ScreeningExam.objects.filter(pk=recall.exam_id).update(density=Density.C)
    clock.move_to("2026-11-13")
    continue_daily_reconcile(5)
    clock.run_until("2026-11-14")
    assert summary_of(recall).state == NotificationState.ACCEPTED


def test_a_suspicious_result_waits_for_a_talk_and_still_comes_within_seven_days(site_with_lay_summaries: Site) -> None:
    soon, later = (
        open_recall(site_with_lay_summaries),
        open_recall(site_with_lay_summaries, assessment=Assessment.SUSPICIOUS_B),
    )
    assert summary_of(soon).due_at - soon.opened_at < timedelta(days=1)
    assert timedelta(days=2) < summary_of(later).due_at - later.opened_at < timedelta(days=7)


def test_a_corrected_result_has_a_summary_of_its_own(site_with_lay_summaries: Site, clock: Clock) -> None:
    recall = open_recall(site_with_lay_summaries, detailed=True)
    clock.run_until("2026-11-11")
    first = summary_of(recall)
    assert first.state == NotificationState.ACCEPTED
    actions.correct_exam(recall.exam, {"assessment": Assessment.HIGHLY_SUGGESTIVE}, None, by=INTAKE)
    second = summary_of(recall)
    assert (second.pk != first.pk, second.state) == (True, NotificationState.PLANNED)
    assert (second.due_at - timezone.now()).days < 7, "within 7 days for a 5"
    clock.run_until("2026-11-20")
    assert summary_of(recall).state == NotificationState.ACCEPTED
    first_text, second_text = (" ".join(sent.body.split()) for sent in mail.outbox if "density" in sent.body)
    assert "looks like cancer" not in first_text
    assert "looks like cancer" in second_text


def test_a_summary_that_had_not_left_when_the_result_was_corrected_leaves_once(
    site_with_lay_summaries: Site, clock: Clock
) -> None:
    recall = open_recall(site_with_lay_summaries, detailed=True, assessment=Assessment.SUSPICIOUS_B)
    actions.correct_exam(recall.exam, {"assessment": Assessment.HIGHLY_SUGGESTIVE}, None, by=INTAKE)
    clock.run_until("2026-11-25")
    left = Notification.objects.filter(recall=recall, kind=NotificationKind.LAY_SUMMARY, accepted_at__isnull=False)
    assert left.count() == 1

"""Tests that a written summary is owed for every exam and every reading, and by when.

Domain fact: 21 CFR 900.12(c)(2): to every patient within 30 days, within 7 for a suspicious or highly suggestive
result.
"""

from datetime import date
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from clinic.actors import INTAKE
from clinic.calendar import local_day
from clinic.factories import get_site_staff
from clinic.models import Site, User
from notifications.enums import Channel, StatusReason, SummaryState
from notifications.models import LaySummary
from notifications.planning.lay_summaries.readings import Reading, standing_readings
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import OutcomeInput
from recalls.enums import Assessment, Density, RecallKind, VisitKind, WorkItemKind
from recalls.models import Appointment, ScreeningExam, WorkItem
from recalls.testing.factories import ExamFactory
from tests.notifications.clock import Clock, at, plan_lay_summaries
from tests.notifications.lay_summaries import (
    days_after_report,
    limit_of,
    open_recall,
    post_letters,
    read_exam,
    summaries_of,
    summary_of,
    text_of,
)

pytestmark = pytest.mark.django_db


def test_a_negative_screening_gets_its_summary_within_thirty_days(site: Site) -> None:
    row = summary_of(read_exam(site))
    assert (row.state, row.channel, row.result) == (SummaryState.OWED, Channel.LETTER, "negative")
    assert days_after_report(row, "due_by") == 30
    assert days_after_report(row, "leave_at") == 0


@pytest.mark.parametrize("assessment", [Assessment.SUSPICIOUS_B, Assessment.HIGHLY_SUGGESTIVE])
def test_a_four_or_five_gets_its_summary_within_seven_days(assessment: Assessment, site: Site) -> None:
    row = summary_of(open_recall(site, exam__assessment=assessment))
    assert days_after_report(row, "due_by") == 7


def test_a_four_waits_three_business_days_for_a_talk(site: Site) -> None:
    row = summary_of(open_recall(site, exam__assessment=Assessment.SUSPICIOUS))
    assert local_day(site, row.leave_at) == date(2026, 11, 13)


@pytest.mark.parametrize(("reported", "leaves"), [("2026-11-20", "2026-11-24"), ("2026-11-18", "2026-11-20")])
def test_a_four_never_waits_longer_than_the_post_needs_within_the_seven_days(
    reported: str, leaves: str, site: Site, clock: Clock
) -> None:
    """Reported on a Friday it leaves on Tuesday, not on Wednesday; a weekend before the last day moves it earlier."""
    clock.move_to(reported, "16:00")
    row = summary_of(open_recall(site, exam__assessment=Assessment.SUSPICIOUS))
    assert local_day(site, row.leave_at) == date.fromisoformat(leaves)
    assert days_after_report(row, "leave_at") <= 4


def test_the_limit_counts_from_the_report_and_not_from_the_day_on_which_the_file_came(site: Site, clock: Clock) -> None:
    clock.move_to("2026-11-25", "09:00")
    row = summary_of(
        open_recall(site, exam__assessment=Assessment.SUSPICIOUS, exam__reported_at=at("2026-11-20", "16:00"))
    )
    assert limit_of(row) == date(2026, 11, 27)
    assert row.leave_at <= timezone.now(), "nothing is left to wait for"


def test_the_alarm_comes_seven_days_before_the_limit_and_two_before_that_of_a_four(site: Site) -> None:
    negative, four = summary_of(read_exam(site)), summary_of(open_recall(site, exam__assessment=Assessment.SUSPICIOUS))
    assert local_day(site, negative.alarm_at) == date(2026, 12, 3)
    assert local_day(site, four.alarm_at) == date(2026, 11, 13), "the 15th is a Sunday"


def test_the_alarm_opens_one_task_and_a_letter_that_is_posted_ends_it(
    site: Site, clock: Clock, scheduler_ana: User
) -> None:
    exam = read_exam(site)
    clock.run_until("2026-12-02")
    assert not WorkItem.objects.filter(kind=WorkItemKind.SUMMARY_DUE).exists()
    clock.run_until("2026-12-03")
    clock.run_until("2026-12-04")
    task = WorkItem.objects.get(kind=WorkItemKind.SUMMARY_DUE)
    assert (task.patient, exam.accession in task.reason, "2026-12-10" in task.reason) == (exam.patient, True, True)
    post_letters(scheduler_ana, site)
    task.refresh_from_db()
    assert task.done_by == scheduler_ana


def test_what_was_posted_in_time_raises_no_alarm(site: Site, clock: Clock, scheduler_ana: User) -> None:
    read_exam(site)
    post_letters(scheduler_ana, site)
    clock.run_until("2026-12-20")
    assert not WorkItem.objects.filter(kind=WorkItemKind.SUMMARY_DUE).exists()


def test_a_site_whose_other_system_sends_them_owes_none(clock: Clock, shadyside: Site) -> None:
    read_exam(shadyside)
    open_recall(shadyside)
    assert not LaySummary.objects.exists()


def test_what_was_reported_before_the_switch_is_left_to_whoever_sent_them_then(clock: Clock, shadyside: Site) -> None:
    before = read_exam(shadyside)
    clock.move_to("2026-11-16")
    shadyside.sends_lay_summaries = True
    shadyside.save()
    after = read_exam(shadyside)
    assert (summaries_of(before), len(summaries_of(after))) == ([], 1)


def test_a_switch_dated_back_covers_the_days_in_between(clock: Clock, shadyside: Site, foothills: Site) -> None:
    foothills.sends_lay_summaries = True
    foothills.save()
    before = read_exam(shadyside)
    clock.run_until("2026-11-16")
    shadyside.sends_lay_summaries, shadyside.lay_summaries_from = True, date(2026, 11, 10)
    shadyside.save()
    plan_lay_summaries()
    assert len(summaries_of(before)) == 1


def test_turned_off_it_owes_no_more_but_what_it_owed_still_goes_out(
    site: Site, clock: Clock, scheduler_ana: User
) -> None:
    owed = read_exam(site)
    site.sends_lay_summaries = False
    site.save()
    later = read_exam(site)
    assert (summaries_of(later), post_letters(scheduler_ana, site)) == ([], [owed.pk])


def test_a_result_from_before_the_switch_that_is_corrected_afterwards_is_told_from_here(
    clock: Clock, shadyside: Site
) -> None:
    exam = read_exam(shadyside)
    clock.move_to("2026-12-16")
    shadyside.sends_lay_summaries = True
    shadyside.save()
    actions.correct_exam(exam, {"assessment": Assessment.NEED_IMAGING}, None, by=INTAKE)
    plan_lay_summaries()
    assert (summary_of(exam).result, limit_of(summary_of(exam))) == ("need_imaging", date(2027, 1, 15))


def test_a_results_file_owes_a_summary_for_every_row_that_it_brings_in(
    clock: Clock, shadyside: Site, foothills: Site
) -> None:
    Site.objects.update(sends_lay_summaries=True, lay_summaries_from=date(2026, 11, 1))
    clock.move_to("2026-11-20")
    call_command("load_results", str(settings.BASE_DIR / "docs" / "examples" / "results.csv"), stdout=StringIO())
    plan_lay_summaries()
    assert ScreeningExam.objects.filter(assessment=Assessment.NEGATIVE).exists()
    assert {row.exam_id for row in LaySummary.objects.all()} == set(ScreeningExam.objects.values_list("pk", flat=True))


def test_the_same_reading_never_owes_two(site: Site) -> None:
    exam = read_exam(site)
    for _ in range(3):
        plan_lay_summaries()
    LaySummary.objects.filter(exam=exam).get()


def test_an_exam_whose_file_was_stored_late_is_found_on_the_second_look(site: Site, clock: Clock) -> None:
    """A transaction that began before and ended after the walk passed by."""
    late = ExamFactory.create(patient=PatientFactory.create(site=site), negative=True)
    pk = late.pk
    late.delete()
    read_exam(site)  # the walk is past the number of the one that is still to come
    late.pk = pk
    late.save(force_insert=True)
    plan_lay_summaries()
    assert summaries_of(late) == []
    clock.run_until("2026-11-12")
    assert len(summaries_of(late)) == 1


def test_one_exam_that_cannot_be_read_stops_no_other_and_is_tried_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    exams = [ExamFactory.create(patient=PatientFactory.create(site=site), negative=True) for _ in range(3)]

    def fail_for_the_second(exam: ScreeningExam, sites: dict[int, Site]) -> list[Reading]:
        if exam.pk == exams[1].pk:
            raise LookupError
        return standing_readings(exam, sites)

    with monkeypatch.context() as broken:
        broken.setattr("notifications.planning.lay_summaries.planner.standing_readings", fail_for_the_second)
        plan_lay_summaries()
        assert [len(summaries_of(exam)) for exam in exams] == [1, 0, 1]
    plan_lay_summaries()
    assert [len(summaries_of(exam)) for exam in exams] == [1, 1, 1]


def test_a_declined_recall_still_has_its_summary(site: Site, scheduler_ana: User) -> None:
    recall = open_recall(site)
    actions.decline(recall, by=scheduler_ana, note="Goes elsewhere.")
    assert post_letters(scheduler_ana, site) == [recall.exam_id]


def test_nothing_is_written_to_a_patient_who_has_died_and_nobody_is_alarmed(
    site: Site, clock: Clock, scheduler_ana: User
) -> None:
    recall = open_recall(site)
    actions.mark_deceased(recall, date(2026, 11, 9), by=get_site_staff(site).navigator, note="The family called.")
    assert post_letters(scheduler_ana, site) == []
    clock.run_until("2026-12-15")
    assert summary_of(recall).reason == StatusReason.DECEASED
    assert not WorkItem.objects.filter(kind=WorkItemKind.SUMMARY_DUE).exists()


def test_a_missing_fact_stops_it_and_a_task_names_the_fact_until_it_is_entered(
    site: Site, clock: Clock, scheduler_ana: User
) -> None:
    exam = read_exam(site, density="")
    row = summary_of(exam)
    assert (row.state, row.reason) == (SummaryState.HELD, StatusReason.REQUIRED_FACT_MISSING)
    task = WorkItem.objects.get(patient=exam.patient)
    assert (task.kind, "the breast density" in task.reason) == (WorkItemKind.UNDELIVERABLE_MESSAGE, True)
    clock.move_to("2026-11-20")
    actions.correct_exam(exam, {"density": Density.C}, None, by=INTAKE)
    plan_lay_summaries()
    assert post_letters(scheduler_ana, site) == [exam.pk]
    assert limit_of(summary_of(exam)) == limit_of(row), "the result was never told: its limit stands"


def test_a_patient_without_a_postal_address_waits_for_one_and_a_person_is_asked(
    site: Site, scheduler_ana: User
) -> None:
    exam = read_exam(site, patient={"address_line": ""})
    row = summary_of(exam)
    assert (row.state, row.reason) == (SummaryState.HELD, StatusReason.NO_POSTAL_ADDRESS)
    assert WorkItem.objects.filter(patient=exam.patient).exists()
    exam.patient.address_line = "14 Invented Lane"
    exam.patient.save()
    plan_lay_summaries()
    assert post_letters(scheduler_ana, site) == [exam.pk]


def test_a_patient_who_named_no_doctor_gets_the_report_and_a_task_says_so(site: Site) -> None:
    alone, sent = read_exam(site, referrer=None), read_exam(site)
    four = open_recall(site, exam__referrer=None, exam__assessment=Assessment.SUSPICIOUS)
    assert WorkItem.objects.filter(patient=alone.patient).get().kind == WorkItemKind.SEND_REPORT
    assert not WorkItem.objects.filter(patient=sent.patient).exists()
    assert "refer them to a provider" in four.work_items.get(kind=WorkItemKind.SEND_REPORT).reason
    assert "we send the full report to you, too" in text_of(summary_of(alone))
    assert "Your doctor gets the full report." in text_of(summary_of(sent))


def test_a_visit_at_another_site_is_that_facilitys_summary(site: Site, foothills: Site, clock: Clock) -> None:
    foothills.sends_lay_summaries = True
    foothills.save()
    clock.move_to("2026-11-20", "16:00")
    recall = open_recall(site, attended=True)
    Appointment.objects.filter(recall=recall).update(site=foothills)
    actions.record_outcome(recall, OutcomeInput(Assessment.BENIGN), by=get_site_staff(site).radiologist)
    plan_lay_summaries()
    assert summary_of(recall).site == foothills


@pytest.mark.parametrize("kind", [VisitKind.ULTRASOUND, VisitKind.MRI])
def test_images_that_are_no_mammogram_need_no_density(kind: VisitKind, site: Site, clock: Clock) -> None:
    clock.move_to("2026-11-20", "16:00")
    recall = open_recall(site, attended=True, exam__density="")
    Appointment.objects.filter(recall=recall).update(kind=kind)
    actions.record_outcome(recall, OutcomeInput(Assessment.BENIGN), by=get_site_staff(site).radiologist)
    plan_lay_summaries()
    row = summary_of(recall)
    assert (row.state, row.density) == (SummaryState.OWED, "")
    assert "mammogram of" not in text_of(row)
    assert "density" not in text_of(row)


def test_a_technical_recall_owes_a_summary_that_asks_for_the_repeat(site: Site) -> None:
    recall = open_recall(site, exam__assessment=Assessment.NEGATIVE, exam__recall_kind=RecallKind.TECHNICAL)
    assert summary_of(recall).result == "technical_repeat"

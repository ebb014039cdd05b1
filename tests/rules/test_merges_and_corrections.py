"""Tests of merged and separated patient records and of corrected results."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.actors import INTAKE
from clinic.factories import get_site_staff
from clinic.models import Site
from patients.actions import update_details
from patients.factories import PatientFactory
from patients.models import Patient
from recalls import actions
from recalls.actions import OutcomeInput
from recalls.enums import Assessment, FindingKind, RecallKind, Side, State, WorkItemKind
from recalls.models import Finding, Recall, WorkItem
from recalls.permissions import NotPermitted, StepUnavailable
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.rules.step_actions import MONDAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_monday(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(MONDAY, tick=False)


def _reload_recall(recall: Recall) -> Recall:
    return Recall.objects.get(pk=recall.pk)


def test_a_merge_moves_recalls_exams_and_tasks_and_says_so(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    stays, manager = PatientFactory.create(site=shadyside), get_site_staff(shadyside).manager
    actions.merge_patients(recall.patient, stays, by=manager)
    moved = _reload_recall(recall)
    assert (moved.patient, moved.exam.patient, moved.work_items.get().patient) == (stays, stays, stays)
    event = moved.events.latest("pk")
    assert (event.step, event.by, moved.state) == ("merge_records", manager.get_full_name(), State.TO_CONTACT)


def test_two_open_recalls_after_a_merge_are_a_task_for_a_person(shadyside: Site) -> None:
    first, second = RecallFactory.create(site=shadyside), RecallFactory.create(site=shadyside)
    actions.merge_patients(first.patient, second.patient, by=get_site_staff(shadyside).manager)
    assert Recall.objects.still_open().count() == 2
    assert second.patient.work_items.filter(kind=WorkItemKind.MERGE_CONFLICT).count() == 1


def test_a_merge_made_in_error_is_undone(shadyside: Site) -> None:
    manager = get_site_staff(shadyside).manager
    came, stayed = RecallFactory.create(site=shadyside, called_once=True), RecallFactory.create(site=shadyside)
    loser, survivor = came.patient, stayed.patient
    actions.merge_patients(loser, survivor, by=manager)
    loser.refresh_from_db()
    actions.unmerge_patients(loser, by=manager)
    loser.refresh_from_db()
    assert loser.merged_into is None
    assert (_reload_recall(came).patient, _reload_recall(came).exam.patient) == (loser, loser)
    assert (_reload_recall(stayed).patient, _reload_recall(stayed).exam.patient) == (survivor, survivor)
    assert [event.step for event in came.events.all()][-2:] == ["merge_records", "unmerge_records"]


def test_an_exam_without_a_recall_also_goes_back(shadyside: Site) -> None:
    manager = get_site_staff(shadyside).manager
    negative = ExamFactory.create(patient__site=shadyside, negative=True)
    loser, survivor = negative.patient, PatientFactory.create(site=shadyside)
    actions.merge_patients(loser, survivor, by=manager)
    negative.refresh_from_db()
    assert negative.patient == survivor
    loser.refresh_from_db()
    actions.unmerge_patients(loser, by=manager)
    negative.refresh_from_db()
    assert negative.patient == loser


@pytest.mark.parametrize("role", ["scheduler", "navigator", "radiologist"])
def test_records_without_recalls_are_merged_by_nobody_else_either(role: str, shadyside: Site) -> None:
    loser, survivor = PatientFactory.create(site=shadyside), PatientFactory.create(site=shadyside)
    with pytest.raises(NotPermitted):
        actions.merge_patients(loser, survivor, by=getattr(get_site_staff(shadyside), role))
    loser.refresh_from_db()
    assert loser.merged_into is None


def test_a_record_is_merged_once_and_never_in_a_circle(shadyside: Site) -> None:
    one, two, three = PatientFactory.create_batch(3, site=shadyside)
    manager = get_site_staff(shadyside).manager
    actions.merge_patients(one, two, by=manager)
    for loser, survivor in ((one, three), (two, one), (two, two), (three, one)):
        with pytest.raises(ValidationError):
            actions.merge_patients(loser, survivor, by=manager)


@pytest.fixture
def chain(shadyside: Site) -> list[Recall]:
    """Two records that were each merged into, each with a 5 of its own number, and then with each other."""
    recalls = [RecallFactory.create(site=shadyside, exam__assessment=Assessment.HIGHLY_SUGGESTIVE) for _ in range(4)]
    first, first_older, second, second_older = (recall.patient for recall in recalls)
    update_details(first_older, {"implants": True}, by=INTAKE)
    for loser, survivor in ((first_older, first), (second_older, second), (first, second)):
        _merge(loser, survivor)
    return recalls


def _merge(loser: Patient, survivor: Patient) -> None:
    loser, survivor = (Patient.objects.get(pk=one.pk) for one in (loser, survivor))
    actions.merge_patients(loser, survivor, by=get_site_staff(loser.site).manager)


def _separate(loser: Patient) -> None:
    loser = Patient.objects.get(pk=loser.pk)
    actions.unmerge_patients(loser, by=get_site_staff(loser.site).manager)


def _owners(recalls: list[Recall]) -> list[Patient]:
    assert all(_reload_recall(one).patient == _reload_recall(one).exam.patient for one in recalls)
    return [_reload_recall(one).patient for one in recalls]


def test_two_records_that_were_each_merged_into_are_merged_and_nothing_of_either_is_lost(chain: list[Recall]) -> None:
    first, first_older, second, second_older = (recall.patient for recall in chain)
    assert _owners(chain) == [second] * 4
    numbers = Patient.objects.filter(pk__in=(first.pk, first_older.pk, second_older.pk))
    assert set(numbers.values_list("merged_into", flat=True)) == {second.pk}, "each old number leads to the one in use"
    assert Patient.objects.get(pk=second.pk).implants
    assert all(_reload_recall(one).suspicious for one in chain)


def test_a_chain_of_merges_is_undone_link_by_link(chain: list[Recall]) -> None:
    first, first_older, second, second_older = (recall.patient for recall in chain)
    with pytest.raises(ValidationError, match=f"came along with MRN {first.mrn}"):
        _separate(first_older)
    _separate(first)
    assert _owners(chain) == [first, first, second, second]
    assert Patient.objects.get(pk=first_older.pk).merged_into == first
    assert not Patient.objects.get(pk=second.pk).implants
    assert Patient.objects.get(pk=first.pk).implants
    _separate(first_older)
    _separate(second_older)
    assert _owners(chain) == [first, first_older, second, second_older]
    assert not Patient.objects.get(pk=first.pk).implants


def test_a_chain_of_three_links_comes_apart_as_it_was_put_together(shadyside: Site, chain: list[Recall]) -> None:
    first, first_older, second, second_older = (recall.patient for recall in chain)
    third = PatientFactory.create(site=shadyside)
    _merge(second, third)
    assert _owners(chain) == [third] * 4
    with pytest.raises(ValidationError, match=f"came along with MRN {second.mrn}"):
        _separate(first)
    _separate(second)
    assert _owners(chain) == [second] * 4
    _separate(first)
    assert _owners(chain) == [first, first, second, second]
    assert Patient.objects.get(pk=second_older.pk).merged_into == second
    _separate(first_older)
    assert _owners(chain) == [first, first_older, second, second]


def _correct_and_reload(recall: Recall, to: Assessment, **more: Any) -> Recall:
    actions.correct_exam(recall.exam, {"assessment": to, **more}, None, by=INTAKE)
    changed: Recall = Recall.objects.filter(exam=recall.exam).latest("pk")
    return changed


@pytest.mark.parametrize("scenario", ["to_contact", "booked", "on_hold"])
def test_a_result_corrected_to_negative_voids_a_recall_before_its_outcome(scenario: str, shadyside: Site) -> None:
    recall = _correct_and_reload(RecallFactory.create(site=shadyside, **{scenario: True}), Assessment.NEGATIVE)
    assert (recall.state, recall.closure_reason) == (State.CLOSED, "void")
    assert not recall.appointments.filter(status__in=["booked", "confirmed"]).exists()
    assert recall.exam.superseded.get().reading["assessment"] == Assessment.NEED_IMAGING


def test_after_an_outcome_a_lower_result_is_for_a_person_to_decide(shadyside: Site) -> None:
    recall = _correct_and_reload(RecallFactory.create(site=shadyside, biopsy_booked=True), Assessment.NEGATIVE)
    assert recall.state == State.BIOPSY_BOOKED
    assert recall.work_items.get().kind == WorkItemKind.CORRECTED_RESULT


def test_a_higher_result_restarts_the_deadlines_and_marks_the_recall_suspicious(
    shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    recall = RecallFactory.create(site=shadyside)
    time_machine.move_to(MONDAY + timedelta(days=4), tick=False)
    recall = _correct_and_reload(recall, Assessment.HIGHLY_SUGGESTIVE)
    assert (recall.state, recall.suspicious, recall.clock_from) == (State.TO_CONTACT, True, MONDAY + timedelta(days=4))


@pytest.mark.parametrize("scenario", ["to_contact", "booked", "on_hold", "biopsy_to_book"])
def test_a_result_raised_to_a_5_asks_somebody_to_call_the_patient(scenario: str, shadyside: Site) -> None:
    recall = _correct_and_reload(RecallFactory.create(site=shadyside, **{scenario: True}), Assessment.HIGHLY_SUGGESTIVE)
    task = recall.work_items.get(kind=WorkItemKind.CORRECTED_RESULT)
    assert "from 0-AI to 5" in task.reason
    assert "Call the patient, and move a booked visit to an earlier day." in task.reason


def test_a_result_raised_to_a_5_is_told_by_a_task_that_was_open_for_an_earlier_correction(shadyside: Site) -> None:
    recall = _correct_and_reload(RecallFactory.create(site=shadyside, biopsy_booked=True), Assessment.NEGATIVE)
    recall = _correct_and_reload(recall, Assessment.HIGHLY_SUGGESTIVE)
    reason = recall.work_items.get(kind=WorkItemKind.CORRECTED_RESULT).reason
    assert reason.index("from 1 to 5") < reason.index("Call the patient") < reason.index("from 0-AI to 1")


def test_a_result_corrected_again_and_again_keeps_one_task_that_says_the_newest_first(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, biopsy_booked=True)
    for result in (Assessment.NEGATIVE, Assessment.HIGHLY_SUGGESTIVE) * 4:
        recall = _correct_and_reload(recall, result)
    task = recall.work_items.get(kind=WorkItemKind.CORRECTED_RESULT)
    assert task.reason.startswith("The screening result was corrected from 1 to 5. Call the patient")
    assert len(task.reason) <= WorkItem.REASON_LENGTH


def test_a_result_lowered_from_a_5_asks_nobody_to_call(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, exam__assessment=Assessment.HIGHLY_SUGGESTIVE)
    recall = _correct_and_reload(recall, Assessment.NEED_IMAGING)
    assert not recall.work_items.exists()


def test_a_correction_moves_between_awaiting_priors_and_to_contact(shadyside: Site) -> None:
    recall = _correct_and_reload(RecallFactory.create(site=shadyside), Assessment.NEED_PRIORS)
    assert recall.state == State.AWAITING_PRIORS
    assert _correct_and_reload(recall, Assessment.NEED_IMAGING).state == State.TO_CONTACT


def test_a_negative_result_corrected_upwards_opens_a_recall(shadyside: Site) -> None:
    exam = ExamFactory.create(patient__site=shadyside, negative=True)
    finding = Finding(kind=FindingKind.MASS, side=Side.LEFT)
    event = actions.correct_exam(exam, {"assessment": Assessment.NEED_IMAGING}, [finding], by=INTAKE)
    assert event is not None
    assert event.step == "open_recall"
    assert [row.kind for row in exam.findings.all()] == [FindingKind.MASS]


def test_a_void_recall_comes_back_when_the_result_does(shadyside: Site) -> None:
    recall = _correct_and_reload(RecallFactory.create(site=shadyside), Assessment.NEGATIVE)
    recall = _correct_and_reload(recall, Assessment.NEED_IMAGING)
    assert (recall.state, recall.closure_reason) == (State.TO_CONTACT, "")
    assert Recall.objects.count() == 1


@pytest.mark.parametrize("scenario", ["deceased", "transferred", "cancer"])
def test_some_closures_are_never_reopened_by_a_corrected_result(scenario: str, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, **{scenario: True})
    changed = _correct_and_reload(recall, Assessment.HIGHLY_SUGGESTIVE)
    assert (changed.state, changed.version) == (State.CLOSED, recall.version)
    assert changed.work_items.get().kind == WorkItemKind.CORRECTED_RESULT


def test_the_same_assessment_corrected_in_a_detail_moves_nothing(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    changed = _correct_and_reload(recall, Assessment.NEED_IMAGING, density="c")
    assert changed.version == recall.version
    assert changed.exam.superseded.count() == 1


def test_a_technical_recall_needs_a_visit_whatever_its_category(shadyside: Site) -> None:
    exam = ExamFactory.create(patient__site=shadyside, negative=True, recall_kind=RecallKind.TECHNICAL)
    assert actions.open_recall(exam, by=INTAKE).to_state == State.TO_CONTACT


def test_a_hold_returns_to_its_state_and_a_booked_visit_is_cancelled(shadyside: Site) -> None:
    cast, until = get_site_staff(shadyside), calendar.local_day(shadyside, MONDAY) + timedelta(days=7)
    for scenario, returns in (("to_contact", State.TO_CONTACT), ("booked", State.TO_CONTACT)):
        recall = RecallFactory.create(site=shadyside, **{scenario: True})
        actions.hold(recall, until, by=cast.navigator, note="Is away.")
        assert (recall.state, recall.due_at) == (State.ON_HOLD, datetime(2026, 3, 23, 12, 0, tzinfo=UTC))
        assert not recall.appointments.filter(status__in=["booked", "confirmed"]).exists()
        actions.resume(recall, by=cast.navigator)
        assert (recall.state, recall.hold_until, recall.state_before_hold) == (returns, None, "")


@pytest.mark.parametrize("scenario", ["attended", "benign_to_tell", "awaiting_pathology", "awaiting_concordance"])
def test_what_a_reader_or_a_laboratory_owes_is_not_put_on_hold(scenario: str, shadyside: Site) -> None:
    recall, until = RecallFactory.create(site=shadyside, **{scenario: True}), date(2026, 3, 20)
    with pytest.raises(StepUnavailable, match="waits for the patient"):
        actions.hold(recall, until, by=get_site_staff(shadyside).navigator, note="Is away.")


@pytest.mark.parametrize("days", [0, -1])
def test_a_hold_ends_on_a_day_to_come(days: int, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    until: date = calendar.local_day(shadyside, MONDAY) + timedelta(days=days)
    with pytest.raises(ValidationError, match="after today"):
        actions.hold(recall, until, by=get_site_staff(shadyside).navigator, note="Is away.")


def test_earlier_pictures_asked_for_before_a_hold_are_still_asked_for_after_it(shadyside: Site) -> None:
    recall, cast = RecallFactory.create(site=shadyside, priors_requested=True), get_site_staff(shadyside)
    actions.hold(recall, date(2026, 3, 20), by=cast.navigator, note="The other clinic is shut.")
    actions.resume(recall, by=cast.navigator)
    actions.receive_priors(recall, by=cast.scheduler)
    assert recall.events.latest("pk").step == "receive_priors"


def test_prior_images_may_come_without_a_request_and_while_a_visit_is_planned_somebody_compares_them(
    shadyside: Site,
) -> None:
    waits, booked = RecallFactory.create(site=shadyside, awaiting_priors=True), RecallFactory.create(booked=True)
    for recall in (waits, booked):
        actions.receive_priors(recall, by=get_site_staff(shadyside).scheduler)
    assert (waits.state, waits.due_at) == (State.AWAITING_PRIORS, calendar.add_business_days(shadyside, MONDAY, 1))
    assert not waits.work_items.exists()
    assert booked.state == State.SCHEDULED
    assert booked.work_items.get().kind == WorkItemKind.PRIORS_TO_COMPARE


def test_an_outcome_amended_to_another_category_is_owed_and_released_anew(shadyside: Site) -> None:
    recall, radiologist = (
        RecallFactory.create(site=shadyside, closed_benign=True),
        get_site_staff(shadyside).radiologist,
    )
    actions.amend_outcome(recall, OutcomeInput(Assessment.NEGATIVE), reason="Typed wrongly.", by=radiologist)
    old, new = recall.outcomes.all()
    assert hasattr(old, "release")
    assert not hasattr(new, "release")
    assert (recall.state, recall.result_since) == (State.RESULT_TO_TELL, MONDAY)
    assert recall.tell_by == calendar.add_business_days(shadyside, MONDAY, 2)


def test_another_comment_in_an_amendment_is_no_new_result(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, closed_benign=True)
    comment = OutcomeInput(Assessment.BENIGN, text="A cyst.")
    actions.amend_outcome(recall, comment, reason="Left out.", by=get_site_staff(shadyside).radiologist)
    assert (recall.state, recall.closure_reason, recall.result_since) == (State.CLOSED, "benign", None)


def test_another_interval_in_an_amendment_moves_the_short_interval_visit(shadyside: Site) -> None:
    recall, radiologist = (
        RecallFactory.create(site=shadyside, probably_benign=True),
        get_site_staff(shadyside).radiologist,
    )
    before = recall.follow_up_on
    actions.amend_outcome(
        recall, OutcomeInput(Assessment.PROBABLY_BENIGN, follow_up_months=3), reason="Sooner.", by=radiologist
    )
    assert recall.follow_up_on is not None
    assert before is not None
    assert recall.follow_up_on < before
    assert recall.state == State.RESULT_TO_TELL  # another interval is another word to the patient


def test_a_recall_is_not_reopened_beside_an_open_one_of_the_same_exam(shadyside: Site) -> None:
    recall, cast = RecallFactory.create(site=shadyside, declined=True), get_site_staff(shadyside)
    actions.open_recall(recall.exam, by=cast.radiologist)
    with pytest.raises(StepUnavailable):
        actions.reopen(recall, by=cast.radiologist, note="Changed their mind.")


def test_a_death_closes_every_open_recall_of_the_patient(shadyside: Site, foothills: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    elsewhere = ExamFactory.create(patient=recall.patient, site=foothills)
    other = actions.open_recall(elsewhere, by=INTAKE).recall
    actions.mark_deceased(recall, date(2026, 3, 14), by=get_site_staff(shadyside).navigator, note="The family told us.")
    assert {_reload_recall(recall).closure_reason, _reload_recall(other).closure_reason} == {"deceased"}
    recall.patient.refresh_from_db()
    assert recall.patient.deceased_on == date(2026, 3, 14)


def test_an_amended_outcome_does_not_reopen_the_recall_of_a_deceased_patient(shadyside: Site) -> None:
    recall, cast = RecallFactory.create(site=shadyside, attended=True), get_site_staff(shadyside)
    actions.record_outcome(recall, OutcomeInput(Assessment.SUSPICIOUS_B), by=cast.radiologist)
    actions.mark_deceased(recall, date(2026, 3, 16), by=cast.navigator, note="The family told us.")
    actions.amend_outcome(recall, OutcomeInput(Assessment.SUSPICIOUS_C), reason="Typed wrongly.", by=cast.radiologist)
    assert (recall.state, recall.closure_reason) == (State.CLOSED, "deceased")
    actions.amend_outcome(recall, OutcomeInput(Assessment.PROBABLY_BENIGN), reason="Once more.", by=cast.radiologist)
    assert (recall.state, recall.closure_reason) == (State.CLOSED, "deceased")

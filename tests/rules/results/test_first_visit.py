"""Tests that a patient who was handed over to treatment is not lost on the way there."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.factories import SiteStaff
from clinic.models import Site
from recalls import actions
from recalls.actions import LesionInput, OutcomeInput, OutsideReportInput, PathologyInput
from recalls.enums import (
    Assessment,
    ClosureReason,
    ConcordanceVerdict,
    OutsideReportKind,
    PathologyClass,
    ReportSource,
    Side,
    State,
)
from recalls.lesion_stages import LesionStage, load_lesion_statuses
from recalls.models import OutsideReport, OutsideReportRetraction, Recall, Referral, ReportRequest
from recalls.permissions import StepUnavailable
from recalls.selectors.report_requests import get_report_requests
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, StepFormClient, client_for, page_text
from tests.rules.recall_states import book_begun_biopsy
from tests.rules.results.hand_over import hand_over
from tests.rules.step_actions import TOLD_AT_VISIT, TOLD_BY_PHONE

__all__ = ["client_for"]
pytestmark = pytest.mark.django_db
HOSPITAL, OTHER = "Hillside Sample Hospital", "Valley Sample Hospital"


@pytest.fixture
def handed_over(shadyside: Site, staff: SiteStaff) -> Recall:
    recall = RecallFactory.create(site=shadyside, to_hand_over=True)
    hand_over(recall, staff)
    return recall


def _seen(recall: Recall, staff: SiteStaff, kind: OutsideReportKind = OutsideReportKind.FIRST_VISIT) -> None:
    pathology = PathologyInput(PathologyClass.INVASIVE) if kind == OutsideReportKind.SURGERY else None
    report = OutsideReportInput(
        kind, HOSPITAL, _today(recall), ReportSource.PHONE, pathology=pathology, told_there="Dr. Sample-Surgeon"
    )
    actions.record_outside(recall, report, by=staff.navigator)


def _today(recall: Recall) -> date:
    return calendar.local_day(recall.site, timezone.now())


def _asked_for(site: Site) -> list[ReportRequest]:
    return get_report_requests([site.pk])[0]


def test_after_a_hand_over_the_hospital_is_asked_whether_the_patient_came(
    handed_over: Recall, staff: SiteStaff
) -> None:
    (request,) = _asked_for(handed_over.site)
    assert (request.kind, request.facility) == (OutsideReportKind.FIRST_VISIT, HOSPITAL)
    day_after = handed_over.referrals.get().first_visit_on + timedelta(days=1)
    assert request.ask_on == calendar.next_open_day(handed_over.site, day_after)
    actions.ask_report(handed_over, by=staff.scheduler)
    assert _asked_for(handed_over.site)[0].ask_on == _today(handed_over) + timedelta(days=3)


def test_a_first_visit_that_is_over_already_is_asked_after_on_the_next_open_day(
    shadyside: Site, staff: SiteStaff
) -> None:
    recall = RecallFactory.create(site=shadyside, to_hand_over=True)
    hand_over(recall, staff, first_visit_on=_today(recall) - timedelta(days=20))
    assert _asked_for(shadyside)[0].ask_on == calendar.next_open_day(shadyside, _today(recall) + timedelta(days=1))


@pytest.mark.parametrize("kind", [OutsideReportKind.FIRST_VISIT, OutsideReportKind.SURGERY])
def test_a_patient_who_was_seen_or_operated_on_is_asked_after_no_more(
    handed_over: Recall, staff: SiteStaff, kind: OutsideReportKind
) -> None:
    _seen(handed_over, staff, kind)
    assert not _asked_for(handed_over.site)
    assert (handed_over.state, handed_over.closure_reason) == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)
    with pytest.raises(StepUnavailable):
        actions.not_seen_there(handed_over, by=staff.navigator, note="They say so.")


def test_a_patient_who_was_not_seen_there_is_open_again_and_handed_over_anew(
    handed_over: Recall, staff: SiteStaff
) -> None:
    with pytest.raises(ValidationError, match="how it is known"):
        actions.not_seen_there(handed_over, by=staff.navigator, note=" ")
    actions.not_seen_there(handed_over, by=staff.navigator, note="The hospital waited for the patient in vain.")
    assert (handed_over.state, handed_over.closure_reason) == (State.TO_HAND_OVER, "")
    assert handed_over.is_open
    assert handed_over.suspicious
    assert handed_over.due_at is not None
    assert not _asked_for(handed_over.site)
    hand_over(handed_over, staff, facility="Valley Sample Hospital")
    assert handed_over.state == State.CLOSED
    assert [request.facility for request in _asked_for(handed_over.site)] == ["Valley Sample Hospital"]
    assert Referral.all_objects.filter(recall=handed_over).count() == 2
    assert handed_over.referrals.count() == 1


def test_a_first_visit_is_recorded_only_of_a_patient_who_was_handed_over(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, to_hand_over=True)
    with pytest.raises(ValidationError, match="not been handed over"):
        _seen(recall, staff)
    assert not recall.outside_reports.exists()


def test_nobody_asks_whether_a_patient_came_who_has_died(handed_over: Recall, staff: SiteStaff) -> None:
    actions.mark_deceased(handed_over, _today(handed_over), by=staff.navigator, note="The family told us.")
    assert not _asked_for(handed_over.site)
    with pytest.raises(StepUnavailable):
        actions.not_seen_there(handed_over, by=staff.navigator, note="The hospital waited.")
    actions.not_deceased(handed_over, by=staff.manager, note="It was another person of that name.")
    assert [request.recall_id for request in _asked_for(handed_over.site)] == [handed_over.pk]


@pytest.fixture
def handed_to_two(visited: Recall, staff: SiteStaff, time_machine: TimeMachineFixture) -> Recall:
    """A cancer of each breast, read on two days: two places took the patient over, and neither has answered."""
    sides = tuple(LesionInput(Assessment.SUSPICIOUS_C, side=side) for side in (Side.RIGHT, Side.LEFT))
    outcome = OutcomeInput(Assessment.SUSPICIOUS_C, lesions=sides, told=TOLD_AT_VISIT)
    actions.record_outcome(visited, outcome, by=staff.radiologist)
    book_begun_biopsy(visited, time_machine)
    actions.biopsy_done(visited, by=staff.scheduler)
    for lesion, place in zip(visited.lesions.order_by("number"), (HOSPITAL, OTHER), strict=True):
        time_machine.shift(timedelta(hours=1))
        actions.record_pathology(visited, PathologyInput(PathologyClass.INVASIVE, lesion.pk), by=staff.radiologist)
        actions.sign_concordance(visited, ConcordanceVerdict.MALIGNANT, told=TOLD_BY_PHONE, by=staff.radiologist)
        hand_over(visited, staff, facility=place)
    assert visited.state == State.CLOSED
    return visited


def test_a_second_referral_leaves_the_first_place_asked_and_each_answers_for_itself(
    handed_to_two: Recall, staff: SiteStaff
) -> None:
    recall = handed_to_two
    assert [request.facility for request in _asked_for(recall.site)] == [HOSPITAL, OTHER]
    report = OutsideReportInput(OutsideReportKind.FIRST_VISIT, "Elsewhere", _today(recall), ReportSource.PHONE)
    with pytest.raises(ValidationError, match="More than one place is asked"):
        actions.record_outside(recall, report, by=staff.navigator)
    for wrong in ("", "Elsewhere"):
        with pytest.raises(ValidationError, match="More than one place is asked"):
            actions.not_seen_there(recall, wrong, by=staff.navigator, note="The hospital waited.")
    _seen(recall, staff)
    assert [request.facility for request in _asked_for(recall.site)] == [OTHER]
    actions.not_seen_there(recall, by=staff.navigator, note="The hospital waited in vain.")
    assert [referral.facility for referral in recall.referrals.all()] == [HOSPITAL]
    assert recall.state == State.TO_HAND_OVER


def test_a_patient_not_seen_at_the_first_of_two_places_is_handed_over_anew_for_that_cancer(
    handed_to_two: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    """That the second place has the other cancer is no answer for this one."""
    recall = handed_to_two
    time_machine.shift(timedelta(hours=1))
    actions.not_seen_there(recall, HOSPITAL.upper(), by=staff.navigator, note="The hospital waited in vain.")
    assert (recall.state, recall.is_open) == (State.TO_HAND_OVER, True)
    assert [status.stage for status in load_lesion_statuses(recall)] == [
        LesionStage.REFERRAL_OWED, LesionStage.SETTLED,
    ]  # fmt: skip
    hand_over(recall, staff)
    assert (recall.state, recall.closure_reason) == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)
    assert [request.facility for request in _asked_for(recall.site)] == [HOSPITAL, OTHER]


def test_the_pages_ask_which_of_two_places_saw_the_patient_or_waited_in_vain(
    handed_to_two: Recall, staff: SiteStaff, client_for: ClientFor, time_machine: TimeMachineFixture
) -> None:
    time_machine.shift(timedelta(minutes=1))
    recall, desk = handed_to_two, client_for(staff.navigator)
    outside = desk.get(reverse("step", args=[recall.pk, "record_outside"]))
    assert outside.context["form"].initial["facility"] == ""
    recall.refresh_from_db()
    typed = {"version": recall.version, "key": "waited-in-vain", "note": "The hospital waited.", "facility": ""}
    page = reverse("step", args=[recall.pk, "not_seen_there"])
    assert "This field is required" in page_text(desk.post(page, typed))
    desk.post(page, typed | {"facility": HOSPITAL})
    assert [request.facility for request in _asked_for(recall.site)] == [OTHER]
    assert [referral.facility for referral in recall.referrals.all()] == [OTHER]
    recall.refresh_from_db()
    assert recall.state == State.TO_HAND_OVER
    assert "Referral to arrange" in page_text(desk.get(reverse("recall", args=[recall.pk])))


def test_a_first_visit_recorded_in_error_is_taken_back_by_the_desk_and_the_place_is_asked_again(
    handed_over: Recall, staff: SiteStaff
) -> None:
    with pytest.raises(StepUnavailable, match="Nobody has recorded"):
        actions.seen_in_error(handed_over, by=staff.scheduler, note="It was another patient.")
    _seen(handed_over, staff)
    with pytest.raises(ValidationError, match="why"):
        actions.seen_in_error(handed_over, by=staff.scheduler, note=" ")
    event = actions.seen_in_error(handed_over, by=staff.scheduler, note="It was another patient of that name.")
    assert (handed_over.state, handed_over.closure_reason) == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)
    (request,) = _asked_for(handed_over.site)
    assert (request.facility, request.ask_on) == (HOSPITAL, _today(handed_over))
    assert not handed_over.outside_reports.exists()
    assert OutsideReport.all_objects.filter(recall=handed_over).count() == 1  # the row of the report stays
    assert event.note == "It was another patient of that name."
    assert str(OutsideReportRetraction.objects.get().pk) in str(event.seals)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        OutsideReportRetraction.objects.update(by="Somebody else")
    actions.not_seen_there(handed_over, by=staff.navigator, note="They waited in vain.")
    assert handed_over.state == State.TO_HAND_OVER


def test_of_two_first_visits_the_form_asks_which_one_was_recorded_in_error(
    handed_to_two: Recall, staff: SiteStaff, client_for: ClientFor
) -> None:
    _seen(handed_to_two, staff)
    report = OutsideReportInput(OutsideReportKind.FIRST_VISIT, OTHER, _today(handed_to_two), ReportSource.PHONE)
    actions.record_outside(handed_to_two, report, by=staff.navigator)
    assert not _asked_for(handed_to_two.site)
    with pytest.raises(ValidationError, match="which report"):
        actions.seen_in_error(handed_to_two, by=staff.scheduler, note="It was another patient.")
    first = handed_to_two.outside_reports.get(facility=HOSPITAL)
    form = StepFormClient(client_for(staff.scheduler), handed_to_two, "seen_in_error")
    form.send(report=str(first.pk), note="It was another patient.")
    assert [request.facility for request in _asked_for(handed_to_two.site)] == [HOSPITAL]
    assert [row.facility for row in handed_to_two.outside_reports.all()] == [OTHER]

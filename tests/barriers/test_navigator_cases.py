"""Tests of navigators' cases: for whom, how many, and that nothing waits for a navigator."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from clinic import calendar
from clinic.factories import SiteStaff, UserFactory, get_site_staff
from clinic.models import Site
from clinic.roles import Role
from recalls import actions
from recalls.actions import StatedBarriers
from recalls.assignment import current_assignee
from recalls.enums.barriers import BarrierKind, BarrierSource, CaseEnd
from recalls.models import CaseMinutes, NavigationPolicy, NavigatorCase, Recall
from recalls.permissions import StepUnavailable, case_reasons
from recalls.testing.factories import RecallFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def staff(clock: time_machine.Traveller, shadyside: Site) -> SiteStaff:
    return get_site_staff(shadyside)


def with_barrier(site: Site) -> Recall:
    recall: Recall = RecallFactory.create(site=site, barrier=True)
    return recall


def test_a_case_is_only_for_whom_it_is_proven(shadyside: Site, staff: SiteStaff) -> None:
    fresh = RecallFactory.create(site=shadyside)
    assert case_reasons(fresh, timezone.now()) == []
    with pytest.raises(StepUnavailable):
        actions.take_case(fresh, by=staff.navigator)
    reasons = {
        "barrier": "barrier", "three_attempts": "calls", "next_round": "follow_up", "ladder_complete": "calls",
    }  # fmt: skip
    for story, reason in reasons.items():
        recall = RecallFactory.create(site=shadyside, **{story: True})
        assert reason in case_reasons(recall, timezone.now()), story
    late = RecallFactory.create(site=shadyside)
    assert late.target_at is not None
    assert case_reasons(late, late.target_at + timedelta(days=1)) == ["late"]


def test_a_case_is_one_navigators_at_a_time_and_its_task_is_theirs(shadyside: Site, staff: SiteStaff) -> None:
    recall, other = with_barrier(shadyside), UserFactory.create(role=Role.NAVIGATOR, sites=[shadyside])
    actions.take_case(recall, by=staff.navigator)
    with pytest.raises(StepUnavailable):
        actions.take_case(recall, by=other)
    task = recall.work_items.get()
    today = calendar.today(shadyside)
    assert (current_assignee(task, today), recall.assigned_to) == (staff.navigator, None)
    staff.navigator.away_until = today
    staff.navigator.save()
    task.refresh_from_db()
    assert current_assignee(task, today) is None  # while the navigator is away it is everybody's
    actions.end_case(recall, CaseEnd.GIVEN_BACK, by=staff.manager)
    task.refresh_from_db()
    assert (task.assigned_to, task.done_at) == (None, None)
    actions.take_case(recall, by=other)


def test_a_clinic_without_navigators_has_the_task_on_everybodys_list(shadyside: Site) -> None:
    task = with_barrier(shadyside).work_items.get()
    assert (task.assigned_to, task.done_at) == (None, None)
    assert task.due_at <= calendar.add_business_days(shadyside, timezone.now(), 1)


def test_nobody_has_more_open_cases_than_the_site_allows(shadyside: Site, foothills: Site, staff: SiteStaff) -> None:
    NavigationPolicy.objects.create(site=shadyside, most_cases=2)
    first, second, third = (with_barrier(shadyside) for _ in range(3))
    for recall in (first, second):
        actions.take_case(recall, by=staff.navigator)
    with pytest.raises(StepUnavailable, match="limit of 2"):
        actions.take_case(third, by=staff.navigator)
    actions.decline(first, by=staff.scheduler, note="Said no.")  # a case is over with its recall
    actions.take_case(third, by=staff.navigator)


def test_a_case_is_over_with_its_recall_and_goes_on_when_that_is_reopened(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, navigator_case=True)
    actions.mark_deceased(recall, calendar.today(shadyside), by=staff.scheduler, note="Said by the family.")
    assert not NavigatorCase.objects.still_open().exists()
    actions.not_deceased(recall, by=staff.manager, note="Another person of the same name.")
    assert NavigatorCase.objects.still_open().get().navigator == staff.navigator


def test_minutes_are_added_to_an_open_case_only(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, navigator_case=True)
    actions.log_case_minutes(recall, 15, by=staff.navigator)
    for wrong in (0, 601):
        with pytest.raises(ValidationError):
            actions.log_case_minutes(recall, wrong, by=staff.navigator)
    actions.end_case(recall, CaseEnd.DONE, 5, by=staff.navigator)
    with pytest.raises(StepUnavailable):
        actions.log_case_minutes(recall, 15, by=staff.navigator)
    assert list(CaseMinutes.objects.values_list("minutes", flat=True)) == [15, 5]


def test_what_was_said_before_the_case_opens_no_new_deadline(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside)
    due = recall.due_at
    actions.state_barrier(recall, StatedBarriers((BarrierKind.RIDE,), BarrierSource.CALL), by=staff.scheduler)
    actions.take_case(recall, by=staff.navigator)
    actions.end_case(recall, CaseEnd.DONE, by=staff.navigator)
    assert recall.due_at == due

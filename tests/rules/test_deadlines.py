"""Tests of deadlines: business days, holidays, closed days, daylight saving time, and each state's due time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.calendar import SendWindow
from clinic.factories import SiteFactory, get_site_staff
from clinic.models import Closure, DeadlinePolicy, Site, User
from recalls import actions
from recalls.actions import ContactAttemptInput, OutcomeInput, PathologyInput, RefusalInput, Slot
from recalls.deadlines import follow_up_date
from recalls.enums import Assessment, ConcordanceVerdict, ContactChannel, ContactResult, PathologyClass, VisitKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.architecture.source_files import PRODUCT_FILES, PROJECT_ROOT
from tests.rules.step_actions import TOLD_AT_VISIT, TOLD_BY_PHONE, tomorrow_at_ten

NEW_YORK = ZoneInfo("America/New_York")

pytestmark = pytest.mark.django_db


def _new_york(year: int, month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=NEW_YORK)


def _due_text(recall: Recall) -> str:
    recall.refresh_from_db()
    assert recall.due_at is not None
    return f"{recall.due_at.astimezone(NEW_YORK):%Y-%m-%d %H:%M}"


def _target_text(recall: Recall) -> str:
    recall.refresh_from_db()
    assert recall.target_at is not None
    return f"{recall.target_at.astimezone(NEW_YORK):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        (_new_york(2026, 3, 17), "2026-03-18 17:00"),  # Tuesday: the next day
        (_new_york(2026, 3, 20, 16), "2026-03-23 17:00"),  # Friday: over the weekend
        (_new_york(2026, 3, 21), "2026-03-23 17:00"),  # Saturday: the first day that follows
        (
            _new_york(2026, 11, 25),
            "2026-11-30 17:00",
        ),  # Thanksgiving, and the day after it is a holiday in Pennsylvania
        (_new_york(2026, 12, 24, 16), "2026-12-28 17:00"),  # Christmas, then a weekend
        (_new_york(2026, 3, 6, 16), "2026-03-09 17:00"),  # summer time begins in between
        (_new_york(2026, 10, 30, 16), "2026-11-02 17:00"),  # and ends
        (_new_york(2026, 3, 16, 23, 30), "2026-03-17 17:00"),  # late at night is still that day
    ],
)
def test_the_first_call_is_due_within_one_business_day(
    opened: datetime, due: str, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(opened, tick=False)
    assert _due_text(RecallFactory.create(site=shadyside)) == due


def test_a_closed_day_of_the_site_does_not_count(shadyside: Site, time_machine: TimeMachineFixture) -> None:
    Closure.objects.create(site=shadyside, day=date(2026, 3, 18))
    time_machine.move_to(_new_york(2026, 3, 17), tick=False)
    assert _due_text(RecallFactory.create(site=Site.objects.get(pk=shadyside.pk))) == "2026-03-19 17:00"


def test_another_site_has_its_own_time_zone(foothills: Site, time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(datetime(2026, 3, 18, 5, 0, tzinfo=UTC), tick=False)  # still Tuesday night in Denver
    assert _due_text(RecallFactory.create(site=foothills)) == "2026-03-18 19:00"


def test_the_policy_of_the_site_sets_the_deadlines(db: None, time_machine: TimeMachineFixture) -> None:
    site = SiteFactory.create(policy={"first_call": 3, "visit": 10})
    time_machine.move_to(_new_york(2026, 3, 17), tick=False)
    recall = RecallFactory.create(site=site)
    assert _due_text(recall) == "2026-03-20 17:00"
    assert recall.target_at == _new_york(2026, 3, 27, 17)


def test_a_suspicious_result_wants_the_visit_within_seven_days_of_the_report(
    db: None, time_machine: TimeMachineFixture
) -> None:
    site = SiteFactory.create(policy={"visit": 20})
    time_machine.move_to(_new_york(2026, 3, 17), tick=False)
    recall = RecallFactory.create(site=site, suspicious_screen=True)
    assert recall.suspicious
    assert recall.target_at == _new_york(2026, 3, 24, 17)


def test_each_state_has_its_own_deadline(shadyside: Site, time_machine: TimeMachineFixture) -> None:
    """One recall walked from the opening to the pathologist's answer; Monday March 16 is day 0."""
    time_machine.move_to(_new_york(2026, 3, 16), tick=False)
    recall, cast = RecallFactory.create(site=shadyside), get_site_staff(shadyside)
    actions.book_appointment(recall, Slot(shadyside, _new_york(2026, 3, 19, 9)), by=cast.scheduler)
    # By the end of the visit's day somebody has said whether the patient came.
    assert _due_text(recall) == "2026-03-19 17:00"
    time_machine.move_to(_new_york(2026, 3, 19, 9, 30), tick=False)
    actions.mark_attended(recall, by=cast.scheduler)
    assert _due_text(recall) == "2026-03-20 17:00"  # the outcome within one day
    actions.record_outcome(recall, OutcomeInput(Assessment.SUSPICIOUS_B), by=cast.radiologist)
    assert _due_text(recall) == "2026-03-23 17:00"  # told within two business days
    actions.result_told(recall, TOLD_BY_PHONE, by=cast.navigator)
    # The biopsy within seven days, and a first call to book it within one.
    assert (_due_text(recall), _target_text(recall)) == ("2026-03-20 17:00", "2026-03-26 17:00")
    slot = Slot(shadyside, _new_york(2026, 3, 24, 11), VisitKind.BIOPSY)
    actions.book_biopsy(recall, slot, by=cast.scheduler)
    time_machine.move_to(_new_york(2026, 3, 24, 11, 30), tick=False)
    actions.biopsy_done(recall, by=cast.scheduler)
    assert _due_text(recall) == "2026-03-31 17:00"  # pathology within five business days
    actions.record_pathology(recall, PathologyInput(PathologyClass.INVASIVE), by=cast.radiologist)
    assert _due_text(recall) == "2026-03-25 17:00"  # signed within one business day
    actions.sign_concordance(recall, ConcordanceVerdict.MALIGNANT, by=cast.radiologist)
    assert _due_text(recall) == "2026-03-24 17:00"  # a cancer is told the same day
    actions.result_told(recall, TOLD_BY_PHONE, by=cast.radiologist)
    assert _due_text(recall) == "2026-03-27 17:00"  # treatment arranged within three business days


def test_no_date_that_somebody_types_moves_the_target(shadyside: Site, time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(_new_york(2026, 3, 16), tick=False)
    recall, cast = RecallFactory.create(site=shadyside), get_site_staff(shadyside)
    assert _target_text(recall) == "2026-03-23 17:00"
    later = ContactAttemptInput(
        ContactChannel.PHONE, ContactResult.REACHED_CALLS_BACK, next_try_at=_new_york(2026, 3, 20)
    )
    actions.log_contact(recall, later, by=cast.scheduler)
    actions.hold(recall, date(2026, 6, 1), by=cast.navigator, note="Is away.")
    assert _target_text(recall) == "2026-03-23 17:00"
    actions.resume(recall, by=cast.navigator)
    actions.book_appointment(recall, Slot(shadyside, _new_york(2026, 5, 4, 9)), by=cast.scheduler)
    assert _target_text(recall) == "2026-03-23 17:00"


def test_the_system_wakes_when_a_hold_ends_a_follow_up_comes_near_or_an_offer_is_due(
    shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(_new_york(2026, 3, 17), tick=False)
    cast = get_site_staff(shadyside)
    held, declined = RecallFactory.create(site=shadyside), RecallFactory.create(site=shadyside)
    assert held.wake_at is None
    actions.hold(held, date(2026, 4, 9), by=cast.navigator, note="Is away.")
    assert held.wake_at == _new_york(2026, 4, 9, 8)
    actions.resume(held, by=cast.navigator)
    assert held.wake_at is None
    refusal = RefusalInput("fear", offer_again_on=date(2026, 4, 14))
    actions.decline(declined, refusal=refusal, by=cast.scheduler, note="Not now.")
    assert declined.wake_at == _new_york(2026, 4, 14, 8)
    waits = RecallFactory.create(site=shadyside, ended_at=_new_york(2026, 3, 17), probably_benign=True)
    assert waits.follow_up_on is not None
    assert waits.wake_at == calendar.instant(shadyside, waits.follow_up_on - timedelta(days=45), time(8))
    read = RecallFactory.create(site=shadyside, ended_at=_new_york(2026, 3, 17), attended=True)
    at = timezone.now() + timedelta(hours=3)
    actions.record_outcome(read, OutcomeInput(Assessment.BENIGN, release_at=at), by=cast.radiologist)
    assert read.wake_at == at


def test_a_cancelled_biopsy_does_not_extend_the_target(shadyside: Site, time_machine: TimeMachineFixture) -> None:
    recall = RecallFactory.create(site=shadyside, ended_at=_new_york(2026, 3, 17), biopsy_to_book=True)
    before, cast = _target_text(recall), get_site_staff(shadyside)
    time_machine.move_to(_new_york(2026, 3, 18), tick=False)
    slot = Slot(shadyside, tomorrow_at_ten(shadyside), VisitKind.BIOPSY)
    actions.book_biopsy(recall, slot, by=cast.scheduler)
    actions.cancel_biopsy(recall, by=cast.scheduler)
    assert _target_text(recall) == before
    assert _due_text(recall) == "2026-03-19 17:00"  # somebody calls within a business day


def test_earlier_pictures_are_asked_for_chased_and_compared_within_thirty_days(
    shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(_new_york(2026, 3, 16), tick=False)
    recall, cast = RecallFactory.create(site=shadyside, awaiting_priors=True), get_site_staff(shadyside)
    assert _due_text(recall) == "2026-03-17 17:00"
    actions.request_priors(recall, by=cast.scheduler, note="Hillside Sample Clinic")
    assert _due_text(recall) == "2026-03-23 17:00"
    time_machine.move_to(_new_york(2026, 4, 13), tick=False)
    actions.request_priors(recall, by=cast.scheduler, note="Asked again")
    assert _due_text(recall) == "2026-04-15 17:00"  # day 30 after the report, whatever was asked when


def test_a_short_interval_visit_is_booked_within_a_business_day_and_else_45_days_before_it(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, ended_at=_new_york(2026, 3, 17), probably_benign=True)
    visited = calendar.local_day(shadyside, recall.appointments.get().starts_at)
    assert recall.follow_up_on == follow_up_date(visited, 1)
    assert recall.due_at == calendar.add_business_days(shadyside, recall.state_since, 1)
    assert recall.target_at == calendar.closing_time(shadyside, recall.follow_up_on)
    assert recall.wake_at == calendar.instant(shadyside, recall.follow_up_on - timedelta(days=45), time(8))


def test_a_follow_up_in_the_months_that_the_radiologist_chose_comes_back_45_days_before_it(
    shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    recall = RecallFactory.create(site=shadyside, ended_at=_new_york(2026, 3, 17), attended=True)
    time_machine.move_to(_new_york(2026, 3, 17, 15), tick=False)
    outcome = OutcomeInput(Assessment.PROBABLY_BENIGN, follow_up_months=12, told=TOLD_AT_VISIT)
    actions.record_outcome(recall, outcome, by=get_site_staff(shadyside).radiologist)
    visited = calendar.local_day(shadyside, recall.appointments.get().starts_at)
    assert recall.follow_up_on == follow_up_date(visited, 1, months=12)
    assert _due_text(recall) == "2026-03-18 17:00"
    assert recall.wake_at == calendar.instant(shadyside, recall.follow_up_on - timedelta(days=45), time(8))


def test_pictures_that_came_late_are_compared_within_a_business_day(
    shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(_new_york(2026, 3, 16), tick=False)
    recall, cast = RecallFactory.create(site=shadyside, awaiting_priors=True), get_site_staff(shadyside)
    actions.request_priors(recall, by=cast.scheduler)
    time_machine.move_to(_new_york(2026, 3, 20), tick=False)  # Friday
    actions.receive_priors(recall, by=cast.scheduler)
    assert _due_text(recall) == "2026-03-23 17:00"


@pytest.mark.parametrize(
    ("first_visit", "round_", "due"),
    [
        (date(2026, 3, 12), 1, date(2026, 9, 12)),
        (date(2026, 3, 12), 2, date(2027, 3, 12)),
        (date(2026, 3, 12), 3, date(2028, 3, 12)),
        (date(2026, 3, 12), 4, date(2029, 3, 12)),
        (date(2026, 8, 31), 1, date(2027, 2, 28)),  # a month without that day ends earlier
        (date(2024, 2, 29), 2, date(2025, 2, 28)),
    ],
)
def test_rounds_are_due_6_12_24_and_36_months_after_the_first_visit(first_visit: date, round_: int, due: date) -> None:
    assert follow_up_date(first_visit, round_) == due


def test_after_36_months_the_series_is_over_and_somebody_says_when() -> None:
    with pytest.raises(LookupError, match="series is over"):
        follow_up_date(date(2026, 3, 12), 5)
    assert follow_up_date(date(2026, 3, 12), 5, months=12) == date(2027, 3, 12)


@pytest.mark.parametrize(
    ("at", "leaves"),
    [
        (_new_york(2026, 3, 17, 7), _new_york(2026, 3, 17, 8)),
        (_new_york(2026, 3, 17, 10), _new_york(2026, 3, 17, 10)),
        (_new_york(2026, 3, 17, 18), _new_york(2026, 3, 18, 8)),
        (_new_york(2026, 3, 20, 11, 59), _new_york(2026, 3, 20, 11, 59)),
        (_new_york(2026, 3, 20, 12), _new_york(2026, 3, 23, 8)),  # Friday noon
        (_new_york(2026, 3, 7), _new_york(2026, 3, 9, 8)),  # Saturday before summer time begins
        (_new_york(2026, 11, 26), _new_york(2026, 11, 30, 8)),  # Thanksgiving, and the day after it
    ],
)
def test_a_first_notice_leaves_in_opening_days_and_never_on_a_friday_afternoon(
    at: datetime, leaves: datetime, shadyside: Site
) -> None:
    assert calendar.next_send_time(SendWindow.FIRST_NOTICE, shadyside, at) == leaves


def test_a_local_time_skipped_by_daylight_saving_moves_on(shadyside: Site) -> None:
    assert calendar.instant(shadyside, date(2026, 3, 8), time(2, 30)) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)


def test_a_visit_is_not_booked_in_the_past_or_on_a_day_the_site_is_shut(
    shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(_new_york(2026, 3, 17), tick=False)
    recall, cast = RecallFactory.create(site=shadyside), get_site_staff(shadyside)
    for wrong in (_new_york(2026, 3, 16), _new_york(2026, 3, 21), _new_york(2026, 11, 26)):
        with pytest.raises(ValidationError, match=r"past|shut"):
            actions.book_appointment(recall, Slot(shadyside, wrong), by=cast.scheduler)
    assert not recall.appointments.exists()


def test_a_next_attempt_chosen_by_a_user_overrides_the_ladder(
    shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(_new_york(2026, 3, 17), tick=False)
    recall, cast = RecallFactory.create(site=shadyside), get_site_staff(shadyside)
    chosen = _new_york(2026, 3, 17, 15, 30)
    contact = ContactAttemptInput(ContactChannel.PHONE, ContactResult.REACHED_CALLS_BACK, next_try_at=chosen)
    actions.log_contact(recall, contact, by=cast.scheduler)
    assert recall.due_at == chosen
    past = ContactAttemptInput(ContactChannel.PHONE, ContactResult.NO_ANSWER, next_try_at=chosen - timedelta(days=1))
    with pytest.raises(ValidationError, match="future"):
        actions.log_contact(recall, past, by=cast.scheduler)


def test_a_held_recall_is_due_at_eight_on_the_day_the_hold_ends(
    shadyside: Site, scheduler_ana: User, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(_new_york(2026, 3, 17), tick=False)
    recall = RecallFactory.create(site=shadyside)
    actions.hold(recall, date(2026, 4, 9), by=scheduler_ana, note="The patient is travelling.")
    assert _due_text(recall) == "2026-04-09 08:00"


def test_every_deadline_on_the_form_is_read_somewhere(subtests: pytest.Subtests) -> None:
    """A manager must not believe in an alarm that does not exist."""
    readers = (path for path in PRODUCT_FILES if not path.is_relative_to(PROJECT_ROOT / "clinic"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in readers)
    for field in DeadlinePolicy._meta.get_fields():
        if isinstance(field, models.PositiveSmallIntegerField):
            with subtests.test(field.name):
                assert f"policy.{field.name}" in text or f'"{field.name}"' in text

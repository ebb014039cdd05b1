"""Tests that a result is open until somebody has told the patient: who, when, how, and what if a message fails."""

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.actors import SYSTEM
from clinic.factories import SiteStaff
from clinic.models import Site
from patients.factories import PatientFactory, ReferringProviderFactory
from recalls import actions
from recalls.actions import DisclosureInput, OutcomeInput
from recalls.enums import Assessment, DisclosureMethod, Listener, State
from recalls.models import OutcomeRelease, Recall
from recalls.permissions import NotPermitted, StepUnavailable
from recalls.tasks import apply_due_steps
from recalls.testing.factories import RecallFactory
from tests.rules.step_actions import MONDAY, TOLD_AT_VISIT, TOLD_BY_PHONE

pytestmark = pytest.mark.django_db


@pytest.fixture
def suspicious(visited: Recall, staff: SiteStaff) -> Recall:
    """A 4B that nobody has told yet."""
    actions.record_outcome(visited, OutcomeInput(Assessment.SUSPICIOUS_B), by=staff.radiologist)
    return visited


@pytest.fixture
def benign(visited: Recall, staff: SiteStaff) -> Recall:
    """A 2 that nobody has told yet."""
    actions.record_outcome(visited, OutcomeInput(Assessment.BENIGN), by=staff.radiologist)
    return visited


def _tell(recall: Recall, staff: SiteStaff, disclosure: DisclosureInput, note: str = "") -> None:
    actions.result_told(recall, disclosure, by=staff.navigator, note=note)


@pytest.mark.parametrize(
    ("assessment", "leads_to"),
    [
        (Assessment.NEGATIVE, State.CLOSED),
        (Assessment.BENIGN, State.CLOSED),
        (Assessment.PROBABLY_BENIGN, State.FOLLOW_UP),
        (Assessment.SUSPICIOUS_A, State.BIOPSY_TO_BOOK),
        (Assessment.HIGHLY_SUGGESTIVE, State.BIOPSY_TO_BOOK),
        (Assessment.NEED_IMAGING, State.TO_CONTACT),
        (Assessment.KNOWN_MALIGNANCY, State.TO_HAND_OVER),
    ],
)
def test_whatever_the_outcome_the_patient_is_told_before_the_recall_goes_on(
    assessment: Assessment, leads_to: State, visited: Recall, staff: SiteStaff
) -> None:
    actions.record_outcome(visited, OutcomeInput(assessment), by=staff.radiologist)
    assert (visited.state, visited.result_since, visited.result_owner) == (
        State.RESULT_TO_TELL, MONDAY, staff.radiologist,
    )  # fmt: skip
    assert visited.due_at == visited.tell_by
    _tell(visited, staff, TOLD_BY_PHONE)
    assert (visited.state, visited.result_since, visited.tell_by, visited.result_owner) == (leads_to, None, None, None)


def test_a_patient_told_at_the_visit_goes_on_at_once_and_the_record_says_who_told_when(
    visited: Recall, staff: SiteStaff
) -> None:
    outcome = OutcomeInput(Assessment.SUSPICIOUS_B, told=TOLD_AT_VISIT)
    actions.record_outcome(visited, outcome, by=staff.radiologist)
    told = visited.disclosures.get()
    assert visited.state == State.BIOPSY_TO_BOOK
    assert (told.method, told.told_at, told.told_by, told.told_to) == (
        DisclosureMethod.AT_VISIT, MONDAY, staff.radiologist.get_full_name(), Listener.PATIENT,
    )  # fmt: skip


def test_a_talk_on_the_phone_is_written_down_with_what_was_understood(suspicious: Recall, staff: SiteStaff) -> None:
    talk = DisclosureInput(
        DisclosureMethod.PHONE, interpreter=True, understood="A needle test is needed.", next_step="Books today."
    )
    _tell(suspicious, staff, talk)
    told = suspicious.disclosures.get()
    assert (told.interpreter, told.understood, told.next_step) == (True, "A needle test is needed.", "Books today.")
    assert told.told_by == staff.navigator.get_full_name()
    assert suspicious.outcomes.get().release.release_at == MONDAY  # what was said may be read from now on


def test_a_scheduler_does_not_tell_a_result(suspicious: Recall, staff: SiteStaff) -> None:
    with pytest.raises(NotPermitted):
        actions.result_told(suspicious, TOLD_BY_PHONE, by=staff.scheduler)
    assert suspicious.state == State.RESULT_TO_TELL


def test_a_proxy_is_told_by_name_only(suspicious: Recall, staff: SiteStaff) -> None:
    with pytest.raises(ValidationError, match="Name the person who was told"):
        _tell(suspicious, staff, DisclosureInput(DisclosureMethod.PHONE, told_to=Listener.PROXY, told_to_name=" "))
    assert suspicious.state == State.RESULT_TO_TELL
    _tell(suspicious, staff, DisclosureInput(DisclosureMethod.PHONE, told_to=Listener.PROXY, told_to_name="Sam Sample"))
    told = suspicious.disclosures.get()
    assert (told.told_to, told.told_to_name) == (Listener.PROXY, "Sam Sample")


def test_a_result_told_by_letter_says_how_it_was_sent(suspicious: Recall, staff: SiteStaff) -> None:
    letter = DisclosureInput(DisclosureMethod.IN_WRITING)
    with pytest.raises(ValidationError, match="Say how it was sent"):
        _tell(suspicious, staff, letter)
    assert not suspicious.disclosures.exists()
    _tell(suspicious, staff, letter, note="Certified letter 7012.")
    assert suspicious.state == State.BIOPSY_TO_BOOK
    assert suspicious.events.latest("pk").note == "Certified letter 7012."


@pytest.mark.parametrize("method", [DisclosureMethod.PHONE, DisclosureMethod.AT_VISIT, DisclosureMethod.IN_WRITING])
def test_nobody_was_told_before_the_result_was_known(
    method: DisclosureMethod, suspicious: Recall, staff: SiteStaff
) -> None:
    early = DisclosureInput(method, told_at=MONDAY - timedelta(minutes=1))
    with pytest.raises(ValidationError, match="known only since Mon 16 Mar, 10:00 am"):
        _tell(suspicious, staff, early, note="By post.")
    _tell(suspicious, staff, DisclosureInput(method, told_at=MONDAY), note="By post.")
    assert suspicious.disclosures.get().told_at == MONDAY


def test_a_referring_doctor_may_have_told_it_before_and_is_named(suspicious: Recall, staff: SiteStaff) -> None:
    before = MONDAY - timedelta(hours=3)
    with pytest.raises(ValidationError, match="Name who told the patient"):
        _tell(suspicious, staff, DisclosureInput(DisclosureMethod.REFERRER, told_at=before))
    _tell(suspicious, staff, DisclosureInput(DisclosureMethod.REFERRER, told_at=before, told_by="Dr. Referra Example"))
    told = suspicious.disclosures.get()
    assert (told.told_by, told.told_at, told.at) == ("Dr. Referra Example", before, MONDAY)


def test_nobody_is_told_in_the_future(suspicious: Recall, staff: SiteStaff) -> None:
    with pytest.raises(ValidationError, match="has not come yet"):
        _tell(suspicious, staff, DisclosureInput(DisclosureMethod.PHONE, told_at=MONDAY + timedelta(minutes=1)))


def test_a_result_is_told_once(suspicious: Recall, staff: SiteStaff) -> None:
    _tell(suspicious, staff, TOLD_BY_PHONE)
    with pytest.raises(StepUnavailable, match="Not while the recall is “Biopsy to book”"):
        _tell(suspicious, staff, TOLD_BY_PHONE)
    assert suspicious.disclosures.count() == 1


def test_a_benign_result_released_now_counts_as_told_in_writing(benign: Recall, staff: SiteStaff) -> None:
    actions.release_outcome(benign, MONDAY, by=staff.radiologist)
    assert (benign.state, benign.closure_reason, benign.told_in_writing) == (State.CLOSED, "benign", True)
    assert benign.disclosures.get().method == DisclosureMethod.IN_WRITING
    assert benign.outcomes.get().release.release_at == MONDAY


def test_a_later_release_waits_and_stays_due_by_the_limit(
    visited: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    release_at = MONDAY + timedelta(hours=20)
    outcome = OutcomeInput(Assessment.PROBABLY_BENIGN, release_at=release_at)
    actions.record_outcome(visited, outcome, by=staff.radiologist)
    limit = calendar.add_business_days(visited.site, MONDAY, 2)
    assert (visited.state, visited.wake_at, visited.due_at) == (State.RESULT_TO_TELL, release_at, limit)
    time_machine.move_to(release_at - timedelta(seconds=1), tick=False)
    assert apply_due_steps()["release_due"] == 0
    assert not visited.disclosures.exists()
    time_machine.move_to(release_at, tick=False)
    assert apply_due_steps()["release_due"] == 1
    visited.refresh_from_db()
    assert (visited.state, visited.told_in_writing, visited.result_since) == (State.FOLLOW_UP, True, None)
    assert visited.disclosures.get().told_at == release_at


def test_a_patient_told_by_phone_before_a_later_release_is_not_told_again_by_it(
    visited: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    release_at = MONDAY + timedelta(hours=20)
    actions.record_outcome(visited, OutcomeInput(Assessment.BENIGN, release_at=release_at), by=staff.radiologist)
    _tell(visited, staff, TOLD_BY_PHONE)
    assert (visited.state, visited.wake_at) == (State.CLOSED, None)
    time_machine.move_to(release_at, tick=False)
    assert apply_due_steps()["release_due"] == 0
    assert visited.disclosures.count() == 1


def test_a_release_after_the_limit_is_refused(visited: Recall, staff: SiteStaff) -> None:
    late, refused = datetime(2026, 3, 18, 21, 1, tzinfo=MONDAY.tzinfo), "must be told by Wed 18 Mar, 5:00 pm"
    with pytest.raises(ValidationError, match=refused):
        actions.record_outcome(visited, OutcomeInput(Assessment.BENIGN, release_at=late), by=staff.radiologist)
    visited.refresh_from_db()
    assert visited.state == State.AWAITING_OUTCOME
    actions.record_outcome(visited, OutcomeInput(Assessment.BENIGN), by=staff.radiologist)
    with pytest.raises(ValidationError, match=refused):
        actions.release_outcome(visited, late, by=staff.radiologist)
    assert not OutcomeRelease.objects.exists()
    actions.release_outcome(visited, late - timedelta(minutes=1), by=staff.radiologist)
    assert visited.wake_at == late - timedelta(minutes=1)


@pytest.mark.parametrize("assessment", [Assessment.SUSPICIOUS_A, Assessment.NEED_IMAGING, Assessment.KNOWN_MALIGNANCY])
def test_only_a_normal_benign_or_probably_benign_outcome_is_told_in_writing(
    assessment: Assessment, visited: Recall, staff: SiteStaff
) -> None:
    with pytest.raises(ValidationError, match="told in person or by phone"):
        actions.record_outcome(visited, OutcomeInput(assessment, release_at=MONDAY), by=staff.radiologist)
    visited.refresh_from_db()
    actions.record_outcome(visited, OutcomeInput(assessment), by=staff.radiologist)
    with pytest.raises(StepUnavailable, match="tell this one"):
        actions.release_outcome(visited, MONDAY, by=staff.radiologist)
    assert visited.state == State.RESULT_TO_TELL


def test_pathology_is_never_told_in_writing_by_a_release(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, cancer_to_tell=True)
    with pytest.raises(StepUnavailable, match="tell this one"):
        actions.release_outcome(recall, MONDAY, by=staff.radiologist)


def test_a_result_released_to_a_patient_whom_no_message_reaches_falls_to_a_person(
    shadyside: Site, staff: SiteStaff
) -> None:
    patient = PatientFactory.create(site=shadyside, no_email=True, address_line="")
    recall = RecallFactory.create(patient=patient, attended=True)
    outcome = OutcomeInput(Assessment.BENIGN, release_at=MONDAY)
    actions.record_outcome(recall, outcome, by=staff.radiologist)
    assert (recall.state, recall.tell_by) == (State.RESULT_TO_TELL, calendar.add_business_days(shadyside, MONDAY, 2))
    with pytest.raises(StepUnavailable, match="Tell the result in person or by phone"):
        actions.release_outcome(recall, MONDAY, by=staff.radiologist)
    assert not recall.disclosures.exists()


def test_a_patient_who_became_unreachable_before_the_release_is_told_by_a_person(
    visited: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    release_at = MONDAY + timedelta(hours=2)
    actions.record_outcome(visited, OutcomeInput(Assessment.BENIGN, release_at=release_at), by=staff.radiologist)
    visited.patient.contact_points.all().delete()
    visited.patient.address_line = ""
    visited.patient.save()
    time_machine.move_to(release_at, tick=False)
    apply_due_steps()
    visited.refresh_from_db()
    assert (visited.state, visited.wake_at, visited.told_in_writing) == (State.RESULT_TO_TELL, None, False)
    assert not visited.disclosures.exists()


@pytest.mark.parametrize(("assessment", "stood"), [("1", State.CLOSED), ("3", State.FOLLOW_UP)])
def test_a_written_result_that_did_not_arrive_comes_back_with_a_limit_of_its_own(
    assessment: str, stood: State, visited: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    outcome = OutcomeInput(Assessment(assessment), release_at=MONDAY)
    actions.record_outcome(visited, outcome, by=staff.radiologist)
    assert visited.state == stood
    later = MONDAY + timedelta(days=4)
    time_machine.move_to(later, tick=False)
    actions.result_undelivered(visited, by=SYSTEM, note="The letter came back.")
    limit = calendar.add_business_days(visited.site, later, 2)
    assert (visited.state, visited.closure_reason, visited.told_in_writing) == (State.RESULT_TO_TELL, "", False)
    assert (visited.result_since, visited.tell_by, visited.due_at) == (later, limit, limit)
    _tell(visited, staff, TOLD_BY_PHONE)
    assert visited.state == stood


def test_a_referring_doctor_who_is_asked_to_tell_has_until_the_next_business_day(
    shadyside: Site, staff: SiteStaff
) -> None:
    doctor = ReferringProviderFactory.create()
    recall = RecallFactory.create(site=shadyside, attended=True, exam__referrer=doctor)
    actions.record_outcome(recall, OutcomeInput(Assessment.SUSPICIOUS_B), by=staff.radiologist)
    actions.ask_referrer_to_tell(recall, by=staff.radiologist)
    assert (recall.state, recall.due_at) == (State.RESULT_TO_TELL, calendar.add_business_days(shadyside, MONDAY, 1))
    assert recall.target_at == recall.tell_by  # and the limit stays
    assert recall.contact_attempts.latest("pk").channel == "referrer"


def test_nobody_is_asked_to_tell_a_patient_without_a_referring_doctor(suspicious: Recall, staff: SiteStaff) -> None:
    with pytest.raises(StepUnavailable, match="No referring doctor is known"):
        actions.ask_referrer_to_tell(suspicious, by=staff.radiologist)
    assert suspicious.due_at == suspicious.tell_by


def test_the_wish_how_to_hear_results_is_kept_with_the_patient(suspicious: Recall, staff: SiteStaff) -> None:
    wish = {"channel": "phone", "not_before_weekend": True, "proxy_name": "Sam Sample"}
    actions.record_wishes(suspicious, wish, by=staff.navigator)
    actions.record_wishes(suspicious, {"proxy_name": "Kim Sample"}, by=staff.navigator)
    said = suspicious.patient.result_wish
    assert (said.channel, said.not_before_weekend, said.proxy_name) == ("phone", True, "Kim Sample")
    assert suspicious.state == State.RESULT_TO_TELL


def test_the_desk_tells_a_biopsy_advised_without_a_visit_first(shadyside: Site, staff: SiteStaff) -> None:
    told, untold = (RecallFactory.create(site=shadyside, suspicious_screen=True) for _ in range(2))
    actions.advise_biopsy(untold, by=staff.radiologist)
    assert (untold.state, untold.tell_by) == (State.RESULT_TO_TELL, calendar.add_business_days(shadyside, MONDAY, 2))
    actions.advise_biopsy(told, told=TOLD_BY_PHONE, by=staff.radiologist)
    assert (told.state, told.disclosures.count()) == (State.BIOPSY_TO_BOOK, 1)

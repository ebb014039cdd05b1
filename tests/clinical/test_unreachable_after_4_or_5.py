"""Cases of a patient with a 4 or 5 who does not answer or does not come: the tries go on until a radiologist signs."""

import pytest

from clinic.actors import PATIENT
from clinic.contact_ladder import DEFAULT_LADDER, LOST_AFTER_DAYS, URGENT_LADDER, ContactLadder
from clinic.factories import UserFactory
from clinic.roles import Role
from notifications.enums import NotificationKind
from patients.factories import ReferringProviderFactory
from recalls import actions
from recalls.actions import ContactAttemptInput
from recalls.enums import (
    Assessment,
    ClosureReason,
    ConcordanceVerdict,
    ContactChannel,
    ContactResult,
    DisclosureMethod,
    PathologyClass,
    State,
    WorkItemKind,
)
from recalls.permissions import StepRefused
from tests.clinical.pathway import Pathway

pytestmark = pytest.mark.django_db
FIRST_RECALL_LADDER = ContactLadder(DEFAULT_LADDER, LOST_AFTER_DAYS)


def _close_as_lost(pathway: Pathway, role: str = "radiologist") -> None:
    actions.close_lost(pathway.recall, by=getattr(pathway.staff, role), note="Every way was tried.")


def test_each_try_to_book_an_advised_biopsy_sets_the_day_of_the_next_one(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    assert pathway.due_day() == pathway.open_day(1)
    pathway.days_pass(1)
    pathway.call()
    assert pathway.due_day() == pathway.open_day(1)
    pathway.days_pass(1)
    pathway.call(ContactResult.LEFT_MESSAGE)
    assert pathway.due_day() == pathway.open_day(2)
    assert NotificationKind.PLEASE_CALL in pathway.messages()


def test_a_patient_with_a_biopsy_advised_is_called_lost_by_a_radiologist_and_nobody_else(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    with pytest.raises(StepRefused, match="ladder is not complete"):
        _close_as_lost(pathway)
    pathway.climb(URGENT_LADDER)
    with pytest.raises(StepRefused, match="role"):
        _close_as_lost(pathway, "manager")
    _close_as_lost(pathway)
    assert pathway.stands == (State.CLOSED, ClosureReason.LOST_TO_FOLLOW_UP)


def test_the_referring_doctor_hears_that_a_patient_with_a_biopsy_advised_is_not_reached(pathway: Pathway) -> None:
    pathway.screen(referrer=ReferringProviderFactory.create())
    pathway.visit()
    pathway.outcome(Assessment.HIGHLY_SUGGESTIVE, told=True)
    occasions = _referrer_occasions(pathway)
    assert [name for name in occasions if name.startswith("unreachable")]


def _referrer_occasions(pathway: Pathway) -> list[str]:
    rows = pathway.recall.notifications.filter(kind=NotificationKind.REFERRER_NOTICE)
    return list(rows.values_list("occasion", flat=True))


def test_a_screening_5_that_never_answers_the_first_recall_is_signed_off_by_a_radiologist(pathway: Pathway) -> None:
    pathway.screen(Assessment.HIGHLY_SUGGESTIVE)
    pathway.climb(FIRST_RECALL_LADDER)
    assert NotificationKind.LAST_LETTER not in pathway.messages(), "a certified letter was logged by hand"
    with pytest.raises(StepRefused, match="role"):
        _close_as_lost(pathway, "manager")
    _close_as_lost(pathway)
    assert pathway.stands == (State.CLOSED, ClosureReason.LOST_TO_FOLLOW_UP)


def test_a_missed_visit_goes_on_with_the_tries_where_they_were(pathway: Pathway) -> None:
    pathway.screen()
    pathway.days_pass(1)
    pathway.call()
    began = pathway.current.contact_since
    for _miss in range(3):
        pathway.book(days=5)
        pathway.miss()
        assert pathway.due_day() == pathway.open_day(1), "somebody calls on the next business day"
    assert pathway.current.contact_since == began


def test_a_repeat_biopsy_missed_three_times_is_still_open_and_counts_from_the_day_it_was_advised(
    pathway: Pathway,
) -> None:
    pathway.advise_biopsy_at_visit(Assessment.SUSPICIOUS_C)
    pathway.biopsy()
    pathway.tissue(PathologyClass.INSUFFICIENT, ConcordanceVerdict.INSUFFICIENT)
    pathway.told()
    advised, target = pathway.current.biopsy_since, pathway.current.target_at
    for _miss in range(3):
        pathway.book_biopsy()
        pathway.miss()
        assert pathway.is_open_in(State.BIOPSY_TO_BOOK)
        assert pathway.due_day() == pathway.open_day(1)
    assert (pathway.current.biopsy_since, pathway.current.target_at) == (advised, target)


def test_a_patient_who_was_lost_and_rings_is_taken_back_by_whoever_answers_the_phone(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.climb(URGENT_LADDER)
    _close_as_lost(pathway)
    pathway.days_pass(20)
    actions.take_back(pathway.recall, by=pathway.staff.scheduler, note="Rang: wants the biopsy.")
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)
    pathway.biopsy()
    assert pathway.is_open_in(State.AWAITING_PATHOLOGY)


def test_a_lost_patient_who_asks_on_their_own_page_is_called_at_once(pathway: Pathway) -> None:
    pathway.screen()
    pathway.climb(FIRST_RECALL_LADDER)
    _close_as_lost(pathway)
    actions.take_back(pathway.recall, by=PATIENT, note="Please call me.")
    assert pathway.is_open_in(State.TO_CONTACT)
    assert pathway.due_day() == pathway.open_day(1)


def test_a_result_that_cannot_be_told_by_voice_is_told_by_certified_letter_with_its_number(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.SUSPICIOUS_B)
    pathway.climb(URGENT_LADDER)
    assert pathway.is_open_in(State.RESULT_TO_TELL), "a result nobody heard is never lost to follow-up"
    with pytest.raises(StepRefused):
        _close_as_lost(pathway)
    said = actions.DisclosureInput(DisclosureMethod.IN_WRITING)
    actions.result_told(pathway.recall, said, by=pathway.staff.navigator, note="Certified letter 7001 0000.")
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


def test_a_wrong_number_of_a_patient_with_a_5_is_a_task_and_the_tries_go_on(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit(Assessment.HIGHLY_SUGGESTIVE)
    pathway.days_pass(1)
    pathway.call(ContactResult.WRONG_NUMBER)
    assert WorkItemKind.VERIFY_CONTACT in pathway.tasks()
    assert pathway.due_day() == pathway.open_day(1)


def test_whoever_made_the_last_try_does_not_sign_the_patient_off(pathway: Pathway) -> None:
    pathway.screen()
    pathway.climb(FIRST_RECALL_LADDER)
    both = UserFactory.create(roles=[Role.NAVIGATOR, Role.MANAGER], sites=[pathway.site])
    last_try = ContactAttemptInput(ContactChannel.PHONE, ContactResult.NO_ANSWER)
    actions.log_contact(pathway.recall, last_try, by=both)
    with pytest.raises(StepRefused, match="You made the last try"):
        actions.close_lost(pathway.recall, by=both, note="Every way was tried.")
    _close_as_lost(pathway)
    assert pathway.stands == (State.CLOSED, ClosureReason.LOST_TO_FOLLOW_UP)

"""Scenarios that bring a recall into each situation by real steps, timed in working days.

A scenario is a list of steps, each on a working day counted from the opening (day 0) at an hour of the site's clock.
Every step is one of `recalls.actions`, so that no scenario ends in a state that the clinic itself could not reach.
"""

from datetime import time

from clinic.actors import SYSTEM
from recalls import actions
from recalls.enums import (
    Assessment,
    ConcordanceVerdict,
    ContactChannel,
    ContactResult,
    PathologyClass,
    VisitKind,
)
from recalls.testing.scenario_steps import (
    Scenario,
    ScenarioStep,
    book_visit,
    hand_over,
    log_attempt,
    log_call,
    mark_deceased,
    put_on_hold,
    radiologist_step,
    record_outcome,
    record_pathology,
    reschedule,
    resolve_by_priors,
    say_no_ride,
    scheduler_step,
    seen_there,
    sign_concordance,
    take_case,
    tell,
    transfer,
)

_NEED_PRIORS_EXAM = {"assessment": Assessment.NEED_PRIORS}
_SUSPICIOUS_EXAM = {"assessment": Assessment.SUSPICIOUS_B}

_FIRST_CALL = ScenarioStep(1, time(9, 10), log_call(ContactResult.NO_ANSWER))
_BOOKED = (
    ScenarioStep(1, time(8, 40), log_call(ContactResult.REACHED_WILL_BOOK, "Any day this week suits.")),
    ScenarioStep(1, time(8, 50), book_visit(4, time(8, 30))),
)
_ATTENDED = (*_BOOKED, ScenarioStep(4, time(9, 20), scheduler_step(actions.mark_attended)))
_BIOPSY_ADVISED = (*_ATTENDED, ScenarioStep(4, time(10, 40), record_outcome(Assessment.SUSPICIOUS_B, told=True)))
_BIOPSY_BOOKED = (*_BIOPSY_ADVISED, ScenarioStep(5, time(9, 40), book_visit(8, time(8, 30), VisitKind.BIOPSY)))
_BIOPSY_DONE = (*_BIOPSY_BOOKED, ScenarioStep(8, time(9, 40), scheduler_step(actions.biopsy_done)))
_THREE_CALLS = (
    _FIRST_CALL,
    ScenarioStep(3, time(12, 20), log_call(ContactResult.LEFT_MESSAGE, "Name and number only.")),
    ScenarioStep(7, time(8, 30), log_call(ContactResult.NO_ANSWER)),
)
_NO_RIDE = ScenarioStep(1, time(11, 0), say_no_ride)
_FULL_LADDER = (
    *_THREE_CALLS,
    ScenarioStep(8, time(11, 0), log_attempt(ContactChannel.LETTER)),
    ScenarioStep(12, time(9, 30), log_attempt(ContactChannel.REFERRER)),
    ScenarioStep(15, time(11, 30), log_attempt(ContactChannel.ADDRESS_CHECK, ContactResult.DONE)),
    ScenarioStep(22, time(10, 0), log_attempt(ContactChannel.CERTIFIED_LETTER)),
    ScenarioStep(33, time(12, 30), log_attempt(ContactChannel.NAVIGATOR, ContactResult.DONE)),
)
_PRIORS_REQUESTED = ScenarioStep(
    1, time(11, 0), scheduler_step(actions.request_priors, "Asked Hillside Sample Clinic.")
)
_PRIORS_RECEIVED = ScenarioStep(5, time(9, 20), scheduler_step(actions.receive_priors))


def _with_pathology(result: PathologyClass, verdict: ConcordanceVerdict, *after: ScenarioStep) -> Scenario:
    return Scenario(
        (
            *_BIOPSY_DONE,
            ScenarioStep(11, time(11, 0), record_pathology(result)),
            ScenarioStep(12, time(9, 0), sign_concordance(verdict)),
            *after,
        )
    )


_RESULT_TOLD = ScenarioStep(12, time(9, 30), tell)
_HANDED_OVER = ScenarioStep(13, time(10, 0), hand_over)
_SEEN_THERE = ScenarioStep(18, time(11, 0), seen_there)


SCENARIOS: dict[str, Scenario] = {
    # Waiting for a call.
    "to_contact": Scenario(),
    "suspicious_screen": Scenario(exam_fields=_SUSPICIOUS_EXAM),
    "called_once": Scenario((_FIRST_CALL,)),
    "left_message": Scenario(
        (ScenarioStep(1, time(11, 20), log_call(ContactResult.LEFT_MESSAGE, "Name and number only.")),)
    ),
    "ready_to_book": Scenario((_BOOKED[0],)),
    "wrong_number": Scenario((ScenarioStep(1, time(11, 40), log_call(ContactResult.WRONG_NUMBER)),)),
    "three_attempts": Scenario(_THREE_CALLS),
    "barrier": Scenario((_NO_RIDE,)),
    "navigator_case": Scenario((_NO_RIDE, ScenarioStep(1, time(12, 0), take_case))),
    "ladder_complete": Scenario(
        (*_FULL_LADDER, ScenarioStep(43, time(9, 30), log_attempt(ContactChannel.NAVIGATOR, ContactResult.DONE)))
    ),
    "cancelled": Scenario(
        (
            *_BOOKED,
            ScenarioStep(3, time(12, 0), scheduler_step(actions.cancel_appointment, "Has no one to drive them.")),
        )
    ),
    "missed": Scenario((*_BOOKED, ScenarioStep(4, time(10, 0), scheduler_step(actions.mark_missed)))),
    "more_imaging": Scenario(
        (*_ATTENDED, ScenarioStep(4, time(10, 40), record_outcome(Assessment.NEED_IMAGING, told=True)))
    ),
    "priors_not_enough": Scenario(
        (_PRIORS_REQUESTED, _PRIORS_RECEIVED, ScenarioStep(6, time(10, 0), radiologist_step(actions.need_imaging))),
        _NEED_PRIORS_EXAM,
    ),
    "reopened": Scenario(
        (
            _FIRST_CALL,
            ScenarioStep(2, time(12, 0), scheduler_step(actions.decline, "Goes to another clinic.")),
            ScenarioStep(6, time(9, 45), radiologist_step(actions.reopen, "Called: wants to come after all.")),
        )
    ),
    # A visit is booked, or has been.
    "booked": Scenario(_BOOKED),
    "booked_ahead": Scenario((_BOOKED[0], ScenarioStep(1, time(8, 50), book_visit(9, time(9, 30))))),
    "confirmed": Scenario((*_BOOKED, ScenarioStep(2, time(12, 0), scheduler_step(actions.confirm)))),
    "rescheduled": Scenario((*_BOOKED, ScenarioStep(2, time(9, 50), reschedule(6, time(10, 30))))),
    "attended": Scenario(_ATTENDED),
    # Prior images.
    "awaiting_priors": Scenario(exam_fields=_NEED_PRIORS_EXAM),
    "priors_requested": Scenario((_PRIORS_REQUESTED,), _NEED_PRIORS_EXAM),
    "priors_received": Scenario((_PRIORS_REQUESTED, _PRIORS_RECEIVED), _NEED_PRIORS_EXAM),
    "resolved_by_priors": Scenario(
        (
            _PRIORS_REQUESTED,
            _PRIORS_RECEIVED,
            ScenarioStep(6, time(10, 0), resolve_by_priors),
        ),
        _NEED_PRIORS_EXAM,
    ),
    # The radiologist's answer.
    "closed_normal": Scenario(
        (*_ATTENDED, ScenarioStep(4, time(10, 40), record_outcome(Assessment.NEGATIVE, written=True)))
    ),
    "closed_benign": Scenario(
        (*_ATTENDED, ScenarioStep(4, time(10, 40), record_outcome(Assessment.BENIGN, written=True)))
    ),
    "probably_benign": Scenario(
        (*_ATTENDED, ScenarioStep(4, time(10, 40), record_outcome(Assessment.PROBABLY_BENIGN, written=True)))
    ),
    "benign_to_tell": Scenario((*_ATTENDED, ScenarioStep(4, time(10, 40), record_outcome(Assessment.BENIGN)))),
    "suspicious_to_tell": Scenario(
        (*_ATTENDED, ScenarioStep(4, time(10, 40), record_outcome(Assessment.HIGHLY_SUGGESTIVE)))
    ),
    "next_round": Scenario(
        (
            *_ATTENDED,
            ScenarioStep(4, time(10, 40), record_outcome(Assessment.PROBABLY_BENIGN, written=True)),
            ScenarioStep(102, time(8, 0), lambda context: actions.follow_up_due(context.recall, by=SYSTEM)),
        )
    ),
    # Biopsy.
    "straight_to_biopsy": Scenario(
        (
            ScenarioStep(1, time(9, 15), radiologist_step(actions.advise_biopsy)),
            ScenarioStep(1, time(9, 40), tell),
        ),
        _SUSPICIOUS_EXAM,
    ),
    "biopsy_to_book": Scenario(_BIOPSY_ADVISED),
    "biopsy_booked": Scenario(_BIOPSY_BOOKED),
    "biopsy_missed": Scenario((*_BIOPSY_BOOKED, ScenarioStep(8, time(10, 0), scheduler_step(actions.biopsy_missed)))),
    "awaiting_pathology": Scenario(_BIOPSY_DONE),
    "awaiting_concordance": Scenario(
        (*_BIOPSY_DONE, ScenarioStep(11, time(11, 0), record_pathology(PathologyClass.BENIGN)))
    ),
    "benign_concordant": _with_pathology(PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN, _RESULT_TOLD),
    "high_risk": _with_pathology(
        PathologyClass.HIGH_RISK, ConcordanceVerdict.HIGH_RISK, _RESULT_TOLD, _HANDED_OVER, _SEEN_THERE
    ),
    "cancer_to_tell": _with_pathology(PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT),
    "to_hand_over": _with_pathology(PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT, _RESULT_TOLD),
    "cancer": _with_pathology(PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT, _RESULT_TOLD, _HANDED_OVER),
    "cancer_in_treatment": _with_pathology(
        PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT, _RESULT_TOLD, _HANDED_OVER, _SEEN_THERE
    ),
    "discordant": _with_pathology(PathologyClass.BENIGN, ConcordanceVerdict.DISCORDANT, _RESULT_TOLD),
    # On hold, or closed another way.
    "on_hold": Scenario((_FIRST_CALL, ScenarioStep(3, time(10, 0), put_on_hold))),
    "declined": Scenario(
        (_FIRST_CALL, ScenarioStep(3, time(12, 30), scheduler_step(actions.decline, "Wants no additional imaging.")))
    ),
    "transferred": Scenario((ScenarioStep(2, time(11, 0), transfer),)),
    "deceased": Scenario((_FIRST_CALL, ScenarioStep(4, time(10, 0), mark_deceased))),
    "lost": Scenario(
        (*_FULL_LADDER, ScenarioStep(45, time(9, 0), radiologist_step(actions.close_lost, "Every way was tried.")))
    ),
    "void": Scenario(
        (ScenarioStep(1, time(8, 30), radiologist_step(actions.void, "Read on the wrong patient's record.")),)
    ),
}

# Finished stories of the demo that did not go straight: a clinic where everybody came at once has no believable waits.
DETOURS: dict[str, Scenario] = {
    "came_after_second_call": Scenario(
        (
            _FIRST_CALL,
            ScenarioStep(3, time(8, 40), log_call(ContactResult.REACHED_WILL_BOOK)),
            ScenarioStep(3, time(8, 50), book_visit(6, time(8, 30))),
            ScenarioStep(6, time(9, 20), scheduler_step(actions.mark_attended)),
            ScenarioStep(6, time(10, 40), record_outcome(Assessment.NEGATIVE, written=True)),
        )
    ),
    "came_later": Scenario(
        (
            _BOOKED[0],
            ScenarioStep(1, time(8, 50), book_visit(9, time(9, 30))),
            ScenarioStep(9, time(10, 20), scheduler_step(actions.mark_attended)),
            ScenarioStep(9, time(11, 40), record_outcome(Assessment.BENIGN, written=True)),
        )
    ),
    "came_after_missed": Scenario(
        (
            *_BOOKED,
            ScenarioStep(4, time(10, 0), scheduler_step(actions.mark_missed)),
            ScenarioStep(5, time(8, 40), log_call(ContactResult.REACHED_WILL_BOOK, "Had no ride.")),
            ScenarioStep(5, time(8, 50), book_visit(8, time(8, 30))),
            ScenarioStep(8, time(9, 20), scheduler_step(actions.mark_attended)),
            ScenarioStep(8, time(10, 40), record_outcome(Assessment.NEGATIVE, written=True)),
        )
    ),
}

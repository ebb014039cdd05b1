"""By which real steps does a recall come to stand where it stands? One short story per situation, told in working days.

A story is a list of steps, each on a working day counted from the opening (day 0) at an hour of the clinic's clock, and
every step is one of `recalls.actions`: no story can end in a state that the clinic itself could not reach.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from clinic import calendar
from clinic.actors import SYSTEM
from clinic.factories import Cast
from clinic.models import Site
from patients.models import ContactPoint
from recalls import actions, slots
from recalls.actions import Contact, Reading, Slot
from recalls.models import Recall
from recalls.states import Assessment, ConcordanceVerdict, ContactChannel, ContactResult, PathologyClass, VisitKind

OPENING = time(8, 15)
USUAL_MINUTES = 60


@dataclass(slots=True)
class Tale:
    """A recall while its story is told: who works on it, on which day it began, how much later in the day it plays."""

    recall: Recall
    cast: Cast
    day_zero: date
    later: timedelta = timedelta(0)

    def at(self, day: int, hour: time) -> datetime:
        """That hour of a working day of the story, as UTC."""
        site = self.recall.site
        return calendar.instant(site, open_day(site, self.day_zero, day), hour) + self.later


Act = Callable[[Tale], Any]


@dataclass(frozen=True, slots=True)
class Beat:
    """One step of a story: on that working day after the opening, at that hour at the site."""

    day: int
    hour: time
    act: Act


@dataclass(frozen=True, slots=True)
class Story:
    """What the screening showed where it matters (`exam`), and the steps after the opening."""

    beats: tuple[Beat, ...] = ()
    exam: Mapping[str, Any] = field(default_factory=dict)

    def day_zero(self, site: Site, end: datetime, later: timedelta = timedelta(0)) -> date:
        """The last working day on which the story can begin so that all of it has happened by `end`."""
        last = self.beats[-1] if self.beats else Beat(0, OPENING, lambda _tale: None)
        day = open_day(site, calendar.local_day(site, end), 0)
        while calendar.instant(site, day, last.hour) + later > end:
            day = open_day(site, day, -1)
        return open_day(site, day, -last.day)


def open_day(site: Site, start: date, count: int) -> date:
    """`count` working days after `start`, or before it when negative; 0 is `start` itself or the last one before it."""
    day = start
    while not calendar.is_open_day(site, day):
        day -= timedelta(days=1)
    one = timedelta(days=1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += one
        while not calendar.is_open_day(site, day):
            day += one
    return day


def tell(story: Story, tale: Tale) -> Iterator[tuple[datetime, Act]]:
    """Each step with the instant at which it is to be taken."""
    for beat in story.beats:
        yield tale.at(beat.day, beat.hour), beat.act


def _call(result: ContactResult, note: str = "") -> Act:
    contact = Contact(ContactChannel.PHONE, result, point=ContactPoint.Kind.MOBILE, note=note)
    return lambda tale: actions.log_contact(tale.recall, contact, by=tale.cast.scheduler)


def _try_by(channel: ContactChannel, result: ContactResult = ContactResult.SENT) -> Act:
    return lambda tale: actions.log_contact(tale.recall, Contact(channel, result), by=tale.cast.navigator)


def _book(day: int, hour: time, kind: VisitKind = VisitKind.DIAGNOSTIC) -> Act:
    def book(tale: Tale) -> None:
        interpreter = tale.recall.patient.interpreter_needed
        at, site = tale.at(day, hour), tale.recall.site
        room = slots.free_room(site, kind, at, USUAL_MINUTES)
        slot = Slot(site, at, kind, USUAL_MINUTES, interpreter, room)
        wanted = actions.book_biopsy if kind == VisitKind.BIOPSY else actions.book_appointment
        wanted(tale.recall, slot, by=tale.cast.scheduler)

    return book


def _roomy(tale: Tale, at: datetime) -> Slot:
    """That time, in a room where the site has one free."""
    kind = VisitKind.DIAGNOSTIC
    return Slot(tale.recall.site, at, kind, room=slots.free_room(tale.recall.site, kind, at, USUAL_MINUTES))


def _move_to(day: int, hour: time) -> Act:
    return lambda tale: actions.reschedule(
        tale.recall,
        _roomy(tale, tale.at(day, hour)),
        by=tale.cast.scheduler,
        note="She asked for another day.",
    )


def _desk(step: Callable[..., Any], note: str = "") -> Act:
    return lambda tale: step(tale.recall, by=tale.cast.scheduler, note=note)


def _reader(step: Callable[..., Any], note: str = "") -> Act:
    return lambda tale: step(tale.recall, by=tale.cast.radiologist, note=note)


def _outcome(assessment: Assessment, *, released: bool = True) -> Act:
    def record(tale: Tale) -> None:
        reading = Reading(assessment, release_at=timezone.now() if released else None)
        actions.record_outcome(tale.recall, reading, by=tale.cast.radiologist)

    return record


def _pathology(result: PathologyClass) -> Act:
    return lambda tale: actions.record_pathology(
        tale.recall, result, specimen=f"S-{tale.recall.pk:05}", by=tale.cast.radiologist
    )


def _sign(verdict: ConcordanceVerdict) -> Act:
    return lambda tale: actions.sign_concordance(tale.recall, verdict, by=tale.cast.radiologist)


def _hold(tale: Tale) -> None:
    until = open_day(tale.recall.site, calendar.local_day(tale.recall.site, timezone.now()), 8)
    actions.hold(tale.recall, until, by=tale.cast.navigator, note="She is away and asked to be rung afterwards.")


def _died(tale: Tale) -> None:
    on = calendar.local_day(tale.recall.site, timezone.now()) - timedelta(days=3)
    actions.mark_deceased(tale.recall, on, by=tale.cast.navigator, note="Her family told us.")


R, A, P, V = ContactResult, Assessment, PathologyClass, ConcordanceVerdict
_PRIORS = {"assessment": A.NEED_PRIORS}
_SUSPICIOUS = {"assessment": A.SUSPICIOUS_B}

_FIRST_CALL = Beat(1, time(9, 10), _call(R.NO_ANSWER))
_BOOKED = (
    Beat(1, time(8, 40), _call(R.REACHED_WILL_BOOK, "Any day this week suits her.")),
    Beat(1, time(8, 50), _book(4, time(8, 30))),
)
_CAME = (*_BOOKED, Beat(4, time(9, 20), _desk(actions.mark_attended)))
_BIOPSY_ADVISED = (*_CAME, Beat(4, time(10, 40), _outcome(A.SUSPICIOUS_B, released=False)))
_BIOPSY_BOOKED = (*_BIOPSY_ADVISED, Beat(5, time(9, 40), _book(8, time(8, 30), VisitKind.BIOPSY)))
_BIOPSY_DONE = (*_BIOPSY_BOOKED, Beat(8, time(9, 40), _desk(actions.biopsy_done)))
_THREE_CALLS = (
    _FIRST_CALL,
    Beat(3, time(12, 20), _call(R.LEFT_MESSAGE, "Name and number only.")),
    Beat(7, time(8, 30), _call(R.NO_ANSWER)),
)
_WHOLE_LADDER = (
    *_THREE_CALLS,
    Beat(8, time(11, 0), _try_by(ContactChannel.LETTER)),
    Beat(12, time(9, 30), _try_by(ContactChannel.REFERRER)),
    Beat(15, time(11, 30), _try_by(ContactChannel.ADDRESS_CHECK, R.DONE)),
    Beat(22, time(10, 0), _try_by(ContactChannel.CERTIFIED_LETTER)),
    Beat(33, time(12, 30), _try_by(ContactChannel.NAVIGATOR, R.DONE)),
)
_PRIORS_ASKED = Beat(1, time(11, 0), _desk(actions.request_priors, "Asked Hillside Sample Clinic."))
_PRIORS_HERE = Beat(5, time(9, 20), _desk(actions.receive_priors))


def _with_pathology(result: PathologyClass, verdict: ConcordanceVerdict) -> Story:
    return Story((*_BIOPSY_DONE, Beat(11, time(11, 0), _pathology(result)), Beat(12, time(9, 0), _sign(verdict))))


STORIES: dict[str, Story] = {
    # Waiting for a call.
    "to_contact": Story(),
    "suspicious_screen": Story(exam=_SUSPICIOUS),
    "called_once": Story((_FIRST_CALL,)),
    "left_message": Story((Beat(1, time(11, 20), _call(R.LEFT_MESSAGE, "Name and number only.")),)),
    "ready_to_book": Story((_BOOKED[0],)),
    "wrong_number": Story((Beat(1, time(11, 40), _call(R.WRONG_NUMBER)),)),
    "three_attempts": Story(_THREE_CALLS),
    "ladder_complete": Story((*_WHOLE_LADDER, Beat(43, time(9, 30), _try_by(ContactChannel.NAVIGATOR, R.DONE)))),
    "cancelled": Story(
        (*_BOOKED, Beat(3, time(12, 0), _desk(actions.cancel_appointment, "She has no one to drive her.")))
    ),
    "missed": Story((*_BOOKED, Beat(4, time(10, 0), _desk(actions.mark_missed)))),
    "more_imaging": Story((*_CAME, Beat(4, time(10, 40), _outcome(A.NEED_IMAGING, released=False)))),
    "priors_not_enough": Story(
        (_PRIORS_ASKED, _PRIORS_HERE, Beat(6, time(10, 0), _reader(actions.need_imaging))), _PRIORS
    ),
    "reopened": Story(
        (
            _FIRST_CALL,
            Beat(2, time(12, 0), _desk(actions.decline, "She goes to another clinic.")),
            Beat(6, time(9, 45), _reader(actions.reopen, "She rang: she wants to come after all.")),
        )
    ),
    # A visit is booked, or has been.
    "booked": Story(_BOOKED),
    "booked_ahead": Story((_BOOKED[0], Beat(1, time(8, 50), _book(9, time(9, 30))))),
    "confirmed": Story((*_BOOKED, Beat(2, time(12, 0), _desk(actions.confirm)))),
    "rescheduled": Story((*_BOOKED, Beat(2, time(9, 50), _move_to(6, time(10, 30))))),
    "attended": Story(_CAME),
    # Earlier pictures.
    "awaiting_priors": Story(exam=_PRIORS),
    "priors_requested": Story((_PRIORS_ASKED,), _PRIORS),
    "priors_received": Story((_PRIORS_ASKED, _PRIORS_HERE), _PRIORS),
    "resolved_by_priors": Story(
        (_PRIORS_ASKED, _PRIORS_HERE, Beat(6, time(10, 0), _reader(actions.resolve_by_priors))), _PRIORS
    ),
    # The radiologist's answer.
    "closed_normal": Story((*_CAME, Beat(4, time(10, 40), _outcome(A.NEGATIVE)))),
    "closed_benign": Story((*_CAME, Beat(4, time(10, 40), _outcome(A.BENIGN)))),
    "probably_benign": Story((*_CAME, Beat(4, time(10, 40), _outcome(A.PROBABLY_BENIGN)))),
    "unreleased": Story((*_CAME, Beat(4, time(10, 40), _outcome(A.BENIGN, released=False)))),
    "next_round": Story(
        (
            *_CAME,
            Beat(4, time(10, 40), _outcome(A.PROBABLY_BENIGN)),
            Beat(102, time(8, 0), lambda tale: actions.follow_up_due(tale.recall, by=SYSTEM)),
        )
    ),
    # Biopsy.
    "straight_to_biopsy": Story((Beat(1, time(9, 15), _reader(actions.advise_biopsy)),), _SUSPICIOUS),
    "biopsy_to_book": Story(_BIOPSY_ADVISED),
    "biopsy_booked": Story(_BIOPSY_BOOKED),
    "biopsy_missed": Story((*_BIOPSY_BOOKED, Beat(8, time(10, 0), _desk(actions.biopsy_missed)))),
    "awaiting_pathology": Story(_BIOPSY_DONE),
    "awaiting_concordance": Story((*_BIOPSY_DONE, Beat(11, time(11, 0), _pathology(P.BENIGN)))),
    "benign_concordant": _with_pathology(P.BENIGN, V.CONCORDANT_BENIGN),
    "high_risk": _with_pathology(P.HIGH_RISK, V.HIGH_RISK),
    "cancer": _with_pathology(P.INVASIVE, V.MALIGNANT),
    "discordant": _with_pathology(P.BENIGN, V.DISCORDANT),
    # At rest, or ended another way.
    "on_hold": Story((_FIRST_CALL, Beat(3, time(10, 0), _hold))),
    "declined": Story((_FIRST_CALL, Beat(3, time(12, 30), _desk(actions.decline, "She wants no more pictures.")))),
    "transferred": Story((Beat(2, time(11, 0), _desk(actions.transfer, "Hillside Sample Clinic takes over.")),)),
    "deceased": Story((_FIRST_CALL, Beat(4, time(10, 0), _died))),
    "lost": Story((*_WHOLE_LADDER, Beat(45, time(9, 0), _reader(actions.close_lost, "Every way was tried.")))),
    "void": Story((Beat(1, time(8, 30), _reader(actions.void, "Read on the wrong patient's record.")),)),
}

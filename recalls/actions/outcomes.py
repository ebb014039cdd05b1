"""Actions of the radiologist's outcome: record and amend it, and start a follow-up round."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Unpack

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site, User
from clinic.roles import Role
from recalls import deadlines
from recalls.actions.lesions import LesionInput, LesionReading, assess_lesions, lesion_assessments
from recalls.actions.notes_and_requests import written_result_blocked_reason
from recalls.actions.progress import go_on
from recalls.actions.telling import DisclosureInput, keep_release, owe_result, release_in_writing, tell_results
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.assessment_consistency import INCONSISTENT_OVERALL, is_overall_consistent
from recalls.enums import (
    SAME_DAY_ASSESSMENTS,
    AppointmentStatus,
    Assessment,
    OutcomeBasis,
    State,
    VisitKind,
)
from recalls.models import Appointment, Outcome, Recall, RecallEvent
from recalls.next_state import newest_outcome
from recalls.workflow import NEXT_STATE_BY_ASSESSMENT


@dataclass(frozen=True, slots=True)
class OutcomeInput:
    """A radiologist's answer, and how the patient hears of it.

    `reader`: the radiologist of the site who read the images, None for whoever records it; `reader_name` names who
    read them elsewhere.
    `told`: they were told already; `release_at` (UTC): they are told in writing from then on. With neither, somebody
    has to tell them. `lesions` are named for the first time, `known_lesions` were named before, by their key.
    """

    assessment: Assessment
    assessment_left: str = ""
    assessment_right: str = ""
    follow_up_months: int | None = None
    text: str = ""
    reader: User | None = None
    reader_name: str = ""
    release_at: datetime | None = None
    told: DisclosureInput | None = None
    lesions: tuple[LesionInput, ...] = ()
    known_lesions: Mapping[int, Assessment] = field(default_factory=dict)

    @property
    def lesion_reading(self) -> LesionReading:
        return LesionReading(
            self.assessment, self.assessment_left, self.assessment_right, self.lesions, self.known_lesions
        )


def record_outcome(recall: Recall, reading: OutcomeInput, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Record the outcome of a visit; its lesions and the telling decide the next state (`recalls.next_state`)."""
    validate_outcome(recall, reading)

    def record(transition: Transition) -> None:
        outcome = add_outcome(transition, reading)
        if reading.assessment == Assessment.NEED_IMAGING:  # one more visit, with a visit's time to it
            transition.recall.clock_from, transition.recall.follow_up_on = transition.now, None
        transition.recall.symptom_reported = False
        settle_outcome(transition, outcome, reading)

    return apply_step(recall, "record_outcome", record, **kwargs)


def amend_outcome(recall: Recall, reading: OutcomeInput, *, reason: str, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Replace the newest outcome by a new reading; the old row stays. Raises ValidationError without a reason.

    Another category is a result that the patient is owed anew; only another comment is not. A recall closed by the
    patient's death stays closed.
    """
    validate_outcome(recall, reading)
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the outcome is amended.")})

    def amend(transition: Transition) -> None:
        old = newest_outcome(transition.recall)
        outcome = add_outcome(transition, reading, amends=old, reason=reason)
        settle_outcome(transition, outcome, reading, replaced=old)

    return apply_step(recall, "amend_outcome", amend, **kwargs)


def settle_outcome(
    transition: Transition, outcome: Outcome, reading: OutcomeInput, *, replaced: Outcome | None = None
) -> None:
    """Put the outcome onto the lesions, date a follow-up, see to the telling, and let the recall go on."""
    assess_lesions(transition, reading.lesion_reading, outcome, outcome.read_at)
    lesion_results = {reading.assessment, *(one.assessment for one in reading.lesions), *reading.known_lesions.values()}
    sides = {reading.assessment_left, reading.assessment_right}
    if replaced is None or not outcome.says_same_as(replaced):
        if Assessment.PROBABLY_BENIGN in lesion_results | sides:
            visited_on = last_visit_day(transition.recall)
            plan_follow_up(transition, reading.follow_up_months, visited_on, after_round=outcome.round)
        _see_to_telling(transition, outcome, reading, replaced)
    else:
        keep_release(transition, outcome, replaced)
    go_on(transition)


def _see_to_telling(transition: Transition, outcome: Outcome, reading: OutcomeInput, replaced: Outcome | None) -> None:
    """Where no message can reach the patient, or they want to hear it, a person tells it whatever the form said.

    Of a patient recorded as deceased it stays owed, for the death may have been recorded in error.
    """
    # A word about an earlier visit is not written while the images of a later one are being read.
    is_read_again = replaced is not None and transition.from_state == State.AWAITING_OUTCOME
    release_at = None if is_read_again else reading.release_at
    if reading.told is not None:
        tell_results(transition, reading.told)
    elif release_at is not None and not written_result_blocked_reason(transition.recall):
        release_in_writing(transition, outcome, release_at, is_allowed=True)
    else:
        owe_result(transition, since=transition.now, urgent=_is_urgent(outcome))


def _is_urgent(outcome: Outcome) -> bool:
    """4C and 5: the patient hears of it on the same day."""
    return outcome.assessment in SAME_DAY_ASSESSMENTS


def follow_up_due(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Bring a short-interval recall back to the callback queue for its next round."""

    def next_round(transition: Transition) -> None:
        transition.recall.round += 1
        transition.data = {"round": transition.recall.round, "visit_due": str(transition.recall.follow_up_on)}

    return apply_step(recall, "follow_up_due", next_round, **kwargs)


def plan_follow_up(
    transition: Transition, months: int | None, visited_on: date, *, after_round: int | None = None
) -> None:
    """Date the next short-interval visit: by the schedule from the first such outcome, or months from this visit.

    `after_round`: the round that was read, where it is not the one the recall is in: a later one may be booked already.
    The series of 6, 12, 24 and 36 months is BI-RADS category 3 surveillance; a radiologist may name another interval,
    and must after the series. Raises ValidationError where one is missing.
    """
    recall = transition.recall
    if recall.follow_up_from is None:
        recall.follow_up_from = visited_on
    start = recall.follow_up_from if months is None else visited_on
    try:
        read = recall.round if after_round is None else after_round
        recall.follow_up_on = deadlines.follow_up_date(start, read + 1, months)
    except LookupError:
        words = _("The series of 36 months is over: say after how many months the next visit is due.")
        raise ValidationError({"follow_up_months": words}) from None
    transition.data["visit_due"] = str(recall.follow_up_on)


def validate_outcome(recall: Recall, reading: OutcomeInput) -> None:
    """Raise ValidationError for a category that ends no work-up, and where the parts do not fit the overall result."""
    if reading.assessment not in NEXT_STATE_BY_ASSESSMENT:
        raise ValidationError({"assessment": _("Choose a category that can end a diagnostic visit.")})
    left, right = (Assessment(side) if side else None for side in (reading.assessment_left, reading.assessment_right))
    parts = lesion_assessments(recall, reading.lesion_reading)
    if not is_overall_consistent(reading.assessment, left, right, parts):
        raise ValidationError({"assessment": INCONSISTENT_OVERALL})
    months, results = reading.follow_up_months, {reading.assessment, left, right}
    results |= {one.assessment for one in reading.lesions} | set(reading.known_lesions.values())
    if months is not None and Assessment.PROBABLY_BENIGN not in results:
        raise ValidationError({"follow_up_months": _("Only a probably benign outcome has a follow-up in months.")})
    if months is not None and not 1 <= months <= 36:
        raise ValidationError({"follow_up_months": _("Choose between 1 and 36 months.")})
    if reading.reader is not None and reading.reader not in radiologists_of(recall.site):
        raise ValidationError({"reader": _("The one who read the images is a radiologist of the site.")})


def add_outcome(
    transition: Transition,
    reading: OutcomeInput,
    *,
    amends: Outcome | None = None,
    reason: str = "",
    basis: OutcomeBasis = OutcomeBasis.VISIT,
    facility: str = "",
    performed_on: date | None = None,
) -> Outcome:
    """Add the outcome's row; an amendment is about the same images, so it keeps which and when they were read."""
    visit = _last_attended(transition.recall) if basis == OutcomeBasis.VISIT else None
    outcome = Outcome.objects.create(
        recall=transition.recall,
        appointment=amends.appointment if amends else visit,
        basis=amends.basis if amends else basis,
        facility=amends.facility if amends else facility,
        performed_on=amends.performed_on if amends else performed_on,
        read_at=amends.read_at if amends else transition.now,
        round=amends.round if amends else transition.recall.round,
        assessment=reading.assessment,
        assessment_left=reading.assessment_left,
        assessment_right=reading.assessment_right,
        birads_edition=transition.recall.site.birads_edition,
        follow_up_months=reading.follow_up_months,
        text=reading.text,
        reader=reading.reader,
        reader_name=reading.reader_name,
        amends=amends,
        reason=reason,
        **transition.signature,
    )
    transition.data = {"outcome": outcome.pk, "assessment": reading.assessment}
    return outcome


def _last_attended(recall: Recall) -> Appointment | None:
    came = recall.appointments.filter(status=AppointmentStatus.ATTENDED).exclude(kind=VisitKind.BIOPSY)
    return came.order_by("pk").last()


def radiologists_of(site: Site) -> QuerySet[User]:
    """Also those who have left: they may have read what is recorded or amended later."""
    return User.objects.filter(groups__name=Role.RADIOLOGIST, sites=site).order_by("last_name", "first_name", "pk")


def last_visit_day(recall: Recall) -> date:
    """The day, at the site, of the visit an outcome is about; today where none is known."""
    visit = _last_attended(recall)
    return calendar.local_day(recall.site, visit.starts_at if visit else timezone.now())

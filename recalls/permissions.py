"""Checks whether an actor may take a step and whether the recall allows it now.

Every check raises with the sentence shown to the user; `step_blocked_reason` returns it for a disabled button.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.actors import Actor
from clinic.queries.related_rows import read_related
from clinic.roles import Role
from desk.datetime_display import display_datetime
from recalls import contact_ladder
from recalls.enums import (
    CLOSED_WITHOUT_ANSWER,
    SUSPICIOUS_ASSESSMENTS,
    UNREAD_RESULT_STATES,
    WRITTEN_RESULT_ASSESSMENTS,
    AppointmentStatus,
    ContactChannel,
    OutsideReportKind,
    State,
    VisitKind,
)
from recalls.enums.barriers import MANY_CALLS, CaseReason
from recalls.lesion_stages import LesionStage, is_any_suspicious, lesion_statuses
from recalls.models import Appointment, OutsideReport, Recall, RecallEvent, ReportRequest, SignOffRequest
from recalls.next_state import newest_outcome
from recalls.workflow import STEPS_BY_NAME, Precondition, Step

# Who may give the second signature.
SIGNER_ROLES = frozenset({Role.RADIOLOGIST, Role.MANAGER})


class StepRefused(Exception):
    """A step that was not taken; `str()` is the sentence to show."""


class NotPermitted(StepRefused):
    """The actor may not take the step, whatever the recall's state."""


class StepUnavailable(StepRefused):
    """Nobody may take the step, as the recall now stands."""


class StaleVersion(StepRefused):
    """The recall changed after the actor opened it; `event` is the newest change, perhaps of the actor's own."""

    def __init__(self, event: RecallEvent, actor: Actor) -> None:
        self.event = event
        is_own = event.user_id is not None and actor.user is not None and event.user_id == actor.user.pk
        message = (
            _("You did this yourself meanwhile: “%(what)s”, %(when)s. Look at the recall as it stands, then decide.")
            if is_own
            else _("%(who)s was first: “%(what)s”, %(when)s. Look at the recall as it stands now, then decide.")
        )
        words = {
            "who": event.by,
            "what": STEPS_BY_NAME[event.step].label,
            "when": display_datetime(event.recall.site, event.at, timezone.now()),
        }
        super().__init__(message % words)


def check_actor_permitted(recall: Recall, step: Step, actor: Actor) -> None:
    """Raise NotPermitted unless one of the actor's roles may take the step and the recall is at one of their sites."""
    check_site(recall, actor)
    check_role(recall, step, actor)


def check_site(recall: Recall, actor: Actor) -> None:
    """Raise NotPermitted where the actor does not work at the recall's site."""
    if not actor.can_access_site(recall.site_id):
        raise NotPermitted(_("This recall belongs to a site you do not work at."))


def check_role(recall: Recall, step: Step, actor: Actor) -> None:
    """Raise NotPermitted where none of the actor's roles may take the step on such a recall."""
    roles = step.roles_at_risk if step.roles_at_risk is not None and is_at_risk(recall) else step.roles
    if not actor.roles & roles:
        raise NotPermitted(_("Your role may not do this. %(rule)s") % {"rule": step.rule})


def is_at_risk(recall: Recall) -> bool:
    """Whether a 4, a 5, a malignant or high-risk lesion, or a result that nobody has read or told stands."""
    return recall.suspicious or (recall.state_before_hold or recall.state) in UNREAD_RESULT_STATES


def pending_sign_offs(recall: Recall) -> list[SignOffRequest]:
    """What waits for a second signature; no query when prefetched."""
    return [request for request in read_related(recall, "sign_off_requests") if request.decided_at is None]


def open_report_requests(recall: Recall) -> list[ReportRequest]:
    """The reports that other institutions owe; no query when prefetched."""
    return [request for request in read_related(recall, "report_requests") if request.closed_at is None]


def places_asked_after_visit(recall: Recall) -> list[str]:
    """Those the patient was handed over to that have not said yet whether they came; no query when prefetched."""
    asked = (row for row in open_report_requests(recall) if row.kind == OutsideReportKind.FIRST_VISIT)
    return [row.facility for row in asked]


def is_first_visit_asked(recall: Recall) -> bool:
    """Whether somebody took the patient over and has not said yet that they came; no query when prefetched."""
    is_asked = bool(places_asked_after_visit(recall))
    return is_asked and bool(read_related(recall, "referrals")) and recall.patient.deceased_on is None


def first_visits_recorded(recall: Recall) -> list[OutsideReport]:
    """The reports that say that the patient was seen at the treatment; no query when prefetched."""
    return _reports_of_kind(recall, OutsideReportKind.FIRST_VISIT)


def surgeries_recorded(recall: Recall) -> list[OutsideReport]:
    """The reports of surgeries that stand; no query when prefetched."""
    return _reports_of_kind(recall, OutsideReportKind.SURGERY)


def _reports_of_kind(recall: Recall, kind: OutsideReportKind) -> list[OutsideReport]:
    if recall._state.adding:
        return []
    is_prefetched = "outside_reports" in getattr(recall, "_prefetched_objects_cache", {})
    rows = recall.outside_reports.all() if is_prefetched else recall.outside_reports.defer("content")
    return [row for row in rows if row.kind == kind]


def check_step_available(recall: Recall, step: Step, now: datetime) -> None:
    """Raise StepUnavailable unless the recall is in one of the step's states and meets its precondition."""
    if recall.state not in step.from_states:
        raise StepUnavailable(
            _("Not while the recall is “%(state)s”. %(rule)s") % {"state": State(recall.state).label, "rule": step.rule}
        )
    if step.closure_reason in CLOSED_WITHOUT_ANSWER and _is_tissue_unread(recall):
        raise StepUnavailable(_("Tissue was taken: its result is waited for, signed and told first."))
    if step.precondition is not None and not _PRECONDITION_CHECKS[step.precondition](recall, now):
        raise StepUnavailable(str(step.precondition.label))


def check_second_person(recall: Recall, step: Step, actor: Actor) -> None:
    """Raise NotPermitted where a patient is to be called lost and this actor made the last attempt.

    The other steps that need a second person may be asked for by anybody: see `recalls.actions.sign_off`.
    """
    if step.name != "close_lost" or actor.user is None:
        return
    tries = contact_ladder.current_ladder_attempts(recall)
    if tries and tries[-1].user_id == actor.user.pk:
        raise NotPermitted(_("You made the last try yourself: a second person signs. %(rule)s") % {"rule": step.rule})


def step_blocked_reason(recall: Recall, step: Step, actor: Actor) -> str:
    """The sentence that forbids the step now; empty when it may be taken."""
    return step_blocked_reasons(recall, [step], actor)[step.name]


def step_blocked_reasons(recall: Recall, steps: Iterable[Step], actor: Actor) -> dict[str, str]:
    """By step name, the sentence that forbids the step now; empty when it may be taken. The site is checked once."""
    try:
        check_site(recall, actor)
    except NotPermitted as refusal:
        return {step.name: str(refusal) for step in steps}
    now = timezone.now()
    return {step.name: _refusal_at_own_site(recall, step, actor, now) for step in steps}


def _refusal_at_own_site(recall: Recall, step: Step, actor: Actor, now: datetime) -> str:
    try:
        check_role(recall, step, actor)
        check_step_available(recall, step, now)
        check_second_person(recall, step, actor)
    except StepRefused as refusal:
        return str(refusal)
    return ""


def priors_timestamps(recall: Recall) -> tuple[datetime | None, datetime | None]:
    """When prior images were last requested and last received, since the wait for them began."""
    if recall._state.adding:
        return None, None
    events = [event for event in read_related(recall, "events") if event.at >= recall.state_since]
    asked = [event.at for event in events if event.step == "request_priors"]
    came = [event.at for event in events if event.step == "receive_priors"]
    return max(asked, default=None), max(came, default=None)


def missed_appointment_today(recall: Recall, now: datetime) -> Appointment | None:
    """The newest visit if it was missed today and is of the kind that the recall now waits to book."""
    visits = sorted(read_related(recall, "appointments"), key=lambda visit: visit.pk)
    visit = visits[-1] if visits else None
    if visit is None or visit.status != AppointmentStatus.MISSED:
        return None
    today = calendar.local_day(recall.site, now) == calendar.local_day(recall.site, visit.starts_at)
    is_biopsy = visit.kind == VisitKind.BIOPSY
    return visit if today and is_biopsy == (recall.state == State.BIOPSY_TO_BOOK) else None


def _is_ladder_complete(recall: Recall, now: datetime) -> bool:
    return contact_ladder.is_ladder_complete(recall, contact_ladder.current_ladder_attempts(recall), now)


def _is_result_writable(recall: Recall, _now: datetime) -> bool:
    """Tissue is told by voice; so is any outcome but a 1, 2 or 3, and every one beside a lesion that may be cancer."""
    outcome = newest_outcome(recall)
    return (
        outcome is not None
        and outcome.assessment in WRITTEN_RESULT_ASSESSMENTS
        and not _has_tissue_since(recall, outcome.read_at)
        and not is_any_suspicious(lesion_statuses(recall))
    )


def _has_tissue_since(recall: Recall, at: datetime) -> bool:
    return any(row.at >= at for row in read_related(recall, "pathology_results"))


def _has_visit_started(recall: Recall, now: datetime) -> bool:
    return any(visit.is_active and visit.starts_at <= now for visit in read_related(recall, "appointments"))


def _booked_biopsy(recall: Recall) -> Appointment | None:
    visits: list[Appointment] = read_related(recall, "appointments")
    return next((visit for visit in visits if visit.is_active and visit.kind == VisitKind.BIOPSY), None)


def _has_biopsy_started(recall: Recall, now: datetime) -> bool:
    biopsy = _booked_biopsy(recall)
    return biopsy is not None and biopsy.starts_at <= now


def _is_biopsy_day(recall: Recall, now: datetime) -> bool:
    biopsy = _booked_biopsy(recall)
    site = recall.site
    return biopsy is not None and calendar.local_day(site, biopsy.starts_at) <= calendar.local_day(site, now)


def is_death_on_record(recall: Recall) -> bool:
    """Whether this recall says that the patient has died, though the patient's record may say so no more.

    So it is for the patient's other recalls while a death is taken back, and after a merge with a living record.
    """
    said = [event.step for event in read_related(recall, "events") if event.step in ("mark_deceased", "not_deceased")]
    return bool(said) and said[-1] == "mark_deceased"


def _is_tissue_unread(recall: Recall) -> bool:
    if recall._state.adding:
        return False
    return any(status.is_tissue_awaited or status.stage == LesionStage.TO_SIGN for status in lesion_statuses(recall))


def _is_pathology_awaited(recall: Recall, _now: datetime) -> bool:
    return any(status.is_tissue_awaited for status in lesion_statuses(recall))


def _is_pathology_recorded(recall: Recall, _now: datetime) -> bool:
    return any(status.amendable_results for status in lesion_statuses(recall))


def _is_result_told(recall: Recall, _now: datetime) -> bool:
    return recall.result_since is None and bool(read_related(recall, "disclosures"))


def case_reasons(recall: Recall, now: datetime) -> list[CaseReason]:
    """For which of the proven reasons a navigator may take the recall, the foremost first; empty for none."""
    called = [row for row in contact_ladder.current_ladder_attempts(recall) if row.channel == ContactChannel.PHONE]
    is_waited_for = recall.state == State.TO_CONTACT
    holds = {
        CaseReason.BARRIER: _has_barrier(recall, now),
        CaseReason.LATE: recall.target_at is not None and recall.target_at < now,
        CaseReason.FOLLOW_UP: is_waited_for and recall.round > 0,
        CaseReason.CALLS: is_waited_for and len(called) >= MANY_CALLS,
    }
    return [reason for reason in CaseReason if holds[reason]]


def _has_barrier(recall: Recall, _now: datetime) -> bool:
    """No query when barriers and their help are prefetched."""
    return not recall._state.adding and any(barrier.is_unsettled for barrier in read_related(recall, "barriers"))


def _has_case(recall: Recall, _now: datetime) -> bool:
    """No query when prefetched."""
    return any(case.ended_at is None for case in read_related(recall, "navigator_cases"))


_PRECONDITION_CHECKS: dict[Precondition, Callable[[Recall, datetime], bool]] = {
    Precondition.SUSPICIOUS_SCREEN: lambda recall, _now: recall.exam.assessment in SUSPICIOUS_ASSESSMENTS,
    Precondition.HAS_OUTCOME: lambda recall, _now: newest_outcome(recall) is not None,
    Precondition.WRITABLE_RESULT: _is_result_writable,
    Precondition.LADDER_COMPLETE: _is_ladder_complete,
    Precondition.VISIT_STARTED: _has_visit_started,
    Precondition.MISSED_TODAY: lambda recall, now: missed_appointment_today(recall, now) is not None,
    Precondition.BIOPSY_BOOKED: lambda recall, _now: _booked_biopsy(recall) is not None,
    Precondition.BIOPSY_STARTED: _has_biopsy_started,
    Precondition.BIOPSY_DAY: _is_biopsy_day,
    Precondition.PATHOLOGY_AWAITED: _is_pathology_awaited,
    Precondition.PATHOLOGY_RECORDED: _is_pathology_recorded,
    Precondition.RESULT_TOLD: _is_result_told,
    Precondition.ENDED_WITHOUT_ANSWER: lambda recall, _now: recall.closure_reason in CLOSED_WITHOUT_ANSWER,
    Precondition.DECEASED: lambda recall, _now: recall.patient.deceased_on is not None or is_death_on_record(recall),
    Precondition.REPORT_REQUESTED: lambda recall, _now: bool(open_report_requests(recall)),
    Precondition.FIRST_VISIT_ASKED: lambda recall, _now: is_first_visit_asked(recall),
    Precondition.FIRST_VISIT_RECORDED: lambda recall, _now: bool(first_visits_recorded(recall)),
    Precondition.SURGERY_RECORDED: lambda recall, _now: bool(surgeries_recorded(recall)),
    Precondition.BARRIER_UNSETTLED: _has_barrier,
    Precondition.CASE_NEEDED: lambda recall, now: not _has_case(recall, now) and bool(case_reasons(recall, now)),
    Precondition.CASE_OPEN: _has_case,
    Precondition.SIGN_OFF_REQUESTED: lambda recall, _now: bool(pending_sign_offs(recall)),
}

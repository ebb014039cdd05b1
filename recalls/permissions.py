"""Checks whether an actor may take a step and whether the recall allows it now.

Every check raises with the sentence shown to the user; `step_blocked_reason` returns it for a disabled button.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.actors import Actor
from recalls import contact_ladder
from recalls.enums import SUSPICIOUS_ASSESSMENTS, AppointmentStatus, State, VisitKind
from recalls.models import Appointment, Outcome, Recall, RecallEvent
from recalls.workflow import STEPS_BY_NAME, Precondition, Step


class StepRefused(Exception):
    """A step that was not taken; `str()` is the sentence to show."""


class NotPermitted(StepRefused):
    """The actor may not take the step, whatever the recall's state."""


class StepUnavailable(StepRefused):
    """Nobody may take the step, as the recall now stands."""


class StaleVersion(StepRefused):
    """The recall changed after the actor opened it; `event` is the newest change."""

    def __init__(self, event: RecallEvent) -> None:
        self.event = event
        local = event.at.astimezone(event.recall.site.zone)
        super().__init__(
            _("%(who)s was first: “%(what)s” at %(when)s. Look at the recall as it stands now, then decide.")
            % {
                "who": event.by,
                "what": STEPS_BY_NAME[event.step].label,
                "when": f"{local:%H:%M}",
            }
        )


def check_actor_permitted(recall: Recall, step: Step, actor: Actor) -> None:
    """Raise NotPermitted unless one of the actor's roles may take the step and the recall is at one of their sites."""
    check_site(recall, actor)
    check_role(step, actor)


def check_site(recall: Recall, actor: Actor) -> None:
    """Raise NotPermitted where the actor does not work at the recall's site."""
    if not actor.can_access_site(recall.site_id):
        raise NotPermitted(_("This recall belongs to a site you do not work at."))


def check_role(step: Step, actor: Actor) -> None:
    """Raise NotPermitted where none of the actor's roles may take the step."""
    if not actor.roles & step.roles:
        raise NotPermitted(_("Your role may not do this. %(rule)s") % {"rule": step.rule})


def check_step_available(recall: Recall, step: Step, now: datetime) -> None:
    """Raise StepUnavailable unless the recall is in one of the step's states and meets its precondition."""
    if recall.state not in step.from_states:
        raise StepUnavailable(
            _("Not while the recall is “%(state)s”. %(rule)s") % {"state": State(recall.state).label, "rule": step.rule}
        )
    if step.precondition is not None and not _PRECONDITION_CHECKS[step.precondition](recall, now):
        raise StepUnavailable(str(step.precondition.label))


def check_second_person(recall: Recall, step: Step, actor: Actor) -> None:
    """Raise NotPermitted where a second person must sign and this actor made the last attempt."""
    if not step.needs_second_person or actor.user is None:
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
        check_role(step, actor)
        check_step_available(recall, step, now)
        check_second_person(recall, step, actor)
    except StepRefused as refusal:
        return str(refusal)
    return ""


def current_outcome(recall: Recall) -> Outcome | None:
    """The newest outcome, which no later one amends."""
    rows = sorted(recall.outcomes.all(), key=lambda outcome: outcome.pk)
    return rows[-1] if rows else None


def priors_timestamps(recall: Recall) -> tuple[datetime | None, datetime | None]:
    """When prior images were last requested and last received, since the wait for them began."""
    if recall._state.adding:
        return None, None
    events = [event for event in recall.events.all() if event.at >= recall.state_since]
    asked = [event.at for event in events if event.step == "request_priors"]
    came = [event.at for event in events if event.step == "receive_priors"]
    return max(asked, default=None), max(came, default=None)


def missed_appointment_today(recall: Recall, now: datetime) -> Appointment | None:
    """The newest visit if it was missed today and is of the kind that the recall now waits to book."""
    visits = sorted(recall.appointments.all(), key=lambda visit: visit.pk)
    visit = visits[-1] if visits else None
    if visit is None or visit.status != AppointmentStatus.MISSED:
        return None
    today = calendar.local_day(recall.site, now) == calendar.local_day(recall.site, visit.starts_at)
    is_biopsy = visit.kind == VisitKind.BIOPSY
    return visit if today and is_biopsy == (recall.state == State.BIOPSY_TO_BOOK) else None


def _is_ladder_complete(recall: Recall, now: datetime) -> bool:
    since = recall.contact_since or recall.opened_at
    return contact_ladder.is_ladder_complete(recall.site, since, contact_ladder.current_ladder_attempts(recall), now)


def _has_unreleased_outcome(recall: Recall, _now: datetime) -> bool:
    outcome = current_outcome(recall)
    return outcome is not None and not hasattr(outcome, "release")


def _has_visit_started(recall: Recall, now: datetime) -> bool:
    return any(visit.is_active and visit.starts_at <= now for visit in recall.appointments.all())


_PRECONDITION_CHECKS: dict[Precondition, Callable[[Recall, datetime], bool]] = {
    Precondition.PRIORS_REQUESTED: lambda recall, _now: priors_timestamps(recall)[0] is not None,
    Precondition.SUSPICIOUS_SCREEN: lambda recall, _now: recall.exam.assessment in SUSPICIOUS_ASSESSMENTS,
    Precondition.HAS_OUTCOME: lambda recall, _now: current_outcome(recall) is not None,
    Precondition.UNRELEASED_OUTCOME: _has_unreleased_outcome,
    Precondition.LADDER_COMPLETE: _is_ladder_complete,
    Precondition.VISIT_STARTED: _has_visit_started,
    Precondition.MISSED_TODAY: lambda recall, now: missed_appointment_today(recall, now) is not None,
}

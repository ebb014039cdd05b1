"""Actions by which a navigator takes a case, says how long it takes, and ends it or gives it back.

A case stands beside the lists and deadlines of everybody: nothing of a recall waits for a navigator.
"""

from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import WorkItemKind
from recalls.enums.barriers import CaseEnd
from recalls.models import (
    MOST_MINUTES,
    MOST_OPEN_CASES,
    CaseMinutes,
    NavigationPolicy,
    NavigatorCase,
    Recall,
    RecallEvent,
    WorkItem,
)
from recalls.permissions import StepUnavailable, case_reasons


def take_case(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Take the recall as one's own case; its open barrier task is then this navigator's.

    Raises StepUnavailable at the site's limit of open cases. Two who take it at once: the lock on the recall decides.
    """

    def take(transition: Transition) -> None:
        person = transition.actor.user
        if person is None:
            raise StepUnavailable(_("Only a person takes a case."))
        _check_load(transition.recall, person.pk)
        reason = case_reasons(transition.recall, transition.now)[0]
        case = NavigatorCase.objects.create(
            recall=transition.recall, navigator=person, reason=reason, taken_at=transition.now
        )
        _give_task(transition, person.pk)
        transition.data = {"case": case.pk, "reason": str(reason)}

    return apply_step(recall, "take_case", take, **kwargs)


def _check_load(recall: Recall, person_id: int) -> None:
    policy = NavigationPolicy.objects.filter(site=recall.site_id).first()
    most = policy.most_cases if policy else MOST_OPEN_CASES
    open_cases = NavigatorCase.objects.still_open().filter(navigator=person_id, recall__site=recall.site_id)
    if open_cases[:most].count() >= most:
        words = _("Your open cases here are at the site's limit of %(count)d. End one or give one back first.")
        raise StepUnavailable(words % {"count": most})


def _give_task(transition: Transition, person_id: int | None) -> None:
    tasks = WorkItem.objects.filter(recall=transition.recall, kind=WorkItemKind.BARRIER, done_at=None)
    by = {"assigned_by": transition.actor.user, "assigned_at": transition.now}
    tasks.update(assigned_to=person_id, **by)


def end_case(recall: Recall, end: CaseEnd, minutes: int | None = None, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """End the case as done, or give it back to everybody; `minutes` are the last ones spent on it."""

    def finish(transition: Transition) -> None:
        case = _open_case(transition.recall)
        if minutes:
            _add_minutes(transition, case, minutes)
        case.ended_at, case.end = transition.now, end
        case.save(update_fields=["ended_at", "end"])
        _give_task(transition, None)
        transition.data |= {"case": case.pk, "end": str(end)}

    return apply_step(recall, "end_case", finish, **kwargs)


def log_case_minutes(recall: Recall, minutes: int, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Add minutes of work to the case. Raises ValidationError for none or more than ten hours at once."""

    def add(transition: Transition) -> None:
        _add_minutes(transition, _open_case(transition.recall), minutes)

    return apply_step(recall, "log_case_minutes", add, **kwargs)


def _open_case(recall: Recall) -> NavigatorCase:
    case: NavigatorCase | None = NavigatorCase.objects.still_open().filter(recall=recall).first()
    if case is None:
        raise StepUnavailable(_("No navigator has this case."))
    return case


def _add_minutes(transition: Transition, case: NavigatorCase, minutes: int) -> None:
    if not 0 < minutes <= MOST_MINUTES:
        raise ValidationError({"minutes": _("Give the minutes, from 1 to %(most)d.") % {"most": MOST_MINUTES}})
    CaseMinutes.objects.create(case=case, minutes=minutes, **transition.signature)
    transition.data = {"case": case.pk, "minutes": minutes}

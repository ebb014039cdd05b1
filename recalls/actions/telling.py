"""Actions about telling a result: who told it, its release in writing, and a written result that did not arrive.

A result is owed to the patient until somebody has told it; `Recall.result_since` says since when.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic import calendar
from desk.datetime_display import display_datetime
from recalls import deadlines
from recalls.actions.contact import log_referrer_request
from recalls.actions.notes_and_requests import written_result_blocked_reason
from recalls.actions.progress import go_on
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import (
    MALIGNANT_CLASSES,
    SAME_DAY_ASSESSMENTS,
    WRITTEN_RESULT_ASSESSMENTS,
    DisclosureMethod,
    Listener,
)
from recalls.lesion_stages import is_any_suspicious, load_lesion_statuses
from recalls.models import DisclosureRetraction, Outcome, OutcomeRelease, Recall, RecallEvent, ResultDisclosure
from recalls.next_state import newest_outcome
from recalls.permissions import StepUnavailable

# Told by somebody outside, perhaps before the report of it came here.
_TOLD_OUTSIDE = frozenset({DisclosureMethod.REFERRER, DisclosureMethod.OUTSIDE})


@dataclass(frozen=True, slots=True)
class DisclosureInput:
    """How a patient was told. `told_at` (UTC): now where None; `told_by`: the acting user where empty."""

    method: DisclosureMethod
    told_at: datetime | None = None
    told_by: str = ""
    told_to: Listener = Listener.PATIENT
    told_to_name: str = ""
    interpreter: bool = False
    understood: str = ""
    next_step: str = ""


def result_told(recall: Recall, disclosure: DisclosureInput, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Record that the patient was told every result there is; the recall goes on to what the results ask for.

    Raises ValidationError for a talk before the result, in the future, or to an unnamed person.
    """

    def tell(transition: Transition) -> None:
        _validate_disclosure(transition, disclosure)
        if disclosure.method == DisclosureMethod.IN_WRITING and not transition.note.strip():
            raise ValidationError({"note": _("Say how it was sent, such as the number of the certified letter.")})
        tell_results(transition, disclosure)
        go_on(transition)

    return apply_step(recall, "result_told", tell, **kwargs)


def release_outcome(recall: Recall, release_at: datetime, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Let the patient be told in writing from `release_at` (UTC) on, at the latest by the limit.

    Raises StepUnavailable where no message can reach the patient or they want to hear it: then a person tells it.
    """

    def release(transition: Transition) -> None:
        outcome = newest_outcome(transition.recall)
        if outcome is not None:
            release_in_writing(transition, outcome, release_at)
        go_on(transition)

    return apply_step(recall, "release_outcome", release, **kwargs)


def release_due(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Tell the result in writing, now that the time set for it has come; the system takes this step.

    Where no message can reach the patient any more, or they want to hear it, the recall stays: a person tells it.
    """

    def release(transition: Transition) -> None:
        transition.recall.wake_at = None
        if not written_result_blocked_reason(transition.recall):
            _tell_in_writing(transition)
        go_on(transition)

    return apply_step(recall, "release_due", release, **kwargs)


def result_undelivered(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Bring back a result whose message did not arrive; `note` says which message and why."""

    def bring_back(transition: Transition) -> None:
        owe_result(transition, since=transition.now, urgent=False)
        go_on(transition)

    return apply_step(recall, "result_undelivered", bring_back, **kwargs)


def told_in_error(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Owe again what was recorded as told and was not; `note` says how it is known. The record of the talk stays."""
    if not kwargs.get("note", "").strip():
        raise ValidationError({"note": _("Say why, in a few words.")})

    def take_back(transition: Transition) -> None:
        told = transition.recall.disclosures.latest("pk")
        retract_disclosure(transition, told.pk)
        transition.data = {"disclosure": told.pk}
        owe_result(transition, since=transition.now, urgent=is_newest_result_urgent(transition.recall))
        go_on(transition)

    return apply_step(recall, "told_in_error", take_back, **kwargs)


def retract_disclosure(transition: Transition, disclosure_pk: int) -> None:
    DisclosureRetraction.objects.create(disclosure_id=disclosure_pk, **transition.signature)


def is_newest_result_urgent(recall: Recall) -> bool:
    """A 4C, a 5 or a cancer by what was found last."""
    outcome, tissue = newest_outcome(recall), recall.pathology_results.last()
    if tissue is not None and (outcome is None or tissue.at > outcome.at):
        return tissue.result in MALIGNANT_CLASSES
    return outcome is not None and outcome.assessment in SAME_DAY_ASSESSMENTS


def ask_referrer_to_tell(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Ask the referring doctor to tell the result; without an answer within a business day it is ours again."""

    def ask(transition: Transition) -> None:
        if transition.recall.exam.referrer_id is None:
            raise StepUnavailable(_("No referring doctor is known: tell the result yourself."))
        log_referrer_request(transition, calendar.add_business_days(transition.recall.site, transition.now, 1))

    return apply_step(recall, "ask_referrer_to_tell", ask, **kwargs)


def owe_result(transition: Transition, *, since: datetime, urgent: bool) -> None:
    """Owe the patient a result of that instant; with an earlier one still untold the nearer limit counts."""
    recall = transition.recall
    limit = deadlines.tell_by(recall.site, since, urgent=urgent)
    limit = max(limit, deadlines.end_of_today(recall.site, transition.now, urgent=urgent))
    recall.tell_by = min(recall.tell_by, limit) if recall.result_since and recall.tell_by else limit
    recall.result_since = recall.result_since or transition.now
    recall.result_owner = transition.actor.user or recall.result_owner
    recall.told_in_writing, recall.wake_at = False, None
    transition.data["tell_by"] = recall.tell_by.isoformat()


def tell_results(transition: Transition, disclosure: DisclosureInput) -> None:
    """Write down who told the patient; what was told by voice may also be read from now on."""
    _add_disclosure(transition, disclosure)
    outcome = newest_outcome(transition.recall)
    if outcome is not None and not hasattr(outcome, "release"):
        _create_release(transition, outcome, transition.now)


def release_in_writing(
    transition: Transition, outcome: Outcome, release_at: datetime, *, is_allowed: bool = False
) -> None:
    """Count the outcome as told by a message, or owe it until the time set for that message.

    `is_allowed`: the step has just asked `written_result_blocked_reason`. Raises ValidationError for a time after the
    limit, StepUnavailable where it may not be told in writing.
    """
    recall = transition.recall
    statuses = load_lesion_statuses(recall)
    if outcome.assessment not in WRITTEN_RESULT_ASSESSMENTS or is_any_suspicious(statuses):
        raise ValidationError({"release_at": _("This result is told in person or by phone first.")})
    refused = "" if is_allowed else written_result_blocked_reason(recall)
    if refused:
        raise StepUnavailable(_("%(why)s Tell the result in person or by phone.") % {"why": refused})
    if release_at > transition.now:
        _owe_until_release(transition, outcome, release_at)
        return
    _add_release(transition, outcome, transition.now)
    _tell_in_writing(transition)


def keep_release(transition: Transition, outcome: Outcome, replaced: Outcome) -> None:
    """Let an amendment of the comment alone be read from when the outcome that it replaces may be."""
    release = OutcomeRelease.objects.filter(outcome=replaced).first()
    if release is not None:
        _add_release(transition, outcome, release.release_at)


def _owe_until_release(transition: Transition, outcome: Outcome, release_at: datetime) -> None:
    recall = transition.recall
    if recall.result_since is None:
        owe_result(transition, since=transition.now, urgent=False)
    if recall.tell_by is not None and release_at > recall.tell_by:
        limit = display_datetime(recall.site, recall.tell_by, transition.now)
        raise ValidationError({"release_at": _("The patient must be told by %(limit)s.") % {"limit": limit}})
    _add_release(transition, outcome, release_at)
    recall.wake_at = release_at


def _tell_in_writing(transition: Transition) -> None:
    _add_disclosure(transition, DisclosureInput(DisclosureMethod.IN_WRITING))
    transition.recall.told_in_writing = True


def _add_release(transition: Transition, outcome: Outcome, release_at: datetime) -> None:
    if OutcomeRelease.objects.filter(outcome=outcome).exists():
        transition.data |= {"outcome": outcome.pk, "release_at": release_at.isoformat()}
    else:
        _create_release(transition, outcome, release_at)


def _create_release(transition: Transition, outcome: Outcome, release_at: datetime) -> None:
    OutcomeRelease.objects.create(outcome=outcome, release_at=release_at, **transition.signature)
    transition.data |= {"outcome": outcome.pk, "release_at": release_at.isoformat()}


def _add_disclosure(transition: Transition, disclosure: DisclosureInput) -> None:
    recall = transition.recall
    row = ResultDisclosure.objects.create(
        recall=recall,
        told_at=disclosure.told_at or transition.now,
        method=disclosure.method,
        told_by=disclosure.told_by or transition.actor.name,
        told_to=disclosure.told_to,
        told_to_name=disclosure.told_to_name,
        interpreter=disclosure.interpreter,
        understood=disclosure.understood,
        next_step=disclosure.next_step,
        **transition.signature,
    )
    transition.data |= {"disclosure": row.pk, "method": disclosure.method}
    recall.result_since, recall.tell_by, recall.wake_at, recall.result_owner = None, None, None, None
    recall.told_in_writing = False


def _validate_disclosure(transition: Transition, disclosure: DisclosureInput) -> None:
    told_at, since = disclosure.told_at or transition.now, transition.recall.result_since
    if told_at > transition.now:
        raise ValidationError({"told_at": _("This time has not come yet. Enter when the patient was told.")})
    is_early = since is not None and told_at < since.replace(second=0, microsecond=0)  # typed to the minute
    if since is not None and is_early and disclosure.method not in _TOLD_OUTSIDE:
        known = display_datetime(transition.recall.site, since, transition.now)
        words = _("The result is known only since %(when)s. Enter a time after it.")
        raise ValidationError({"told_at": words % {"when": known}})
    if disclosure.told_to == Listener.PROXY and not disclosure.told_to_name.strip():
        raise ValidationError({"told_to_name": _("Name the person who was told.")})
    if disclosure.method in _TOLD_OUTSIDE and not disclosure.told_by.strip():
        raise ValidationError({"told_by": _("Name who told the patient.")})

"""What a person does with a trial: draft it, start a colleague's draft, withdraw a draft, stop one that runs.

For a manager of the site and its audit interpreting physician. Nobody starts what they drafted. A definition is never
changed: its row is only added, and a draft that is to be other is withdrawn.
"""

import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site, User
from clinic.roles import Page, can_open_page
from recalls.assignment import display_name
from recalls.models import Trial, TrialEnd, TrialStart
from reports.models import AuditPhysician

MIN_SIZE, MAX_SIZE = 40, 20_000  # recalls; under forty no difference could be told from chance
BLOCK = 4

Subject, Outcome, Reason = Trial.Subject, Trial.Outcome, TrialEnd.Reason
_VISITS: Final = frozenset({Outcome.VISIT_10, Outcome.VISIT_20, Outcome.VISIT_60})
# What each comparison can be judged by.
OUTCOMES_BY_SUBJECT: Final[dict[str, frozenset[str]]] = {
    Subject.TEXT: _VISITS | {Outcome.FIRST_CALL},
    Subject.CALL_TIME: _VISITS | {Outcome.FIRST_CALL},
    Subject.OFFER_SIZE: _VISITS | {Outcome.OFFER_TAKEN},
}


@dataclass(frozen=True, slots=True)
class TrialDraft:
    """What is fixed before anybody is taken in."""

    title: str
    question: str
    ethics: str
    subject: Trial.Subject
    arms: dict[str, Any]
    outcome: Trial.Outcome
    size: int
    ends_on: date


def may_run_trials(user: User, site: Site) -> bool:
    """A manager of the site, or its audit interpreting physician."""
    if site.pk not in user.site_ids:
        return False
    is_physician = AuditPhysician.objects.filter(site=site, user=user).exists()
    return can_open_page(user, Page.AUDIT_PHYSICIAN) or is_physician


def draft_trial(site: Site, draft: TrialDraft, *, by: User) -> Trial:
    """Write the definition down. Raises ValidationError for one that could not be answered."""
    _check_person(by, site)
    if draft.outcome not in OUTCOMES_BY_SUBJECT[draft.subject]:
        raise ValidationError({"outcome": _("This comparison cannot be judged by that outcome.")})
    if not MIN_SIZE <= draft.size <= MAX_SIZE or draft.size % BLOCK:
        words = _("The number of recalls is a multiple of 4, from %(least)d to %(most)d.")
        raise ValidationError({"size": words % {"least": MIN_SIZE, "most": MAX_SIZE}})
    if draft.ends_on <= calendar.local_day(site, timezone.now()):
        raise ValidationError({"ends_on": _("The last day lies ahead.")})
    if draft.arms["a"] == draft.arms["b"]:
        raise ValidationError(_("The two arms are the same."))
    return Trial.objects.create(
        site=site, title=draft.title, question=draft.question, ethics=draft.ethics, subject=draft.subject,
        arms=draft.arms, outcome=draft.outcome, size=draft.size, ends_on=draft.ends_on,
        seed=secrets.randbelow(2**53), user=by, by=display_name(by),
    )  # fmt: skip


@transaction.atomic
def start_trial(trial: Trial, *, by: User) -> TrialStart:
    """The second person's yes. Raises ValidationError where it cannot start, PermissionDenied for who drafted it."""
    site = Site.objects.select_for_update(no_key=True, of=("self",)).get(pk=trial.site_id)  # two starts at once
    _check_person(by, site)
    if why := start_blocked_reason(trial, by):
        raise ValidationError(why)
    return TrialStart.objects.create(trial=trial, user=by, by=display_name(by))


def start_blocked_reason(trial: Trial, by: User) -> str:
    """The sentence that forbids it; empty where this person may start it now."""
    if TrialStart.objects.filter(trial=trial).exists() or TrialEnd.objects.filter(trial=trial).exists():
        return _("It was started or withdrawn already.")
    if trial.user_id == by.pk:
        return _("Whoever drafted it cannot start it: a colleague does.")
    if trial.ends_on <= calendar.local_day(trial.site, timezone.now()):
        return _("Its last day is over.")
    if Trial.objects.running().filter(site=trial.site_id, subject=trial.subject).exists():
        return _("Another trial of the same kind runs at this site.")
    return ""


def end_by_hand(trial: Trial, words: str, *, by: User) -> TrialEnd:
    """Stop what runs, or withdraw a draft; the reason is kept. Raises ValidationError where it has ended."""
    _check_person(by, trial.site)
    if not words.strip():
        raise ValidationError(_("Say why."))
    if TrialEnd.objects.filter(trial=trial).exists():
        raise ValidationError(_("It has ended already."))
    is_started = TrialStart.objects.filter(trial=trial).exists()
    reason = Reason.BY_HAND if is_started else Reason.WITHDRAWN
    return TrialEnd.objects.create(trial=trial, reason=reason, words=words.strip()[:500], user=by, by=display_name(by))


def _check_person(user: User, site: Site) -> None:
    if not may_run_trials(user, site):
        raise PermissionDenied(_("A manager of the site or its audit interpreting physician does this."))

"""Takes a recall into a running trial and says what its arm asks for.

The order of the arms follows from the trial's seed alone: each block of four holds two of either, shuffled. So the rows
can be proved afterwards, and nobody can choose an arm for a patient. Never taken in is a recall after a 4 or 5; one
that becomes so later gets the usual again at once.
"""

from random import Random
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from clinic import calendar
from clinic.models import Site
from clinic.queries.prepared import PreparedQuery
from recalls.enums import SUSPICIOUS_ASSESSMENTS, PartOfDay
from recalls.models import Recall, Trial, TrialEnd, TrialPlace

_BLOCK = "aabb"
_TRIES = 5  # others may take the same number at the same instant
_CALL_PARTS = {"a": PartOfDay.MORNING, "b": PartOfDay.AFTERNOON}


def running_trial(site: Site, subject: Trial.Subject) -> Trial | None:
    """The site's, of which there is one at most; read once for each instance of the site."""
    found: dict[str, Trial] | None = site.__dict__.get("_running_trials")
    if found is None:
        found = {trial.subject: trial for trial in _RUNNING.rows(site=site.pk)}
        site.__dict__["_running_trials"] = found
    return found.get(subject)


def _build_running(*, site: int) -> "QuerySet[Trial]":
    return Trial.objects.running().filter(site=site)


_RUNNING = PreparedQuery(_build_running)


def may_take_part(recall: Recall) -> bool:
    """Never after a 4 or 5, nor in a later round, where the patient knows the way already."""
    is_suspicious = recall.suspicious or recall.exam.assessment in SUSPICIOUS_ASSESSMENTS
    return recall.is_open and not (is_suspicious or recall.round)


def arm_of(seed: int, number: int) -> str:
    """The arm of the recall that is taken in with that number: "a" or "b"."""
    block, position = divmod(number, len(_BLOCK))
    arms = list(_BLOCK)
    Random(f"{seed}:{block}").shuffle(arms)  # noqa: S311  to be repeated from the seed, not to be secret
    return arms[position]


def take_in(trial: Trial, recall: Recall) -> TrialPlace | None:
    """The recall's place in that trial, a new one where it has none; None where it may not take part.

    Called with the recall's row locked or just made.
    """
    known = TrialPlace.objects.filter(recall=recall).first()
    if known is not None or not may_take_part(recall):
        return known if known is not None and known.trial_id == trial.pk and may_take_part(recall) else None
    if calendar.local_day(recall.site, timezone.now()) > trial.ends_on or TrialEnd.objects.filter(trial=trial).exists():
        return None  # stopped since the running ones were read
    for _attempt in range(_TRIES):
        number = TrialPlace.objects.filter(trial=trial).count()
        if number >= trial.size:
            return None
        arm = arm_of(trial.seed, number)
        part = _CALL_PARTS[arm] if trial.subject == Trial.Subject.CALL_TIME else ""
        try:
            with transaction.atomic():
                return TrialPlace.objects.create(trial=trial, recall=recall, number=number, arm=arm, call_part=part)
        except IntegrityError:
            known = TrialPlace.objects.filter(recall=recall).first()
            if known is not None:
                return known if known.trial_id == trial.pk else None
    return None


def choose_first_call(recall: Recall) -> None:
    """Of a recall that is to be called: take it into the site's trial of call times, if one runs."""
    trial = running_trial(recall.site, Trial.Subject.CALL_TIME)
    if trial is not None:
        take_in(trial, recall)


def offer_size(site: Site, recall: Recall, usual: int) -> int:
    """To how many a time of that site is offered at once, of whom this recall would gain most."""
    trial = running_trial(site, Trial.Subject.OFFER_SIZE)
    place = take_in(trial, recall) if trial is not None else None
    return int(arm_setting(trial, place)) if trial is not None and place is not None else usual


def arm_setting(trial: Trial, place: TrialPlace) -> Any:
    """What the arm of that place does."""
    return trial.arms[place.arm]
